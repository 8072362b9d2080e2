"""Bytes to text: character sets, transfer encodings, encoded words. Nothing here raises, whatever the sender did."""

import binascii
import codecs
import re
import string
from encodings.aliases import aliases
from itertools import islice

_BLOCKS = 20_000  # of base64, each ended by padding
_JUNK = bytes(set(range(256)) - set(f"{string.ascii_letters}{string.digits}+/".encode()))
_WORD = re.compile(r"=\?([\w.:+-]{1,60})(?:\*[\w-]{0,20})?\?([bq])\?((?:(?!\?=|=\?[^=]).)*+)\?=", re.IGNORECASE)
_DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")

# Only the codecs named here are asked for: for any other name Python tries to import a module, and never forgets it.
_NO_TEXT = {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "mbcs"}
_CODECS = {
    **{codec: codec for codec in aliases.values()},
    **aliases,
    "iso_8859_8_i": "iso8859_8",
    "koi8_u": "koi8_u",
    "sjis": "cp932",
    "unicode_1_1_utf_7": "utf_7",
    "utf8mb4": "utf_8",
    "utf_8_sig": "utf_8_sig",
    "windows_31j": "cp932",
    "windows_874": "cp874",
}
# What is really sent under a name: WHATWG Encoding Standard section 4.2.
_SUPERSETS = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}


def codec_of(charset: str) -> str | None:
    """Return Python's codec for a charset as named in mail; None if there is none, or none that makes text."""
    name = re.sub(r"[^a-z0-9]+", "_", charset[:60].lower()).strip("_")
    codec = _CODECS.get(name) or _CODECS.get(name.removeprefix("x_"))
    return None if codec is None or codec in _NO_TEXT else _SUPERSETS.get(codec, codec)


def decoded(data: bytes, charset: str = "") -> str:
    """Decode by the charset if it fits, else as UTF-8, else by what is nearest; a character cut at the end is dropped.

    Almost any bytes fit cp1252, so UTF-8 goes before it: what happens to be UTF-8 is UTF-8.
    """
    declared = codec_of(charset) or "cp1252"
    if declared.startswith(("utf_16", "utf_32")) and b"\0" not in data:
        declared = "cp1252"  # ASCII, or UTF-8, under a wrong name
    for codec in ("utf_8",) if declared == "cp1252" else (declared, "utf_8"):
        try:
            return codecs.getincrementaldecoder(codec)().decode(data)
        except ValueError:
            continue
    loose = data.decode("utf-8", "replace")
    mostly = len(data) - len(loose) > 2 * loose.count("\ufffd")  # many more characters of several bytes than faults
    return loose if mostly else data.decode("cp1252", "replace")


def cleaned(text: str, line_end: str = "\n") -> str:
    """Return `text` without lone surrogates and control characters, line ends of any kind made `line_end`."""
    return _LINE_END.sub(line_end, _DROPPED.sub("", text))


def worded(value: str) -> str:
    """Decode the encoded words of a header value (RFC 2047); a character split between two of them is mended."""
    parts: list[str] = []
    charset, data, place = "", bytearray(), 0
    for word in _WORD.finditer(value):
        gap = value[place : word.start()]
        follows = place > 0 and not gap.strip()
        if not follows or charset != word[1].lower():
            parts += [decoded(bytes(data), charset), "" if follows else gap]
            charset, data = word[1].lower(), bytearray()
        encoded = word[3].encode("utf-8", "replace")
        data += unbase64(encoded) if word[2] in "bB" else binascii.a2b_qp(encoded, header=True)
        place = word.end()
    return "".join([*parts, decoded(bytes(data), charset), value[place:]])


def transferred(data: bytes, encoding: str, problems: dict[str, None]) -> bytes:
    """Undo a transfer encoding (RFC 2045 section 6), whatever is wrong with it. A uuencoded file leaves nothing."""
    encoding = encoding.lower()
    if "quoted" in encoding:
        return binascii.a2b_qp(re.sub(rb"=[ \t]+\n", b"=\n", data))
    if "uu" in encoding and data.lstrip().startswith(b"begin "):
        return b""
    if "base64" not in encoding:
        return data
    if b" " in data.lstrip()[:80].split(b"\n", 1)[0].strip():
        problems["encoding"] = None  # plain text that says it is base64
        return data
    return unbase64(data)


def unbase64(data: bytes) -> bytes:
    """Decode base64 that may be cut, or padded in its middle; what follows a padding and is not base64 is dropped."""
    whole = bytearray()
    for number, block in enumerate(islice(re.split(rb"=+", data), _BLOCKS)):
        kept = block.translate(None, _JUNK)
        if number and len(kept) != len(block.translate(None, b"\n")):
            break
        whole += binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")
    return bytes(whole)


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the lines of format=flowed (RFC 3676 section 4) to paragraphs, each of one quote depth."""
    paragraphs: list[tuple[int, list[str]]] = []
    flowing = False
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        if not flowing or paragraphs[-1][0] != depth or bare == "-- ":
            paragraphs.append((depth, []))
        flowing = bare.endswith(" ") and bare != "-- "
        paragraphs[-1][1].append(bare[:-1] if flowing and delete_space else bare)
    return "\n".join(
        ("> " if depth == 1 else f"{'>' * depth} " if depth else "") + "".join(parts) for depth, parts in paragraphs
    )
