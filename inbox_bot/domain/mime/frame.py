"""The frame of a mail: header block and body, header fields, the sections of a multipart. All linear and capped."""

import re
from collections.abc import Iterator

from inbox_bot.domain.mime.decoding import decoded

_FIELD = 8 * 1024  # bytes of one header field
_BLOCK = 64 * 1024  # bytes of a header block

_BLANK_LINE = re.compile(rb"(?>\r{0,2}\n|\r)(?>\r{0,2}\n|\r)")
_FIELD_LINE = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.DOTALL)
_KNOWN = re.compile(
    rb"^(?:from|to|subject|date|received|return-path|message-id|mime-version|content-type)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)


def divide(raw: bytes) -> tuple[bytes, bytes]:
    """Return the header block as it is, at most 64 KB of it, and the body with line ends made LF.

    Lines may end in CRLF, LF, CR or CRCRLF. A first block of garbage belongs to the header if what follows it can be
    nothing but the header.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    end = _BLANK_LINE.search(raw)
    if end and not _KNOWN.search(_lf(raw[: end.start()][:_BLOCK])):
        behind = _BLANK_LINE.search(raw, end.end())
        block = raw[end.end() : behind.start() if behind else None]
        end = behind if len(_KNOWN.findall(_lf(block[:_BLOCK]))) > 1 else end
    if end is None:
        return raw[:_BLOCK], b""
    return raw[: end.start()][:_BLOCK], _lf(raw[end.end() :])


def _lf(data: bytes) -> bytes:
    """Return `data` with its line ends made LF."""
    return data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def header_fields(block: bytes, problems: dict[str, None]) -> tuple[list[tuple[str, str]], bytes]:
    """Return (lowercased name, unfolded value) of each field (RFC 5322 section 2.2), and the lines that are none.

    Garbage hides no field behind it, nor does a blank before the colon; the envelope lines of mbox files are dropped.
    """
    fields: list[tuple[str, bytearray]] = []
    stray: list[bytes] = []
    value = bytearray()
    for line in _lf(block).split(b"\n"):
        folded = line.startswith((b" ", b"\t"))
        if not folded and (start := _FIELD_LINE.fullmatch(line)):
            value = bytearray(start[2])
            fields.append((start[1].decode("ascii").lower(), value))
        elif folded and fields:
            value += line
        elif line.strip() and not line.startswith((b"From ", b">From ")):
            stray.append(line)
        if len(value) > _FIELD:
            del value[_FIELD:]
            problems["header_size"] = None
    if stray:
        problems["garbage_header"] = None
    if len(block) >= _BLOCK:
        problems["headers_size"] = None
    return [(name, decoded(bytes(value)).strip()) for name, value in fields], b"\n".join(stray)


def sections(body: bytes, boundary: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield header block and body of each part between the delimiter lines (RFC 2046 section 5.1.1), and if it ended.

    The end of a multipart is not believed: another delimiter line behind it begins another part.
    """
    data, delimiter = b"\n" + body, b"\n--" + boundary
    start, place = -1, data.find(delimiter)
    while place >= 0:
        behind = place + len(delimiter)
        line_end = data.find(b"\n", behind)
        rest = data[behind : line_end if line_end >= 0 else None].strip()
        if rest in {b"", b"--"}:
            if start >= 0:
                yield *_halves(data[start:place]), True
            start = -1 if rest or line_end < 0 else line_end
        place = data.find(delimiter, behind)
    if start >= 0:
        yield *_halves(data[start:]), False


def _halves(section: bytes) -> tuple[bytes, bytes]:
    """Divide a part that begins with the end of its delimiter line: without a header, a blank line comes at once."""
    block, _, body = section.partition(b"\n\n")
    return block[:_BLOCK], body
