"""What can be configured: one model a table. A new table is a class here and a line in `Settings`, nothing else.

`description` of a field is the remedy that a fault in it is reported with.
"""

from collections.abc import Mapping
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from inbox_bot.config.kinds import (
    Count,
    Days,
    Duration,
    ExistingFile,
    ExistingFolder,
    FilePath,
    Host,
    Line,
    Lines,
    MailAddress,
    MailAddresses,
    OptionalLine,
    SecretSpec,
    Surroundings,
    Text,
    TimeOfDay,
    TimeZone,
    WebAddress,
    fault,
    is_loopback,
    nearest,
    surroundings,
)
from inbox_bot.config.places import checked_country, laws, place_of
from inbox_bot.config.providers import KnownServer, provider_of_domain, provider_of_host
from inbox_bot.domain.message import Identity

_INSTALLED = Path("/etc/inbox-bot")


class Mode(StrEnum):
    """Whether anybody is answered."""

    LIVE = "live"
    OBSERVE = "observe"


class Security(StrEnum):
    """How a connection is protected. A failure of TLS is an error, never a fallback."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


def _profile(name: str) -> str:
    if name not in laws():
        raise fault(f'"{name}" is no law profile', nearest(name, laws()) or f"choose one of {', '.join(laws())}")
    return name


class Table(BaseModel):
    """A table of the file: unknown keys are refused, values are never converted, nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Contact(Table):
    """Whom a data subject can reach. aliases: further addresses of the same mailbox."""

    name: OptionalLine = ""
    phone: OptionalLine = ""
    postal: Text = ""
    aliases: MailAddresses = ()


class Server(Table):
    """A mail server and our login to it. password: where it is kept (see `resolve_secret`), never the password."""

    host: Host = Field(
        description="add the name that your mail provider publishes; this domain's is not among the known"
    )
    port: Annotated[int, Field(ge=1, le=65_535)]
    security: Annotated[Security, Field(strict=False)] = Security.TLS
    username: OptionalLine
    password: SecretSpec
    ca_file: ExistingFile = None

    @field_validator("host")
    @classmethod
    def _takes_passwords(cls, host: str) -> str:
        provider = provider_of_host(host)
        if provider and provider.oauth_only:
            remedy = "use a mailbox that takes a password, or name a local OAuth2 proxy as host"
            raise fault(f"is {host}, which cannot work: {provider.note}", remedy)
        return host

    @field_validator("security")
    @classmethod
    def _clear_text_stays_here(cls, security: Security, info: ValidationInfo) -> Security:
        if security is Security.NONE and not is_loopback(info.data.get("host", "localhost")):
            raise fault('"none" would send the password in clear text', 'write "tls" or "starttls"')
        return security


class Imap(Server):
    """The mailbox that is read. junk: the Junk folder's name; empty: the one the server marks as such (RFC 6154)."""

    username: Line
    folders: Annotated[Lines, Field(min_length=1)] = ("INBOX",)
    junk: OptionalLine = ""
    authserv_id: OptionalLine = ""

    @field_validator("junk")
    @classmethod
    def _read_once(cls, junk: str, info: ValidationInfo) -> str:
        if junk in info.data.get("folders", ()):
            raise fault("is among the folders too", "name it here only: requests found in Junk are not answered")
        return junk


class Smtp(Server):
    """The server that sends. An empty username: it takes our mail without a login."""


class Poll(Table):
    """How often the mailbox is looked at."""

    every: Duration = Field(default=timedelta(minutes=2), ge=timedelta(seconds=1), le=timedelta(days=1))


class Replies(Table):
    """What limits the answers. forms: web forms whose Reply-To may be trusted."""

    copy_to_mailbox: bool = True
    max_age: Duration = Field(default=timedelta(days=7), ge=timedelta(minutes=1))
    per_sender_per_day: Count = 3
    per_hour: Count = 60
    per_day: Count = 300
    forms: MailAddresses = ()


class Digest(Table):
    """When the owner hears of what is due. at: local time. days: before a due day, in descending order."""

    at: TimeOfDay = time(8)
    days: Days = (14, 7, 3, 1, 0)


class Law(Table):
    """The law that sets the deadlines, and the zone whose days count."""

    profile: Annotated[str, AfterValidator(_profile)] = Field(
        description='no law is known for this place: name the profile that applies to you, such as "us_ca_ccpa"'
    )
    timezone: TimeZone

    @property
    def zone(self) -> ZoneInfo:
        """The time zone, ready for use."""
        return ZoneInfo(self.timezone)


class Register(Table):
    """Where the register is kept; its folder is made when it is first opened."""

    path: FilePath


class Retention(Table):
    """How long a closed request keeps its personal data."""

    months: Annotated[int, Field(ge=1, le=1200)] = 36


class Templates(Table):
    """A folder of the owner's own letters; None: those that come with the program."""

    folder: ExistingFolder = None


class Lexicon(Table):
    """A folder of the owner's own recognition rules, added to those that come with the program; None: no such rules."""

    folder: ExistingFolder = None


class Regulator(Table):
    """Where to complain; what is empty is filled in by the law's profile."""

    name: OptionalLine = ""
    url: WebAddress = ""
    phone: OptionalLine = ""


class Settings(Table):
    """The whole configuration, every default filled in."""

    company: Line = Field(description='add the name that answers are given in: company = "Example Ltd"')
    country: Annotated[str, AfterValidator(checked_country)] = Field(description='add it: country = "GB-ENG"')
    mailbox: MailAddress = Field(description='add the address that is read: mailbox = "privacy@example.org"')
    owner: MailAddress = Field(description='add the address the digests go to: owner = "jo@example.org"')
    password: SecretSpec = Field(description='add where it is kept: password = "credential:mailbox"')
    mode: Annotated[Mode, Field(strict=False)] = Mode.OBSERVE
    contact: Contact
    imap: Imap
    smtp: Smtp
    poll: Poll
    replies: Replies
    digest: Digest
    law: Law
    register_: Register = Field(alias="register")  # without the underscore it would be ABCMeta.register
    retention: Retention
    templates: Templates
    lexicon: Lexicon
    regulator: Regulator

    @property
    def mode_is_default(self) -> bool:
        """Whether nobody has chosen the mode yet."""
        return "mode" not in self.model_fields_set

    @property
    def language(self) -> str:
        """The language of answers to mail whose own is not recognised: ISO 639-1."""
        return place_of(self.country).language

    @field_validator("imap", mode="before")
    @classmethod
    def _imap_defaults(cls, table: object, info: ValidationInfo) -> object:
        mailbox = info.data.get("mailbox", "")
        provider = provider_of_domain(mailbox.rpartition("@")[2])
        known = _known(provider.imap, {"authserv_id": provider.authserv_id}) if provider else {}
        return _server(table, known, (993, 143), info.data, mailbox)

    @field_validator("smtp", mode="before")
    @classmethod
    def _smtp_defaults(cls, table: object, info: ValidationInfo) -> object:
        mailbox, imap = info.data.get("mailbox", ""), info.data.get("imap")
        username = imap.username if imap else mailbox
        provider = provider_of_domain(mailbox.rpartition("@")[2]) or (provider_of_host(imap.host) if imap else None)
        return _server(table, _known(provider.smtp) if provider else {}, (465, 587), info.data, username)

    @field_validator("law", mode="before")
    @classmethod
    def _law_defaults(cls, table: object, info: ValidationInfo) -> object:
        if not isinstance(table, dict):
            return table
        if "country" not in info.data:  # its own fault is reported: none of ours on top of it
            return {"profile": next(iter(laws())), "timezone": "UTC", **table}
        place = place_of(info.data["country"])
        return {**({"profile": place.law} if place.law else {}), "timezone": place.timezone, **table}

    @field_validator("register_", mode="before")
    @classmethod
    def _register_default(cls, table: object, info: ValidationInfo) -> object:
        return {"path": str(_register_path(surroundings(info))), **table} if isinstance(table, dict) else table

    @field_validator("regulator", mode="before")
    @classmethod
    def _regulator_default(cls, table: object, info: ValidationInfo) -> object:
        """The law's own regulator, unless another is named: its address and telephone are not mixed in then."""
        if not isinstance(table, dict) or "name" in table or not {"country", "law"} <= info.data.keys():
            return table
        regulator = laws()[info.data["law"].profile].regulator(info.data["country"])
        return {"name": regulator.name, "url": regulator.url, "phone": regulator.phone, **table}


def _known(server: KnownServer, more: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {**server.model_dump(exclude_none=True), **(more or {})}


def _server(
    table: object, known: Mapping[str, Any], ports: tuple[int, int], given: Mapping[str, Any], username: str
) -> object:
    """The table with what the mailbox decides: the known server, the login. The table's own keys always win.

    known: of the mailbox's provider. ports: with TLS from the start, and without.
    """
    if not isinstance(table, dict):
        return table
    if "mailbox" not in given:  # its own fault is reported: none of ours on top of it
        username, known = "unknown", {"host": "unknown.invalid"}
    if "host" in table:
        known = {}
    elif "security" in table:
        known = {key: value for key, value in known.items() if key != "port"}
    login = {"username": username, "password": given.get("password", "env:UNKNOWN")}
    whole = {**login, **known, **table}
    return {"port": ports[whole.get("security", "tls") != "tls"], **whole}


def _register_path(around: Surroundings) -> Path:
    """The first StateDirectory= of systemd, else the XDG base directory (its path must be absolute to count).

    The configuration of the installed service means the service's register, also when a person types the command.
    """
    state = around.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not state and around.folder == _INSTALLED:
        state = "/var/lib/inbox-bot"
    if state:
        return Path(state) / "register.db"
    xdg = Path(around.environ.get("XDG_STATE_HOME", ""))
    return (xdg if xdg.is_absolute() else around.home / ".local" / "state") / "inbox-bot" / "register.db"


def identity(settings: Settings) -> Identity:
    """Who we are, for the rules that must know our addresses and our server's name."""
    addresses = {settings.mailbox, *settings.contact.aliases}
    if "@" in settings.imap.username:
        addresses.add(settings.imap.username)
    return Identity(
        mailbox=settings.mailbox.lower(),
        addresses=frozenset(address.lower() for address in addresses),
        forms=frozenset(form.lower() for form in settings.replies.forms),
        authserv_ids=frozenset({settings.imap.authserv_id.lower()} - {""}),
    )
