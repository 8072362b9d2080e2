"""The line of every key: what a fault in the configuration is told with."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.config.positions import positions


def test_lines_are_found_through_every_form_that_toml_has() -> None:
    text = (
        'a = 1  # [no]\r\n"b c".d.\'e\' = """\nx = 1\n\\""" "\n[no]"""""\n'
        "[t . \"u\"]\nk = ['''\n#''', # ]\n  { x = \"}\", y = [\n  1] },\n]\n"
        "[[t.u.v]]\n[t.u.v.w]\n[[t.u.v]]\nz=1979-05-27 07:32:00Z\n"
    )
    found = positions(text)
    assert tomllib.loads(text)["t"]["u"]["v"][1]["z"]
    expected: dict[tuple[str | int, ...], int] = {
        ("a",): 1, ("b c",): 2, ("b c", "d", "e"): 2, ("t", "u"): 6, ("t", "u", "k"): 7, ("t", "u", "k", 0): 7,
        ("t", "u", "k", 1): 9, ("t", "u", "k", 1, "x"): 9, ("t", "u", "k", 1, "y", 0): 10, ("t", "u", "v", 0): 12,
        ("t", "u", "v", 0, "w"): 13, ("t", "u", "v", 1): 14, ("t", "u", "v", 1, "z"): 15,
    }  # fmt: skip
    assert {path: found.get(path) for path in expected} == expected


class Toml:
    """Writes a random TOML text and remembers the line of every path in it."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw, self.text, self.lines, self.count = data.draw, "", dict[tuple[str | int, ...], int](), 0

    def mark(self, path: tuple[str | int, ...]) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def key(self) -> str:
        self.count += 1
        name, style = self.draw(st.sampled_from([("k", "{}"), ("k.#", '"{}"'), ("k = [", "'{}'"), ('"', "'{}'")]))
        name += str(self.count)
        self.name = name
        return style.format(name)

    def pair(self, path: tuple[str | int, ...], depth: int) -> None:
        key, start = self.key(), path
        self.mark((*start, self.name))
        inner = (*start, self.name)
        if self.draw(st.booleans()):
            key += " . " + self.key()
            inner = (*inner, self.name)
            self.mark(inner)
        self.text += f"{key} = "
        self.value(inner, depth)

    def value(self, path: tuple[str | int, ...], depth: int) -> None:
        gap = st.sampled_from(["", " ", "\n", " # ] } \" '\n\n"])
        match self.draw(st.sampled_from(["plain", "array", "inline"] if depth else ["plain"])):
            case "plain":
                self.text += self.draw(
                    st.sampled_from(['"\\"#]"', "'\\'", '"""\n[x]\n\\"""a=1"""', "'''\n'a''''", "-1.5e3", '""'])
                )
            case "array":
                self.text += "["
                for index in range(self.draw(st.integers(0, 3))):
                    self.text += self.draw(gap)
                    self.mark((*path, index))
                    self.value((*path, index), depth - 1)
                    self.text += self.draw(gap) + ","
                self.text += self.draw(gap) + "]"
            case "inline":
                self.text += "{ "
                for index in range(self.draw(st.integers(0, 2))):
                    self.text += ", " if index else ""
                    self.pair(path, depth - 1)
                self.text += " }"


@given(st.data())
def test_every_key_of_any_text_is_found_at_its_line(data: st.DataObject) -> None:
    toml = Toml(data)
    table: tuple[str, ...] = ()
    for _ in range(data.draw(st.integers(0, 6))):
        toml.text += data.draw(st.sampled_from(["", "\n", "# [x]\n", "  "]))
        if data.draw(st.booleans()):
            toml.pair(table, 2)
        else:
            key = toml.key()
            table = (toml.name,)
            toml.mark(table)
            toml.text += f"[ {key} ]"
        toml.text += data.draw(st.sampled_from(["\n", " # x\n"]))
    tomllib.loads(toml.text)
    assert positions(toml.text) == toml.lines
