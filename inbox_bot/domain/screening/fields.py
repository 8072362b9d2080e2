"""The header of a mail as the most suspicious reader would see it.

A parser gives up, or skips, where a header is malformed; a sender can use that to hide a field from us which another
program honours. So the raw block is read once more here, forgivingly, and both readings count.
"""

import re
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from inbox_bot.domain.message import Identity, InboundMessage

Fields: TypeAlias = tuple[tuple[str, str], ...]

_BREAK = re.compile(r"\r\n|[\r\n\v\f]")
_NOT_IN_NAMES = re.compile(r"[^!-9;-~]+")  # RFC 5322 section 3.6.8: ftext
_CONTROL = bytes((*range(9), *range(14, 32), 127))
_COMMENT_PARTS = re.compile(r'\\.|["()]|[^\\"()]+|\\', re.DOTALL)


def scan(block: bytes) -> Fields:
    """Every (lowercased name, unfolded value) of a raw header block, in order, in one linear pass.

    Read as fields although no standard says so: names with blanks, NUL or non-ASCII bytes in or around them, names
    folded over two lines, what follows a bare CR, and what follows words that are no field.
    """
    return tuple(field for line in _unfolded(block) for field in _fields_of(line))


def without_comments(value: str) -> tuple[str, bool]:
    """The value less its comments (RFC 5322 section 3.2.2), and whether all brackets and quotes were closed."""
    kept: list[str] = []
    depth, quoted = 0, False
    for part in _COMMENT_PARTS.findall(value):
        if part == '"' and not depth:
            quoted = not quoted
        elif part == "(" and not quoted:
            depth += 1
        if not depth:
            kept.append(part)
        if part == ")" and not quoted and depth:
            depth -= 1
            kept.append(" ")
    return "".join(kept), not depth and not quoted


@dataclass(frozen=True, slots=True)
class View:
    """All that a rule may look at: the mail, who we are, and both readings of the header.

    scanned: by `scan`, in order. parsed: as `message.headers`, decoded. seen: the union, each (name, value) once.
    """

    message: InboundMessage
    identity: Identity | None
    scanned: Fields
    parsed: Fields
    seen: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, message: InboundMessage, identity: Identity | None) -> "View":
        """Read the header both ways."""
        scanned = scan(message.header_block)
        parsed = tuple((_name(name), _clean(value)) for name, value in message.headers)
        return cls(message, identity, scanned, parsed, frozenset(chain(scanned, parsed)))

    @property
    def in_order(self) -> Fields:
        """The fields top down: the scan where there is a raw block, else what was parsed."""
        return self.scanned or self.parsed

    def all(self, *names: str) -> tuple[str, ...]:
        """Every distinct value of these fields, in no order."""
        return tuple(value for name, value in self.seen if name in names)

    def count(self, name: str) -> int:
        """How often the field occurs, in the reading that finds it more often."""
        return max(sum(key == name for key, _ in fields) for fields in (self.scanned, self.parsed))


def _unfolded(block: bytes) -> list[str]:
    """Logical lines: each with its continuations (RFC 5322 section 2.2.3)."""
    lines: list[list[str]] = []
    for line in _BREAK.split(block.translate(None, _CONTROL).decode("utf-8", "replace")):
        if line[:1] in (" ", "\t") and lines:
            lines[-1].append(line)
        elif line:
            lines.append([line])
    return ["".join(parts) for parts in lines]


def _fields_of(line: str) -> Fields:
    """The field on this line; two readings where the name holds blanks: glued together, and the last word alone."""
    before, colon, value = line.lstrip(": \t").partition(":")
    if not colon:
        return ()
    words = before.split()
    readings = words if len(words) == 1 else ["".join(words), *words[-1:]]
    return tuple((_name(reading), _clean(value)) for reading in readings)


def _name(text: str) -> str:
    return _NOT_IN_NAMES.sub("", text).lower()


def _clean(value: str) -> str:
    return " ".join(value.split())
