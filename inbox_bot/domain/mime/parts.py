"""The parts of a mail: which of them is text to read, which encloses another mail, which is only a name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from itertools import islice
from typing import Self, cast

from inbox_bot.domain import html
from inbox_bot.domain.mime.decoding import cleaned, codec_of, decoded, transferred, unflowed, worded
from inbox_bot.domain.mime.frame import divide, header_fields, sections

_DEPTH = 20
_PARTS = 100
_NAME = 255  # characters of a file name
_FIELD = 2 * 1024  # characters of a field with parameters: the library reads them in quadratic time
_PAYLOAD = 512 * 1024  # bytes of one text part, as transferred

_GUESSED_BOUNDARY = re.compile(rb"^--(\S[^\n]{0,199}?)[ \t]*\nContent-", re.IGNORECASE | re.MULTILINE)
_META_CHARSET = re.compile(rb"<meta\s[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HTML_BEGINS = (b"<!doctype html", b"<html")
_ENCLOSING = frozenset({"message/rfc822", "message/global", "text/rfc822-headers"})
_FOR_PROGRAMS = frozenset({"calendar", "csv", "css", "directory", "rtf", "vcard", "x-amp-html", "x-vcard"})


@dataclass(frozen=True, slots=True)
class Entity:
    """A body and the fields that say what it is. cut: the mail was fetched only up to somewhere inside this body."""

    fields: dict[str, str]
    body: bytes
    cut: bool

    @classmethod
    def of(cls, fields: Sequence[tuple[str, str]], body: bytes, *, cut: bool) -> Self:
        """Keep the first field of each name."""
        return cls(dict(reversed(fields)), body, cut)


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one part. html: it was HTML. cut: there is more of it than was read."""

    text: str
    html: bool
    cut: bool


@dataclass(slots=True)
class Findings:
    """What is met on the way through the parts, in order; html: characters of HTML that may still be read."""

    types: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    problems: dict[str, None] = field(default_factory=dict)
    parts: int = 0
    html: int = html.LIMIT


def pieces_of(
    entity: Entity, found: Findings, default: str = "text/plain", depth: int = 0, *, enclosed: bool = False
) -> list[Piece]:
    """Return the texts to read of an entity, in order, and note in `found` what else it holds.

    default: the content type if none is given (RFC 2046 section 5.1.5). enclosed: inside another mail's message part.
    """
    content_type, parameters = _content_type(entity, default)
    disposition, name = _disposition(entity, parameters)
    found.parts += 1
    if not enclosed:
        found.types.append(content_type)
    if name:
        found.names.append(name[:_NAME])
    kind, _, subtype = content_type.partition("/")
    if kind == "multipart":
        return _multipart(entity, found, parameters.get("boundary", ""), subtype, depth, enclosed=enclosed)
    if content_type in _ENCLOSING:
        _enclosed(entity, found, depth)
        return []
    attached = disposition == "attachment" and depth > 0
    readable = kind == "text" or content_type == "application/xhtml+xml"
    if attached or not readable or subtype in _FOR_PROGRAMS:
        return []
    return _text(entity, found, parameters, subtype)


def _multipart(
    entity: Entity, found: Findings, boundary: str, subtype: str, depth: int, *, enclosed: bool
) -> list[Piece]:
    """Return the texts of the parts of a multipart; of an alternative, those to read."""
    if depth >= _DEPTH:
        found.problems["depth"] = None
        return []
    parts = list(islice(sections(entity.body, boundary.encode()), _PARTS)) if boundary else []
    if not parts:
        found.problems["boundary"] = None
        guess = _GUESSED_BOUNDARY.search(entity.body)
        parts = list(islice(sections(entity.body, guess[1]), _PARTS)) if guess else []
    if not parts:
        return _text(entity, found, {}, "plain")
    default = "message/rfc822" if subtype == "digest" else "text/plain"
    pieces: list[Piece] = []
    for block, body, ended in parts:
        if found.parts >= _PARTS:
            found.problems["parts"] = None
            break
        fields, stray = header_fields(block, found.problems)
        part = Entity.of(fields, stray + b"\n\n" + body if stray else body, cut=entity.cut and not ended)
        pieces += pieces_of(part, found, default, depth + 1, enclosed=enclosed)
    return _preferred(pieces) if subtype == "alternative" else pieces


def _preferred(pieces: Sequence[Piece]) -> list[Piece]:
    """Choose from an alternative: the plain text, unless it only points to the HTML; both, if that says much more."""
    plain = [piece for piece in pieces if not piece.html]
    rich = [piece for piece in pieces if piece.html]
    said, shown = ("".join(piece.text for piece in group).strip() for group in (plain, rich))
    if shown and (not said or (len(said) < 400 and "html" in said.lower())):
        return rich
    return [*plain, *rich] if len(shown) > 2 * len(said) + 200 else plain


def _enclosed(entity: Entity, found: Findings, depth: int) -> None:
    """Read an enclosed message: its Subject line and its text are forwarded text."""
    if depth >= _DEPTH:
        found.problems["depth"] = None
        return
    place = len(found.forwarded)
    found.forwarded.append("")
    block, body = divide(_payload(entity, found))
    fields, stray = header_fields(block, found.problems)
    inner = Entity.of(fields, body, cut=entity.cut)
    subject = cleaned(worded(inner.fields.get("subject", "")), " ").strip()
    pieces = pieces_of(inner, found, depth=depth + 1, enclosed=True)
    texts = [
        f"Subject: {subject}" if subject else "",
        cleaned(decoded(stray)).strip(),
        *(piece.text for piece in pieces),
    ]
    found.forwarded[place] = "\n\n".join(filter(None, texts))


def _text(entity: Entity, found: Findings, parameters: dict[str, str], subtype: str) -> list[Piece]:
    """Return the text of a part, if there is any."""
    payload = _payload(entity, found)
    is_html = "html" in subtype or payload[:200].lstrip().lower().startswith(_HTML_BEGINS)
    charset = parameters.get("charset", "")
    if is_html and not charset and (meta := _META_CHARSET.search(payload[:4096])):
        charset = meta[1].decode("ascii", "replace")
    if charset and codec_of(charset) is None:
        found.problems["charset"] = None
    text = cleaned(decoded(payload, charset))
    cut = entity.cut or len(entity.body) > _PAYLOAD
    if is_html:
        cut = cut or len(text) > found.html
        source, found.html = text[: found.html], max(found.html - len(text), 0)
        text = html.text_of(source)
    elif parameters.get("format", "").lower() == "flowed":
        text = unflowed(text, delete_space=parameters.get("delsp", "").lower() == "yes")
    text = text.strip("\n")
    return [Piece(text, is_html, cut)] if text.strip() or cut else []


def _payload(entity: Entity, found: Findings) -> bytes:
    encoding = entity.fields.get("content-transfer-encoding", "")
    return transferred(entity.body[:_PAYLOAD], encoding, found.problems)


def _content_type(entity: Entity, default: str) -> tuple[str, dict[str, str]]:
    """Return the lowercased content type and its parameters."""
    library = Message()  # policy compat32: the newer ones raise on odd values
    library["Content-Type"] = cleaned(entity.fields.get("content-type", "")[:_FIELD], " ").strip() or default
    return library.get_content_type(), _parameters(library)


def _disposition(entity: Entity, parameters: dict[str, str]) -> tuple[str, str]:
    """Return the lowercased disposition (RFC 2183) and the file name, wherever it stands."""
    value = cleaned(entity.fields.get("content-disposition", "")[:_FIELD], " ")
    library = Message()
    library["Content-Type"] = value
    return value.partition(";")[0].strip().lower(), _parameters(library).get("filename") or parameters.get("name", "")


def _parameters(library: Message) -> dict[str, str]:
    """Return the parameters of the library's Content-Type, decoded by RFC 2231, or by RFC 2047 as many do."""
    parameters: dict[str, str] = {}
    try:
        found = library.get_params(failobj=[])
    except (TypeError, ValueError, LookupError):
        found = []  # `name*` beside `name*0`, as a cut leaves behind: the library sorts None among numbers
    pairs = cast("list[tuple[str, str | tuple[str | None, str | None, str]]]", found)
    for name, given in pairs[1:]:
        value = (
            worded(given) if isinstance(given, str) else decoded(given[2].encode("latin-1", "replace"), given[0] or "")
        )
        parameters.setdefault(name.lower(), cleaned(value, " ").strip())
    return parameters
