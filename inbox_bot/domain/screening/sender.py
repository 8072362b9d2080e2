"""Addresses: which of them are machines, which are ours, and which one an answer may go to."""

import re

from inbox_bot.domain.message import Identity, InboundMessage

# RFC 5321 sections 4.1.2 and 4.5.3.1: a dot-atom and host labels. Left out on purpose although lawful: `%` and `!`
# (source routes), a pipe, a backquote, a leading `-` or `/` (an option or a file to a careless mail program).
_FORWARD_PATH = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)(?![-/])"
    r"[A-Za-z0-9#$&'*+/=?^_{}~-]+(?:\.[A-Za-z0-9#$&'*+/=?^_{}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"(?P<top>[A-Za-z]{2,63}|xn--[A-Za-z0-9-]{1,58}[A-Za-z0-9])"
)
_NOWHERE = {"invalid", "localhost", "localdomain", "local", "internal", "lan", "arpa", "onion"}  # RFC 2606, 6761, 6762
_MANY = 50
_LONG = 256  # RFC 5321 allows 64; beyond this the patterns below would only cost time
_ANGLE = re.compile(r"<([^<>]*)>")

_MACHINE = re.compile(
    r"(?:(?:mail|maildelivery|delivery)?(?:er)?[-_.]?daemon|post[-_.]?master|listserv(?:er)?|listproc|majordomo|mailman"
    r"|sympa|ezmlm|root|nobody|cron|www-data|apache|httpd|nginx|uucp|mailrobot|mailings?)"
    r"|owner-.+|.+-request|(?:.+[-_])?bounces?|bounces?[-+_=].*|(?:.+[-_])?(?:notify|notifications?|newsletters?|alerts?)"
    r"|(?:.+[-_.])?auto(?:mated|matic)?[-_.]?(?:mailer|mails?|notif(?:y|ications?)|repl(?:y|ies)|respon[ds]e?r?|confirm)"
)
_NO_REPLY = re.compile(
    r"no[-_]?repl(?:y|ies|ay)|donot[-_.]?reply|do[-_.]not[-_.]?(?:reply|respond|answer|use)"
    r"|(?<![a-z])(?:"
    r"no[.]repl(?:y|ies)|don'?t[-_.]?(?:reply|respond|answer)|no[-_.](?:answer|response)"  # English
    r"|nicht[-_.]?(?:be)?antwort|keine?[-_.]?antwort|niet[-_.]?(?:be)?antwoord|geen[-_.]?antwoord"  # German, Dutch
    r"|ne[-_.]?pas[-_.]?repondre|pas[-_.]?de[-_.]?reponse|sans[-_.]?reponse"  # French
    r"|no[-_.]?(?:responder|responda|respondas|contestar|conteste|respongueu|respondre)"  # Spanish, Catalan
    r"|nao[-_.]?respond|non[-_.]?risp|senza[-_.]?risposta"  # Portuguese, Italian
    r"|(?:be)?svara?[-_.]?(?:ikke|inte|ej)|(?:ikke|inte|ej)[-_.]?(?:be)?svar|inge[nt][-_.]?svar"  # Nordic
    r"|ala[-_.]?vastaa|ei[-_.]?vasta|mitte[-_.]?vasta"  # Finnish, Estonian
    r"|nie[-_.]?odpowiada|bez[-_.]?odpowiedzi|ne[-_.]?odpov[ie]|ne[-_.]?odgov|ne[-_.]?otgov|ne[-_.]?otvech"  # Slavic
    r"|ne[-_.]?vidpov|ne[-_.]?valaszol|neatsaky|neatbild|nu[-_.]?raspund|fara[-_.]?raspuns|cevap[-_.]?verme|yanitlama"
    r")"
)
# An envelope sender that carries another mailbox in its local part: bulk mail (VERP), unless it is a known rewriting of
# ordinary mail on the way: SRS, BATV (prvs, btv1), Gmail's forwarding (caf_).
_VERP = re.compile(r"[^@]*[-+=_][^@=]+=[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
_REWRITTEN = re.compile(r"(?:^|[+=])(?:srs[01]?[+=-]|prvs=|btv1=|caf_=)")


def mailboxes_in(value: str) -> tuple[str, ...]:
    """The addresses of a Sender, Reply-To or Return-Path value, lowercased; without `@` where a machine left it out."""
    found = _ANGLE.findall(value) or value.split(",")
    return tuple(address.strip().strip('"').lower() for address in found[:_MANY])


def is_machine(address: str) -> bool:
    """Whether the local part is a program's: RFC 2142, RFC 3834 section 2, and what senders use in practice."""
    local = _local(address) or address[:_LONG].lower()
    return bool(_MACHINE.fullmatch(local) or _MACHINE.fullmatch(local.partition("+")[0]) or _NO_REPLY.search(local))


def wants_no_reply(address: str) -> bool:
    """Whether the address says of itself that nobody reads it."""
    return bool(_NO_REPLY.search(_local(address)))


def is_verp(address: str) -> bool:
    """Whether an envelope sender carries a recipient: the return path of a mass mailing."""
    local = _local(address)
    return bool(_VERP.fullmatch(local)) and not _REWRITTEN.search(local)


def is_safe(address: str) -> bool:
    """Whether a letter may be addressed so: plain ASCII, one `@`, no routing, a domain that can exist.

    An internationalised domain must come in its `xn--` form: to translate it ourselves could reach another domain
    (IDNA 2003 and 2008 differ), and a letter that looks alike would pass.
    """
    match = _FORWARD_PATH.fullmatch(address)
    return match is not None and match["top"].lower() not in _NOWHERE


def is_form(message: InboundMessage, identity: Identity | None) -> bool:
    """Whether the one From address is a web form that the owner trusts."""
    return (
        identity is not None
        and len(message.senders) == 1
        and message.senders[0].address.lower() in map(str.lower, identity.forms)
    )


def answer_address(message: InboundMessage, identity: Identity | None) -> str | None:
    """Where an answer would go, unchecked: the single From; for a trusted form its single Reply-To; else None."""
    candidates = message.reply_to if is_form(message, identity) else message.senders
    return candidates[0].address if len(candidates) == 1 else None


def is_ours(address: str, identity: Identity) -> bool:
    """Whether it is our mailbox or an alias, with or without a `+tag` (RFC 5233)."""
    local, _, domain = address.lower().rpartition("@")
    ours = identity.addresses | {identity.mailbox.lower()}
    return f"{local}@{domain}" in ours or f"{local.partition('+')[0]}@{domain}" in ours


def _local(address: str) -> str:
    return address.rpartition("@")[0][:_LONG].lower().strip('"')
