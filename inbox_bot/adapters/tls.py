"""What both mail servers need of TLS: one context, one idea of this machine."""

import ipaddress
import ssl
from pathlib import Path

from inbox_bot.errors import InboxBotError


def client_context(ca_file: Path | None, table: str, failure: type[InboxBotError]) -> ssl.SSLContext:
    """A context that verifies, TLS 1.2 or later. ca_file: PEM, in place of the system's authorities.

    Raises:
        InboxBotError: of the kind `failure`, naming ca_file in the configuration's `table`.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise failure(
            f"No certificate can be read from {ca_file} ({error.strerror or 'not PEM'}).",
            f"Correct [{table}] ca_file: a PEM file that this service may read.",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
