"""The kinds of value an option can have: how each is written, what is refused and with which remedy."""

import difflib
import ipaddress
import os
import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo
from pydantic_core import PydanticCustomError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@)({_ATOMS}(?:\.{_ATOMS})*)@((?:{_LABEL}\.)+{_LABEL}|localhost)", re.ASCII)
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
_KEPT = 'say where it is kept: "credential:NAME", "file:PATH", "env:NAME" or "command:LINE"'
SECRET_SCHEMES = ("credential", "file", "env", "command")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file's values lean on. folder: where relative paths start, absolute."""

    folder: Path
    environ: Mapping[str, str]

    @property
    def home(self) -> Path:
        """The folder that ~ stands for."""
        return Path(self.environ.get("HOME") or Path.home())


def surroundings(info: ValidationInfo) -> Surroundings:
    """The surroundings of the file being read."""
    return info.context if isinstance(info.context, Surroundings) else Surroundings(Path.cwd(), os.environ)


def fault(what: str, remedy: str = "") -> PydanticCustomError:
    """A refusal in our own words: `what` is a clause without its key, `remedy` a sentence without its full stop."""
    return PydanticCustomError("ours", "{what}", {"what": what, "remedy": remedy})


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` for the closest known word, its case ignored; empty if none is close."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f'did you mean "{by_lower[close[0]]}"?' if close else ""


def _plain(text: str, *, allowed: str = "") -> str:
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"} for char in text if char not in allowed):
        raise fault("holds a line break or a control character", "keep it on one line")
    return text.strip()


def _filled(text: str) -> str:
    if not text:
        raise fault("is empty")
    return text


def checked_address(text: str) -> str:
    """`local@domain` (RFC 5321 section 4.1.2 without quoted local parts), its domain in lower case."""
    match = _ADDRESS.fullmatch(text)
    if not text.isascii():
        raise fault(f'"{text}" has letters outside ASCII', "write an international domain in its xn-- form")
    if not match or len(text) > 254:
        raise fault(f'"{text}" is no mail address', 'write the bare address: "name@example.org"')
    return f"{match[1]}@{match[2].lower()}"


def _host(text: str) -> str:
    if _is_ip(text) or (_HOST.fullmatch(text) and len(text) <= 253):
        return text.lower()
    if re.fullmatch(r".+://.*|[^:]+:\d+", text):
        raise fault(f'"{text}" is more than a name', "give only the server's name here; its port goes to `port`")
    raise fault(f'"{text}" is no server name', 'write it like "imap.example.org"')


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself: 127.0.0.0/8 (RFC 1122 3.2.1.3), ::1 (RFC 4291 2.5.3), localhost."""
    return ipaddress.ip_address(host).is_loopback if _is_ip(host) else host == "localhost"


def _duration(value: object) -> object:
    match = re.fullmatch(r"(\d{1,6})([smhdw])", value, re.ASCII) if isinstance(value, str) else None
    if not match:
        raise fault("is no duration", 'write a whole number and its unit: "90s", "2m", "1h", "7d" or "4w"')
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _spelled_duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    unit = next((unit for unit in "dhm" if seconds and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"


def _clock(value: object) -> object:
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value, re.ASCII) if isinstance(value, str) else None
    if not match:
        raise fault("is no time of day", 'write hours and minutes in quotes: "08:00"')
    return time(int(match[1]), int(match[2]))


def _path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str) or not value:
        raise fault("is no path", 'write it in quotes: "/etc/inbox-bot/ca.pem"')
    return _absolute(_plain(value), surroundings(info))


def _absolute(text: str, around: Surroundings) -> Path:
    if text == "~" or text.startswith("~/"):
        return around.home / text[2:]
    return around.folder / text


def _existing(value: object, info: ValidationInfo, *, folder: bool) -> object:
    if value == "":
        return None
    path = _path(value, info)
    if not isinstance(path, Path) or not (path.is_dir() if folder else path.is_file()):
        raise fault(f"names no {'folder' if folder else 'file'}: {path}", "correct the path, or leave the line out")
    return path


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" alone is a folder of the database
        remedy = nearest(name, available_timezones()) or 'write a name of the IANA list: "Europe/London"'
        raise fault(f'"{name}" is no time zone known here', remedy) from None
    return name


def _url(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s<>\"]+", text):
        raise fault("is no web address", 'write it in full: "https://example.org/"')
    return text


def _secret(text: str, info: ValidationInfo) -> str:
    """A pointer to a secret, never the secret. Whatever is refused here may be one, so it is never repeated."""
    scheme, colon, rest = _plain(text).partition(":")
    if not colon or scheme not in SECRET_SCHEMES:
        hint = difflib.get_close_matches(scheme, SECRET_SCHEMES, n=1) if colon else []
        did_you_mean = f' (did you mean "{hint[0]}:"?)' if hint else ""
        raise fault("stands in the file itself", f"take it out, change it, and {_KEPT}{did_you_mean}")
    if scheme == "file" and rest:
        return f"file:{_absolute(rest, surroundings(info))}"
    if not rest or (scheme != "command" and not re.fullmatch(r"[A-Za-z0-9_.@-]+", rest)):
        raise fault(f'names nothing usable after "{scheme}:"', _KEPT)
    if scheme == "command":
        _checked_command(rest)
    return f"{scheme}:{rest}"


def _checked_command(line: str) -> None:
    try:
        words = shlex.split(line)
    except ValueError:
        words = []
    if not words:
        raise fault("is a command that cannot be read", "close its quotes; it runs without a shell")


def _descending(days: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(days), reverse=True))


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise fault(f'names "{twice}" twice', "name it once")
    return names


def _spelled_path(path: Path | None) -> str:
    return str(path or "")


# Lines go into mail headers and letters: a line break there would be an injected header.
OptionalLine = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
Line = Annotated[OptionalLine, AfterValidator(_filled)]
Text = Annotated[str, Field(max_length=1000), AfterValidator(partial(_plain, allowed="\n"))]
MailAddress = Annotated[str, AfterValidator(checked_address)]
# TOML knows arrays only: the tuple alone is lenient, its entries stay strict.
MailAddresses = Annotated[tuple[MailAddress, ...], Field(strict=False), AfterValidator(_distinct)]
Lines = Annotated[tuple[Line, ...], Field(strict=False), AfterValidator(_distinct)]
Days = Annotated[tuple[Annotated[int, Field(ge=0, le=365)], ...], Field(strict=False), AfterValidator(_descending)]
Host = Annotated[str, AfterValidator(_host)]
Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(_spelled_duration)]
TimeOfDay = Annotated[time, BeforeValidator(_clock), PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str)]
FilePath = Annotated[Path, BeforeValidator(_path)]
ExistingFile = Annotated[Path | None, BeforeValidator(partial(_existing, folder=False)), PlainSerializer(_spelled_path)]
ExistingFolder = Annotated[
    Path | None, BeforeValidator(partial(_existing, folder=True)), PlainSerializer(_spelled_path)
]
TimeZone = Annotated[str, AfterValidator(_timezone)]
WebAddress = Annotated[str, AfterValidator(_url)]
SecretSpec = Annotated[str, AfterValidator(_secret)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
