"""Where each key of a TOML text stands: tomllib keeps no lines, and a fault without its line is a riddle."""

import re
import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
# Up to two quotes may stand right before the three that close a multi-line string.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")
_KEY_PART = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')[ \t]*""")


def positions(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every table, key and array entry of a TOML 1.0 text (toml.io/en/v1.0.0).

    A path holds keys and, inside arrays, indexes from 0. The text must be one that tomllib has read without
    complaint: the scan relies on it and checks nothing again.
    """
    return _Scan(text.replace("\r\n", "\n")).document()


class _Scan:
    """One walk over a valid text. `at` is always the offset of the next character to read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._lines: dict[KeyPath, int] = {}
        self._elements: dict[KeyPath, int] = {}  # arrays of tables: how many [[headers]] so far

    def document(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._next():
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _next(self) -> str:
        """The next character that means something; empty at the end."""
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match, "the text is valid TOML"  # noqa: S101 -- what the caller promised
        self._at = match.end()
        return match[match.lastindex or 0]

    def _mark(self, path: KeyPath, line: int) -> None:
        """A table is where its own header stands, else where its first key does."""
        for end in range(1, len(path)):
            self._lines.setdefault(path[:end], line)
        self._lines[path] = line

    def _line(self) -> int:
        return bisect_right(self._starts, self._at)

    def _key(self) -> tuple[str, ...]:
        parts = [_decoded(self._take(_KEY_PART))]
        while self._text[self._at] == ".":
            self._at += 1
            parts.append(_decoded(self._take(_KEY_PART)))
        return tuple(parts)

    def _header(self) -> KeyPath:
        line, many = self._line(), self._text.startswith("[[", self._at)
        self._at += 2 if many else 1
        *above, last = self._key()
        self._at += 2 if many else 1
        path: KeyPath = (*self._resolved(tuple(above)), last)
        if many:
            index = self._elements.get(path, 0)
            self._elements[path] = index + 1
            path = (*path, index)
        self._mark(path, line)
        return path

    def _resolved(self, parts: tuple[str, ...]) -> KeyPath:
        """The path of a header below arrays of tables: each stands for its latest element."""
        path: KeyPath = ()
        for part in parts:
            path = (*path, part)
            if path in self._elements:
                path = (*path, self._elements[path] - 1)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table + self._key()
        self._mark(path, line)
        self._at += 1
        self._next()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._take(_STRING)
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._next() != "]":
            self._mark((*path, index), self._line())
            self._value((*path, index))
            index += 1
            if self._next() == ",":
                self._at += 1
        self._at += 1

    def _inline(self, table: KeyPath) -> None:
        self._at += 1
        while self._next() != "}":
            self._pair(table)
            if self._next() == ",":
                self._at += 1
        self._at += 1


def _decoded(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return str(tomllib.loads(f"key = {key}")["key"])
