"""`demo`: the real code on a mailbox inside this process. No account, no network; needs the extra `demo`.

A mail server and an SMTP sink start on loopback ports, the baseline is set on the empty folder, fourteen mails arrive,
one pass runs, and what was decided is shown. The letters are left as files to open.
"""

import email
import email.policy
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from inbox_bot import config
from inbox_bot.app import App, now
from inbox_bot.demo.mails import OLDEST, DemoMail, mails
from inbox_bot.demo.servers import Accepted, HandOver, ImapServer, SmtpSink, start_imap, start_smtp
from inbox_bot.domain.request import Request, State
from inbox_bot.ports import Sighting

_MAILBOX = "privacy@hartley-books.example"
_OWNER = "jo@hartley-books.example"
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
    """What became of one mail. why: the words that decided. what: what it asks for, and whether it was answered."""

    mail: str
    verdict: str
    reference: str
    why: str
    what: str


def show(folder: Path | None, tell: Callable[[Sequence[Decided], Sequence[Path]], None]) -> int:
    """Run the demo and hand its outcome to `tell`; the exit code. folder: for the letters, None for a new one."""
    target = folder or Path(tempfile.mkdtemp(prefix="inbox-bot-demo-"))
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, start_imap(_MAILBOX, "demo") as imap:
        arriving = mails(now(), _MAILBOX)
        with start_smtp(HandOver(_MAILBOX, imap, now)) as sink:
            lines = _pass(Path(state), imap, sink, arriving)
            accepted = list(sink.accepted)
    tell(lines, _written(target, accepted))
    return 0


def _pass(state: Path, imap: ImapServer, sink: SmtpSink, arriving: Sequence[DemoMail]) -> list[Decided]:
    secret = state / "password"
    secret.touch(mode=0o600)
    secret.write_text("demo")
    text = _CONFIG.format(mailbox=_MAILBOX, owner=_OWNER, imap=imap.port, smtp=sink.port)
    settings = config.load_text(text, str(state / "config.toml"))
    # The first start, a day before the oldest mail, on the empty folder: nothing is old, everything is answered.
    App(settings, clock=lambda: now() - OLDEST - timedelta(hours=24)).pass_once()
    sink.accepted.clear()
    for mail in arriving:
        imap.deliver(mail.raw, mail.received_at)
    app = App(settings)
    app.pass_once()
    with app.register() as register:
        seen = register.sightings("INBOX")
        requests = {request.reference: request for request in register.requests()}
    return [_line(mail, seen[uid], requests) for mail, uid in zip(arriving, sorted(seen), strict=False)]


def _line(mail: DemoMail, sighting: Sighting, requests: dict[str, Request]) -> Decided:
    request = requests.get(sighting.reference or "")
    if request is None:
        return Decided(mail.label, sighting.verdict, "", sighting.reason.replace("_", " ") or "no rule fired", "")
    best = max(request.evidence, key=lambda evidence: evidence.weight, default=None)
    words = f"“{' '.join(best.words.split())}”" if best else "it could not be read"
    asked = ", ".join(request.rights).replace("_", " ")
    answered = f"not answered: {request.withheld.replace('_', ' ')}" if request.withheld else "acknowledged"
    if request.state is State.TRIAGE:
        answered = "the owner is asked"
    return Decided(mail.label, sighting.verdict, request.reference, words, f"{asked}; {answered}")


def _written(folder: Path, accepted: Iterable[Accepted]) -> list[Path]:
    """The letters that went out: each as .eml, its text as .txt, and the digest as .html."""
    files = []
    for number, letter in enumerate(accepted, start=1):
        message = email.message_from_bytes(letter.raw, policy=email.policy.default)
        digest = _OWNER in letter.forward_paths
        stem = folder / (f"{number:02}-digest" if digest else f"{number:02}-acknowledgement")
        stem.with_suffix(".eml").write_bytes(letter.raw)
        for kind, suffix in (("plain", ".txt"), ("html", ".html")):
            part = message.get_body((kind,))
            if part is not None:
                head = f"To: {message['To']}\nSubject: {message['Subject']}\n\n" if kind == "plain" else ""
                path = stem.with_suffix(suffix)
                path.write_text(head + part.get_content(), encoding="utf-8")
                files.append(path)
    return files
