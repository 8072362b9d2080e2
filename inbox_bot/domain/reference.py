"""References such as DSR-26-7F3K7: short enough for the telephone, and a slip of the pen is noticed.

Two digits of the year, four random characters of Crockford's base 32, one check character: the weighted sum of the six
digits before it, modulo the prime 31. It notices any single wrong character and any swap of neighbours (but 0 and Z,
which are the same modulo 31).
"""

import re
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SPOKEN = str.maketrans("OIL", "011")
_SHAPE = re.compile(r"DSR-?(\d\d)-?([0-9A-Z]{5})", re.ASCII)


def _check(year: str, body: str) -> str:
    total = sum(weight * ALPHABET.index(symbol) for weight, symbol in enumerate(year + body, start=1))
    return ALPHABET[total % 31]


def draw(year: int, choose: Callable[[str], str]) -> str:
    """A new reference. choose: picks one character of a string at random."""
    digits = f"{year % 100:02}"
    body = "".join(choose(ALPHABET) for _ in range(4))
    return f"DSR-{digits}-{body}{_check(digits, body)}"


def parse(text: str) -> str | None:
    """The reference a person typed (any case, O for 0, I or L for 1, hyphens forgotten), or None if it is none."""
    match = _SHAPE.fullmatch(text.strip().upper())
    if match is None:
        return None
    digits, tail = match[1], match[2].translate(_SPOKEN)
    if any(symbol not in ALPHABET for symbol in tail) or _check(digits, tail[:4]) != tail[4]:
        return None
    return f"DSR-{digits}-{tail}"


def find(text: str) -> tuple[str, ...]:
    """Every valid reference that stands in a text, in order, each once."""
    found = (parse(match[0]) for match in _SHAPE.finditer(text.upper()))
    return tuple(dict.fromkeys(reference for reference in found if reference))
