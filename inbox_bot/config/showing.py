"""The effective configuration as text, and what the owner should know about it."""

import json
from typing import Any

from inbox_bot.config.providers import provider_of_domain, provider_of_host
from inbox_bot.config.settings import Security, Server, Settings

_NO_MODE = 'mode is not set: nobody is answered. Set mode = "live" to answer, or "observe" to keep it so.'
_USUAL_PORTS = {143: Security.STARTTLS, 587: Security.STARTTLS, 993: Security.TLS, 465: Security.TLS}


def show(settings: Settings) -> str:
    """The configuration as TOML that loads to equal settings: every default filled in, secrets as their places only."""
    tree = settings.model_dump(mode="json", by_alias=True)
    tables = {key: value for key, value in tree.items() if isinstance(value, dict)}
    lines = [_pair(key, value) for key, value in tree.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(_pair(key, value) for key, value in table.items())]
    return "\n".join(lines) + "\n"


def remarks(settings: Settings) -> tuple[str, ...]:
    """What is allowed but worth knowing, a sentence each: no mode, unusual ports, a provider's conditions."""
    found = [_NO_MODE] if settings.mode_is_default else []
    for name, server in (("imap", settings.imap), ("smtp", settings.smtp)):
        found += _port_remarks(name, server)
    provider = provider_of_domain(settings.mailbox.rpartition("@")[2])
    if not provider or provider.imap.host != settings.imap.host:
        provider = provider_of_host(settings.imap.host)
    if provider and provider.note:
        found.append(f"{provider.note}.")
    return tuple(found)


def _port_remarks(name: str, server: Server) -> list[str]:
    usual = _USUAL_PORTS.get(server.port)
    if usual is None or server.security in {usual, Security.NONE}:
        return []
    return [f'[{name}] port {server.port} usually goes with security = "{usual}", not "{server.security}".']


def _pair(key: str, value: Any) -> str:  # noqa: ANN401 -- a leaf of a JSON tree
    """JSON's strings, numbers, booleans and lists are TOML's too, but for DEL, which no option may hold."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
