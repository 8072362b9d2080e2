"""The configuration: one TOML file becomes frozen settings, or every problem in it with its line and remedy.

Adding a table: a model in `settings`, its line in `Settings`, its lines in deploy/config.example.toml.
"""

from inbox_bot.config.loading import load, load_text
from inbox_bot.config.places import Place, laws, place_of
from inbox_bot.config.providers import Provider, provider_of_domain, provider_of_host, providers
from inbox_bot.config.secret import Secret, resolve_secret
from inbox_bot.config.settings import (
    Contact,
    Digest,
    Imap,
    Law,
    Mode,
    Poll,
    Register,
    Regulator,
    Replies,
    Retention,
    Security,
    Server,
    Settings,
    Smtp,
    Table,
    Templates,
    identity,
)
from inbox_bot.config.showing import remarks, show

__all__ = [
    "Contact",
    "Digest",
    "Imap",
    "Law",
    "Mode",
    "Place",
    "Poll",
    "Provider",
    "Register",
    "Regulator",
    "Replies",
    "Retention",
    "Secret",
    "Security",
    "Server",
    "Settings",
    "Smtp",
    "Table",
    "Templates",
    "identity",
    "laws",
    "load",
    "load_text",
    "place_of",
    "provider_of_domain",
    "provider_of_host",
    "providers",
    "remarks",
    "resolve_secret",
    "show",
]
