"""The mail providers whose servers are known, so that nobody must look them up. The facts are in providers.toml."""

import tomllib
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from inbox_bot.config.kinds import is_loopback


class KnownServer(BaseModel):
    """A server as its provider publishes it. Without `port`, the usual one of `security`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    security: str = "tls"
    port: int | None = None


class Provider(BaseModel):
    """domains: the mail domains it serves; none for one that hosts its customers' own, known by its server's name.

    note: what the owner must know before the first login. oauth_only: it takes no passwords.
    authserv_id: the name that opens its Authentication-Results (RFC 8601 section 2.5), where it is one and documented.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    domains: tuple[str, ...] = ()
    imap: KnownServer
    smtp: KnownServer
    note: str = ""
    oauth_only: bool = False
    authserv_id: str = ""


@cache
def providers() -> dict[str, Provider]:
    """Every known provider, by its name."""
    text = resources.files("inbox_bot").joinpath("providers.toml").read_text("utf-8")
    return {name: Provider.model_validate(entry) for name, entry in tomllib.loads(text).items()}


def provider_of_domain(domain: str) -> Provider | None:
    """The provider of a mail domain, exactly as given in lower case; None if it is not among the known."""
    return next((known for known in providers().values() if domain in known.domains), None)


def provider_of_host(host: str) -> Provider | None:
    """The provider that runs a server; None if unknown, or this machine itself (a bridge, a proxy)."""
    if is_loopback(host):
        return None
    return next((known for known in providers().values() if host in (known.imap.host, known.smtp.host)), None)
