"""Every letter is made here: facts in, draft out, rendered before anything is committed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from inbox_bot.domain import thread
from inbox_bot.domain.agenda import Agenda
from inbox_bot.domain.outbox import Draft, Envelope, Kind, compose, message_id
from inbox_bot.domain.request import FOR_OTHERS, Request
from inbox_bot.ports import Writer, Written


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes. copy: whether our own mailbox gets a copy of each letter, the owner's evidence and our witness."""

    company: str
    mailbox: str
    owner: str
    copy: bool
    contact_name: str
    contact_phone: str
    contact_postal: str
    regulator_name: str
    regulator_url: str
    regulator_phone: str


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Makes drafts. key: the register's current key. entropy: n -> n random bytes."""

    writer: Writer
    letterhead: Letterhead
    key: bytes
    entropy: Callable[[int], bytes]

    def acknowledgement(self, request: Request, forward_path: str, now: datetime) -> Draft:
        """The acknowledgement of a request: not a byte of the sender's text is in it."""
        return self._draft(
            f"ack:{request.reference}", Kind.ACKNOWLEDGEMENT, self.written(request), forward_path, now, request
        )

    def written(self, request: Request) -> Written:
        """The acknowledgement's words, for a preview too."""
        head = self.letterhead
        facts = {
            "reference": request.reference,
            "company": head.company,
            "received_on": request.received_on,
            "answer_by_on": request.due_on,
            "rights": tuple(str(right) for right in request.rights),
            "for_other": not FOR_OTHERS.isdisjoint(request.marks),
            "contact_name": head.contact_name,
            "contact_email": head.mailbox,
            "contact_phone": head.contact_phone,
            "contact_postal": head.contact_postal,
            "regulator_name": head.regulator_name,
            "regulator_url": head.regulator_url,
            "regulator_phone": head.regulator_phone,
        }
        return self.writer.write(request.language, "acknowledgement", facts)

    def digest(self, agenda: Agenda, now: datetime) -> Draft:
        """The owner's digest of a day."""
        occasion = f"digest:{agenda.today.isoformat()}"
        written = self.writer.write("en", "digest", {"agenda": agenda})
        return self._draft(occasion, Kind.DIGEST, written, self.letterhead.owner, now)

    def probe(self, letter_id: int, attempt: int, now: datetime) -> Draft:
        """A mail to ourselves, to learn whether copies still reach this mailbox."""
        text = "inbox-bot looks whether mail to this address arrives. Nothing needs to be done.\n"
        written = Written("inbox-bot: looking whether mail arrives", text)
        return self._draft(f"probe:{letter_id}:{attempt}", Kind.PROBE, written, self.letterhead.mailbox, now)

    def _draft(
        self,
        occasion: str,
        kind: Kind,
        written: Written,
        forward_path: str,
        now: datetime,
        request: Request | None = None,
    ) -> Draft:
        """A letter with its bytes. request: the one it answers, for its thread and its copy."""
        head = self.letterhead
        token = thread.mint(self.key, self.entropy(10))
        envelope = Envelope(
            sender=head.mailbox,
            sender_name=head.company if request else "inbox-bot",
            recipient=forward_path,
            subject=written.subject,
            token=token,
            at=now.replace(microsecond=0),
            in_reply_to=request.message_id if request else None,
            auto_submitted="auto-replied" if request else "auto-generated",
        )
        return Draft(
            occasion=occasion,
            kind=kind,
            reference=request.reference if request else None,
            reverse_path=head.mailbox,
            forward_path=forward_path,
            copy=head.mailbox if request and head.copy and forward_path != head.mailbox else None,
            message_id=message_id(token, head.mailbox),
            token=token,
            text_hash=thread.text_hash(self.key, written.text),
            raw=compose(envelope, written.text, written.html),
        )
