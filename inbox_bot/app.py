"""The composition root: settings become working parts. The only reader of the clock and of randomness."""

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from inbox_bot import config, delivery, digest, intake, owner
from inbox_bot.adapters import dates, imap, smtp, store
from inbox_bot.adapters.calendar import HolidayCalendar
from inbox_bot.adapters.laws import load_law
from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.adapters.templates import JinjaWriter
from inbox_bot.domain.agenda import Agenda, SecondLook
from inbox_bot.domain.claim import claimed_on
from inbox_bot.domain.classification import Classification, classify
from inbox_bot.domain.deadline import Deadline, Facts, deadline, explain, received_on
from inbox_bot.domain.decision import Policy
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.request import Event, Request, Right
from inbox_bot.domain.rulebook import Rulebook
from inbox_bot.errors import InboxBotError, RegisterError
from inbox_bot.letters import Correspondent, Letterhead
from inbox_bot.ports import Register

_Result = TypeVar("_Result")
_SECOND_LOOK = timedelta(days=90)
# A law without a number of days (in_dpdp, jp_appi) still deserves a reminder: our own aim.
_OWN_AIM = timedelta(days=28)


def now() -> datetime:
    """The present instant, aware UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one reader


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass of everything due did. trouble: the server errors it met, as results."""

    poll: intake.PollReport | None = None
    delivered: delivery.DeliveryReport | None = None
    digest: Agenda | None = None
    trouble: tuple[InboxBotError, ...] = ()


class App:
    """Everything that the verbs need, made from settings when first asked for."""

    def __init__(self, settings: config.Settings, *, clock: Callable[[], datetime] = now) -> None:
        self.settings = settings
        self.clock = clock
        self.polled = False
        self._postman: smtp.SmtpPostman | None = None

    # -- parts ----------------------------------------------------------------------------------------------------

    @property
    def register_path(self) -> Path:
        """Where the register lies."""
        return Path(self.settings.register_.path)

    def register(self) -> AbstractContextManager[store.Store]:
        """The register, open for one thread."""
        return store.opened(self.register_path)

    def held(self) -> AbstractContextManager[object]:
        """The state folder, held against a second instance; raises RegisterBusy."""
        return store.held(self.register_path.parent)

    @contextmanager
    def mailbox(self) -> Iterator[imap.ImapMailbox]:
        """A fresh connection to the mailbox."""
        server = self.settings.imap
        secret = config.resolve_secret(server.password).get_secret_value()
        security = server.security.value
        mailbox = imap.connect(imap.Server(server.host, server.port, security, server.username, secret, server.ca_file))
        try:
            yield mailbox
        finally:
            mailbox.close()

    def postman(self) -> smtp.SmtpPostman:
        """A postman who connects with his first letter."""
        server = self.settings.smtp
        secret = config.resolve_secret(server.password).get_secret_value() if server.username else ""
        security = server.security.value
        self._postman = smtp.connect(
            smtp.Server(server.host, server.port, security, server.username, secret, server.ca_file)
        )
        return self._postman

    def abort(self) -> None:
        """Cut the connection that waits for a reply; for a signal handler's thread."""
        if self._postman is not None:
            self._postman.abort()

    @cached_property
    def writer(self) -> JinjaWriter:
        """The letters' templates: the owner's first."""
        return JinjaWriter(dates.in_words, self.settings.templates.folder)

    @property
    def rulebook(self) -> Rulebook:
        """The rules of recognition, read at the first use; raises LexiconError with file:line."""
        return load_rulebook(self.settings.lexicon.folder)

    def classify(self, message: InboundMessage) -> Classification:
        """Recognition with every language's rules."""
        return classify(message, self.rulebook)

    def correspondent(self, register: Register) -> Correspondent:
        """The maker of letters, under the register's key."""
        return Correspondent(self.writer, self.letterhead, register.keys[0], secrets.token_bytes)

    @cached_property
    def letterhead(self) -> Letterhead:
        """Who writes, and where else a person can turn to."""
        settings = self.settings
        regulator = load_law(settings.law.profile).regulator(settings.country)
        own = settings.regulator
        return Letterhead(
            company=settings.company,
            mailbox=settings.mailbox,
            owner=settings.owner,
            copy=settings.replies.copy_to_mailbox,
            contact_name=settings.contact.name,
            contact_phone=settings.contact.phone,
            contact_postal=settings.contact.postal,
            regulator_name=own.name or regulator.name,
            regulator_url=own.url or ("" if own.name else regulator.url),
            regulator_phone=own.phone or ("" if own.name else regulator.phone),
        )

    # -- dates ----------------------------------------------------------------------------------------------------

    def local(self, instant: datetime) -> datetime:
        """An instant on the controller's clock."""
        return instant.astimezone(self.settings.law.zone)

    def dated(self, facts: Facts) -> Deadline:
        """The deadline of facts, under the configured law and place."""
        return deadline(load_law(self.settings.law.profile), HolidayCalendar(self.settings.country), facts)

    def due_on(self, rights: Sequence[Right], day: date) -> date:
        """The day due of a new request."""
        return _day(self.dated(Facts(day, zone=self.settings.law.timezone, rights=frozenset(rights))), day)

    def redate(self, request: Request, _events: Sequence[Event]) -> tuple[date, str]:
        """The day due as of today's calendar, and how it came about."""
        facts = Facts(
            request.received_on,
            received_at=request.received_at,
            zone=self.settings.law.timezone,
            rights=frozenset(request.rights),
            extended=request.extended,
        )
        found = self.dated(facts)
        return _day(found, request.received_on), explain(found)

    def extended_to(self, request: Request) -> date | None:
        """The day due if the request were extended; None where the law knows no extension."""
        law = load_law(self.settings.law.profile)
        if law.extended is None:
            return None
        return self.redate(replace(request, extended=True), ())[0]

    def office(self, register: Register) -> owner.Office:
        """What the owner's verbs need."""
        at = self.clock()
        correspondent = self.correspondent(register)
        return owner.Office(
            register, correspondent, self.due_on, self.extended_to, self.local(at).date(), at, self.policy.live
        )

    # -- the road -------------------------------------------------------------------------------------------------

    @cached_property
    def policy(self) -> Policy:
        """The owner's settings that decide."""
        settings, replies = self.settings, self.settings.replies
        return Policy(
            live=settings.mode is config.Mode.LIVE,
            max_age=replies.max_age,
            per_sender_per_day=replies.per_sender_per_day,
            per_hour=replies.per_hour,
            per_day=replies.per_day,
            law=settings.law.profile,
            place=settings.country,
            default_language=settings.language,
            zone=lambda instant: received_on(instant, settings.law.timezone),
            due_on=self.due_on,
            claimed_on=lambda said, language, day: claimed_on(said, dates.months(language), day),
        )

    def desk(self, mailbox: imap.ImapMailbox, register: Register, heartbeat: Callable[[], None]) -> intake.Desk:
        """Everything that reading the mailbox takes."""
        return intake.Desk(
            mailbox=mailbox,
            register=register,
            correspondent=self.correspondent(register),
            identity=config.identity(self.settings),
            policy=self.policy,
            folders=self.settings.imap.folders,
            junk=self.settings.imap.junk or None,
            classify=self.classify,
            choose=secrets.choice,
            clock=self.clock,
            heartbeat=heartbeat,
        )

    @cached_property
    def almanac(self) -> digest.Almanac:
        """What the digest needs beside the register."""
        settings = self.settings.digest
        return digest.Almanac(self.settings.company, settings.at, settings.days, self.local, self.redate)

    def pass_once(self, heartbeat: Callable[[], None] = lambda: None) -> PassReport:
        """One pass of everything due: poll, resolve, digest, deliver. The lock must be held.

        A server, a password or a template that cannot be used is a result, not an exception: the rest of the pass goes
        on without it. heartbeat: called after every batch and letter and between the parts; what it raises ends the
        pass, with nothing half done.

        Raises:
            RegisterError: nothing can be recorded, so nothing is done.
        """
        trouble: list[InboxBotError] = []
        with self.register() as register:
            delivery.recover(register, self.clock())
            polled = _tried(trouble, lambda: self._poll(register, heartbeat))
            heartbeat()
            _note(register, "imap_trouble", self.clock(), met=bool(trouble))
            agenda = _tried(trouble, lambda: self._decide_today(register))
            heartbeat()
            earlier = len(trouble)
            delivered = _tried(trouble, lambda: self._deliver(register, heartbeat))
            heartbeat()
            if delivered is not None or len(trouble) > earlier:  # else nothing was due, and nobody was asked
                _note(register, "smtp_trouble", self.clock(), met=delivered is None)
        return PassReport(polled, delivered, agenda, tuple(trouble))

    def _poll(self, register: store.Store, heartbeat: Callable[[], None]) -> intake.PollReport:
        _ = self.rulebook  # If the rules cannot be read, that is no fault of the mails.
        with self.mailbox() as mailbox:
            if register.meta("login_worked") is None:
                with register.writing():
                    register.remember("login_worked", self.clock().isoformat())
            report = intake.poll(self.desk(mailbox, register, heartbeat))
            self.polled = True
            delivery.resolve(register, mailbox, self.correspondent(register), self.clock())
            if digest.second_look_due(register, self.local(self.clock())):
                self._look_again(register, mailbox, heartbeat)
        return report

    def _look_again(self, register: store.Store, mailbox: imap.ImapMailbox, heartbeat: Callable[[], None]) -> None:
        """Read the mailbox again with today's rules, for one line of the digest."""
        now = self.clock()
        found = intake.audit(self.desk(mailbox, register, heartbeat), now - _SECOND_LOOK)
        # What lay there before the first start is told elsewhere.
        missed = sum(finding.before != "old" for finding in found.missed)
        digest.note_second_look(register, SecondLook(now, found.read, missed, len(found.near)))

    def _decide_today(self, register: store.Store) -> Agenda | None:
        return digest.decide_today(register, self.correspondent(register), self.almanac, self.clock())

    def _deliver(self, register: store.Store, heartbeat: Callable[[], None]) -> delivery.DeliveryReport | None:
        """Send what is due, before the first complete poll only to the owner; None: nothing was.

        A letter of a restored register may have gone out already, which its copy in the mailbox tells.
        """
        owner_only = not self.polled
        if register.next_due(self.clock(), owner_only=owner_only) is None:
            return None
        postman = self.postman()
        try:
            postman.greet()  # A server that is away is no fault of a letter: none is claimed, none postponed.
            round_ = delivery.Round(postman, register, self.clock, random.random, heartbeat)
            return delivery.deliver_due(round_, owner_only=owner_only)
        finally:
            self._postman = None


def _day(found: Deadline, received: date) -> date:
    day = found.due_on or found.not_before_on or found.acknowledgement_due_on
    return day or received + _OWN_AIM


def _tried(trouble: list[InboxBotError], part: Callable[[], _Result]) -> _Result | None:
    """What a part of a pass returns, or None and its error among the trouble."""
    try:
        return part()
    except RegisterError:
        raise
    except InboxBotError as error:
        trouble.append(error)
        return None


def _note(register: Register, key: str, at: datetime, *, met: bool) -> None:
    """Remember since when a server cannot be used, for `status` and the digest."""
    if met != bool(register.meta(key)):
        with register.writing():
            register.remember(key, at.isoformat() if met else "")
