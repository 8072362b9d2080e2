"""The rules that forbid an answer, in the order in which a reason is named.

A rule fires when a row of `tables.HEADERS` with its name fires, or when its own predicate holds. A rule that needs our
addresses or our server's name does not fire without an Identity.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from inbox_bot.domain.screening import authentication, sender, subject
from inbox_bot.domain.screening.fields import View, without_comments
from inbox_bot.domain.screening.tables import HEADERS, REPORT_TYPES

_MAX_HOPS = 50
_MAX_HEADER = 65_536  # bytes that are read of a header: what lies beyond could say anything
_VISIBLE = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")  # RFC 5230 section 4.5
_RETURN_PATHS = ("return-path", "envelope-from", "x-envelope-from", "x-envelope-sender")
_BETWEEN_ADDRESSES = re.compile(r"[\s<>()\[\],;:\"]+")
_NO = re.compile(r'[\s"]*no[\s"]*(?:;|$)', re.IGNORECASE)
_GENERATED = re.compile(r"\s*auto-generated\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason not to answer. meaning: the reason in words, for the owner.

    form_may: forgiven to a form that the owner trusts, which is a machine and says so.
    """

    name: str
    meaning: str
    holds: Callable[[View], bool] = lambda _: False
    form_may: bool = False


def marked(view: View) -> frozenset[str]:
    """The rules that fire by a header field alone."""
    return frozenset(
        rule
        for name, value in view.seen
        for rule, pattern in _rows_of(name)
        if pattern is None or pattern.search(value)
    )


def _auto_submitted(view: View) -> bool:
    """RFC 3834 section 5: anything but `no`, comments and parameters aside. A trusted form may be `auto-generated`."""
    values = [without_comments(value)[0] for value in view.all("auto-submitted", "x-auto-submitted")]
    if _is_form(view):
        values = [value for value in values if not _GENERATED.match(value)]
    return not all(_NO.match(value) for value in values)


def _delivery_report(view: View) -> bool:
    outside = takewhile(lambda kind: kind not in {"message/rfc822", "message/global"}, view.message.content_types)
    declared = (value.partition(";")[0].strip().lower() for value in view.all("content-type"))
    if not REPORT_TYPES.isdisjoint(outside) or not REPORT_TYPES.isdisjoint(declared):
        return True
    return any(subject.is_report(text) for text in _subjects(view))


def _mass_mailing(view: View) -> bool:
    return any(sender.is_verp(address) for address in _addresses(view, *_RETURN_PATHS))


def _machine_sender(view: View) -> bool:
    if _is_form(view):
        return sender.is_machine(sender.answer_address(view.message, view.identity) or "")
    authors = [author.address for author in view.message.senders]
    machines = any(sender.is_machine(address) for address in (*authors, *_addresses(view, "sender", *_RETURN_PATHS)))
    return machines or any(sender.wants_no_reply(address) for address in _addresses(view, "reply-to"))


def _out_of_office(view: View) -> bool:
    return any(subject.is_automatic(text) for text in _subjects(view))


def _too_many_hops(view: View) -> bool:
    return view.count("received") > _MAX_HOPS


def _header_too_long(view: View) -> bool:
    return len(view.message.header_block) >= _MAX_HEADER


def _dmarc_fail(view: View) -> bool:
    return view.identity is not None and authentication.dmarc_failed(view.in_order, view.identity.authserv_ids)


def _spf_fail(view: View) -> bool:
    if view.identity is None:
        return False
    author = view.message.senders[0].address if view.message.senders else ""
    domain = author.rpartition("@")[2].lower()
    return authentication.spf_failed(view.in_order, view.identity.authserv_ids, domain)


def _from_ourselves(view: View) -> bool:
    """The answer would come back to us (a trusted form may write under our own address: its Reply-To counts)."""
    address = sender.answer_address(view.message, view.identity)
    return view.identity is not None and address is not None and sender.is_ours(address, view.identity)


def _not_addressed_to_us(view: View) -> bool:
    """RFC 5230 section 4.5: a visible recipient field must name us. Delivered-To and its kin always would."""
    identity = view.identity
    if identity is None:
        return False
    named = (address for value in view.all(*_VISIBLE) for address in _BETWEEN_ADDRESSES.split(value))
    return not any(sender.is_ours(address, identity) for address in (*view.message.recipients, *named))


def _no_single_sender(view: View) -> bool:
    several = len(view.message.senders) > 1 or view.count("from") > 1
    return several or sender.answer_address(view.message, view.identity) is None


def _dangerous_sender(view: View) -> bool:
    address = sender.answer_address(view.message, view.identity)
    return address is not None and not sender.is_safe(address)


RULES: tuple[Rule, ...] = (
    Rule("null_return_path", "the envelope names no sender, as bounces and automatic answers do"),
    Rule("delivery_report", "it is a delivery, read or abuse report", _delivery_report),
    Rule("auto_submitted", "a program says that it sent this by itself (Auto-Submitted)", _auto_submitted),
    Rule("auto_response_suppress", "no automatic answer is wanted (X-Auto-Response-Suppress)", form_may=True),
    Rule("autoresponder", "an automatic responder sent it"),
    Rule("out_of_office", "its subject is that of an automatic answer", _out_of_office),
    Rule("precedence", "it is marked as bulk, list or automatic mail (Precedence)", form_may=True),
    Rule("mailing_list", "it came through a mailing list"),
    Rule("mass_mailing", "it came through a service for mass or automatic mail", _mass_mailing, form_may=True),
    Rule("loop_guard", "it carries a mark against mail loops"),
    Rule("machine_headers", "a program sent it: a ticket system, a script, a monitor", form_may=True),
    Rule("machine_sender", "its sender is a program, or an address that nobody reads", _machine_sender),
    Rule("no_acknowledgement_wanted", "the sender wants no acknowledgement (X-Ack)"),
    Rule("too_many_hops", "it passed more than 50 servers: a loop", _too_many_hops),
    Rule("header_too_long", "its header is too long to be read whole", _header_too_long),
    Rule("spam_verdict", "a filter on its way took it for spam"),
    Rule("dmarc_fail", "by our server's check the sender's domain did not send it (DMARC)", _dmarc_fail),
    Rule("spf_fail", "by our server's check it came from a server not allowed to send it (SPF)", _spf_fail),
    Rule("from_ourselves", "it comes from our own address", _from_ourselves),
    Rule("not_addressed_to_us", "neither To nor Cc names the mailbox or an alias", _not_addressed_to_us),
    Rule("no_single_sender", "it names no sender, or several", _no_single_sender),
    Rule("dangerous_sender", "its sender's address is not safe to write to", _dangerous_sender),
)


def _is_form(view: View) -> bool:
    return sender.is_form(view.message, view.identity)


def _subjects(view: View) -> frozenset[str]:
    return frozenset({view.message.subject, *view.all("subject")})


def _addresses(view: View, *names: str) -> tuple[str, ...]:
    return tuple(address for value in view.all(*names) for address in sender.mailboxes_in(value))


_Row = tuple[str, re.Pattern[str] | None]


def _compiled() -> tuple[dict[str, tuple[_Row, ...]], tuple[tuple[re.Pattern[str], _Row], ...]]:
    """The rows of HEADERS: by exact name, and those whose names hold a `*`."""
    exact: dict[str, tuple[_Row, ...]] = {}
    wild: list[tuple[re.Pattern[str], _Row]] = []
    for rule, names, pattern in HEADERS:
        row = (rule, re.compile(pattern, re.IGNORECASE) if pattern else None)
        words = names.split()
        exact |= {word: (*exact.get(word, ()), row) for word in words if "*" not in word}
        globs = "|".join(re.escape(word).replace(r"\*", ".*") for word in words if "*" in word)
        wild += [(re.compile(globs), row)] if globs else []
    return exact, tuple(wild)


_EXACT, _WILD = _compiled()


@lru_cache(maxsize=1024)
def _rows_of(name: str) -> tuple[_Row, ...]:
    return _EXACT.get(name, ()) + tuple(row for names, row in _WILD if names.fullmatch(name))
