"""`demo`: the real code on a mailbox inside this process. No account, no network; needs the extra `demo`.

A mail server and an SMTP sink start on loopback ports, the baseline is set on the empty folder, fourteen mails arrive,
one pass runs, and what was decided is shown. The letters are left as files to open.
"""

import email
import email.policy
import tempfile
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from inbox_bot import config
from inbox_bot.app import App, now
from inbox_bot.demo.mails import OLDEST, DemoMail, mails
from inbox_bot.demo.servers import Accepted, HandOver, ImapServer, SmtpSink, start_imap, start_smtp
from inbox_bot.domain.classification import UNCERTAIN_AT
from inbox_bot.domain.reference import find
from inbox_bot.domain.request import Evidence, Request, Right, State
from inbox_bot.errors import InboxBotError
from inbox_bot.ports import Sighting

_MAILBOX = "privacy@hartley-books.example"
_OWNER = "jo@hartley-books.example"
_WORDS = 60  # characters of evidence that are shown
_CONFIG = """
company = "Hartley Books Ltd"
country = "GB-ENG"
mailbox = "{mailbox}"
owner = "{owner}"
password = "file:password"
mode = "live"
[contact]
name = "Jo Hartley"
phone = "0117 496 0123"
[imap]
host = "127.0.0.1"
port = {imap}
security = "none"
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
username = ""
[digest]
at = "00:00"
[register]
path = "register.db"
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one mail. answer: what happens to its acknowledgement. why: the words or rule that decided."""

    label: str
    verdict: str
    rights: tuple[Right, ...]
    reference: str
    due_on: date | None
    answer: str
    why: str


def show(folder: Path | None = None) -> tuple[Sequence[Decided], Sequence[Path]]:
    """Run the demo: what was decided, mail by mail, and the letters as files. folder: for those, None for a new one.

    Raises:
        InboxBotError: the folder cannot be written, or something failed that never should.
    """
    try:
        target = folder or Path(tempfile.mkdtemp(prefix="inbox-bot-demo-"))
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as state, start_imap(_MAILBOX, "demo") as imap:
            arriving = mails(now(), _MAILBOX)
            with start_smtp(HandOver(_MAILBOX, imap, now)) as sink:
                decided = _pass(Path(state), imap, sink, arriving)
                accepted = list(sink.accepted)
        return decided, _written(target, accepted)
    except OSError as error:
        raise InboxBotError(f"{error.filename or 'the demo'}: {error.strerror}", "Name a folder: --folder") from error


def _pass(state: Path, imap: ImapServer, sink: SmtpSink, arriving: Sequence[DemoMail]) -> list[Decided]:
    secret = state / "password"
    secret.touch(mode=0o600)
    secret.write_text("demo")
    text = _CONFIG.format(mailbox=_MAILBOX, owner=_OWNER, imap=imap.port, smtp=sink.port)
    settings = config.load_text(text, str(state / "config.toml"))
    # The first start, a day before the oldest mail, on the empty folder: nothing is old, everything is answered.
    _once(App(settings, clock=lambda: now() - OLDEST - timedelta(hours=24)))
    sink.accepted.clear()
    for mail in arriving:
        imap.deliver(mail.raw, mail.received_at)
    app = App(settings)
    _once(app)
    with app.register() as register:
        seen = register.sightings("INBOX")
        requests = {request.reference: request for request in register.requests()}
    # The copies of our own letters arrived after these.
    return [_decided(mail, seen[uid], requests) for mail, uid in zip(arriving, sorted(seen), strict=False)]


def _once(app: App) -> None:
    for trouble in app.pass_once().trouble:
        raise trouble


def _decided(mail: DemoMail, sighting: Sighting, requests: Mapping[str, Request]) -> Decided:
    request = requests.get(sighting.reference or "")
    if request is None:
        why = sighting.reason.replace("_", " ")
        return Decided(mail.label, sighting.verdict, (), "", None, "", why or "no rule fired")
    best = max(request.evidence, key=_telling, default=None)
    words = textwrap.shorten(best.words, _WORDS, placeholder=" ...") if best else ""
    why = f"“{words}”" if best else "it could not be read"
    answer = f"not answered: {request.withheld.replace('_', ' ')}" if request.withheld else "acknowledged"
    if request.state is State.TRIAGE:
        answer = "the owner is asked"
    return Decided(mail.label, sighting.verdict, request.rights, request.reference, request.due_on, answer, why)


def _telling(evidence: Evidence) -> tuple[bool, float]:
    """Words that stand together tell a reader more than hints from here and there, joined by plus signs."""
    return evidence.weight >= UNCERTAIN_AT and " + " not in evidence.words, evidence.weight


def _written(folder: Path, accepted: Iterable[Accepted]) -> list[Path]:
    """The letters that went out: their text, and the digest's HTML too."""
    files = []
    for letter in accepted:
        message = email.message_from_bytes(letter.raw, policy=email.policy.default)
        stem = "digest" if _OWNER in letter.forward_paths else f"acknowledgement-{find(message['Subject'])[0]}"
        for kind, suffix in (("plain", "txt"), ("html", "html")):
            part = message.get_body((kind,))
            if part is not None:
                head = f"To: {message['To']}\nSubject: {message['Subject']}\n\n" if kind == "plain" else ""
                files.append(folder / f"{stem}.{suffix}")
                files[-1].write_text(head + part.get_content(), encoding="utf-8")
    return sorted(files)
