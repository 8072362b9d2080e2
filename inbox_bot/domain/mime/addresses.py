"""Mailboxes and message identifiers in header values (RFC 5322 sections 3.4 and 3.6.4).

Not by email.utils.getaddresses: in Python 3.11 it has no strict mode and reads `alice@example.org)bob@example.net` as
somebody's address. What can be read in two ways is not read here at all.
"""

import re
from collections.abc import Iterable, Sequence

from inbox_bot.domain.message import Address
from inbox_bot.domain.mime.decoding import cleaned, worded

_LONGEST = 1000  # characters of what is kept whole
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*+"|=\?[^?\s]{1,60}\?[bq]\?[^?\s]*+\?=|\\.|[^"\\(),:;<>=]++|.', re.IGNORECASE | re.DOTALL
)
_SPEC = r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+"
_BARE = re.compile(rf"({_SPEC})(?:\s*\(([^()]*)\))?")
_NAMED = re.compile(rf'((?:"(?:[^"\\]|\\.)*+"|[^"<>@\\])*+)<\s*({_SPEC})\s*>')
_TWICE = re.compile(rf"({_SPEC})\s*<\s*({_SPEC})\s*>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_APART = re.compile(r"[\s<>()\[\],;:\"\\]+")
_IDENTIFIER = re.compile(r"<[^<>\s]{1,900}>")


def mailboxes(values: Iterable[str]) -> tuple[Address, ...]:
    """Return the mailboxes in raw address header values; what is ambiguous, whole and raw as the address of one."""
    return tuple(_mailbox(text) for value in values for text in _separated(value) if text.strip())


def mentioned(values: Sequence[str]) -> tuple[str, ...]:
    """Return whatever looks like an address, lowercased: to see whether we are among them, no more."""
    return tuple(word.lower() for value in values for word in _APART.split(value) if "@" in word.strip("@"))


def identifiers(value: str) -> tuple[str, ...]:
    """Return the message identifiers in a header value, in angle brackets even where the sender forgot them."""
    return tuple(_IDENTIFIER.findall(value)) or tuple(
        f"<{word}>" for word in _APART.split(value) if "@" in word.strip("@")
    )


def _separated(value: str) -> list[str]:
    """Separate a list of mailboxes at its commas, its groups opened; the whole value as one if brackets are wrong."""
    members = [""]
    comment, angle, group, sound = 0, False, False, True
    for word in _TOKEN.findall(value):
        comment += (word == "(") - (word == ")")
        sound = sound and comment >= 0 and word != '"'
        if not comment and word in {"<", ">"}:
            sound = sound and angle == (word == ">")
            angle = word == "<"
        if comment or angle or word not in {",", ":", ";"}:
            members[-1] += word
        elif word == ":":
            sound = sound and not group
            members[-1], group = "", True
        else:
            sound = sound and (group or word == ",")
            members.append("")
            group = group and word == ","
    return members if sound and not (comment or angle or group) else [value]


def _mailbox(text: str) -> Address:
    """Read one mailbox: `address`, `address (name)`, `name <address>`, `address <the same>`; the rest stays whole."""
    text = text.strip()
    if (twice := _TWICE.fullmatch(text)) and twice[1].strip("'").lower() == twice[2].lower():
        return Address(_display(twice[1]), _normal(twice[2]))
    if named := _NAMED.fullmatch(text):
        return Address(_display(named[1]), _normal(named[2]))
    if bare := _BARE.fullmatch(text):
        return Address(_display(bare[2] or ""), _normal(bare[1]))
    return Address("", cleaned(text, " ")[:_LONGEST])


def _display(name: str) -> str:
    """Return a display name as a reader sees it."""
    bare = _QUOTED.sub(lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), name)
    return " ".join(cleaned(worded(bare), " ").split())


def _normal(address: str) -> str:
    """Return the address with its domain lowercased: whether case counts before it, only its server knows."""
    local, _, domain = cleaned(address, "").rpartition("@")
    return f"{local}@{domain.lower()}"
