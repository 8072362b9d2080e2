"""A mail server in memory that behaves as IMAP servers do, for whoever needs the port `Mailbox`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count

from inbox_bot.domain.message import Place, RawMessage
from inbox_bot.errors import MailboxUnreachable
from inbox_bot.ports import Folder, Folders, Mailbox

WINDOW = 65536
_SERIAL = count(1)


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail on the server. visible: whether SEARCH and FETCH show it already; withheld: its bytes are not given."""

    content: bytes
    received_at: datetime
    visible: bool = True
    withheld: bool = False


@dataclass(slots=True)
class StoredFolder:
    """A folder on the server: its mails by UID."""

    uidvalidity: int
    uidnext: int = 1
    mails: dict[int, StoredMail] = field(default_factory=dict)

    def put(self, mail: StoredMail) -> int:
        """Store a mail under the next UID."""
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.mails[uid] = mail
        return uid

    def visible(self) -> list[int]:
        """The UIDs that a client is shown."""
        return sorted(uid for uid, mail in self.mails.items() if mail.visible)


class FakeMailbox:
    """The port `Mailbox`, with the switches of a server's bad days.

    fails_after: fetches until the connection breaks, or None. quirk: `UID n:*` shows the last mail even below n.
    fetched: every UID handed out, in order.
    """

    def __init__(self) -> None:
        self.stored = {"INBOX": StoredFolder(7), "Junk": StoredFolder(8), "Sent": StoredFolder(9)}
        self.fails_after: int | None = None
        self.quirk = False
        self.fetched: list[tuple[str, int]] = []
        self.batches: list[int] = []
        self.dated: list[int] = []
        self._examined = ""

    # -- what happens on the server -------------------------------------------------------------------------------

    def deliver(self, content: bytes, at: datetime, folder: str = "INBOX", *, visible: bool = True) -> int:
        """A mail arrives: our own server adds its Received line, so no two deliveries are the same bytes."""
        line = f"Received: from mx by mail.shop.example id {next(_SERIAL)}; {at:%a, %d %b %Y %H:%M:%S} +0000\r\n"
        return self.stored[folder].put(StoredMail(line.encode() + content, at, visible=visible))

    def append(self, content: bytes, at: datetime, folder: str = "INBOX") -> int:
        """A client stores a mail as it is, under a date of its choice."""
        return self.stored[folder].put(StoredMail(content, at))

    def move(self, uid: int, source: str, target: str) -> int:
        """The owner moves a mail: same bytes, same INTERNALDATE, a new UID (RFC 6851)."""
        return self.stored[target].put(self.stored[source].mails.pop(uid))

    def show(self, uid: int, folder: str = "INBOX") -> None:
        """A mail becomes visible late."""
        self.stored[folder].mails[uid] = replace(self.stored[folder].mails[uid], visible=True)

    def withhold(self, uid: int, folder: str = "INBOX") -> None:
        """The server lists a mail and refuses its bytes from now on."""
        self.stored[folder].mails[uid] = replace(self.stored[folder].mails[uid], withheld=True)

    def expunge(self, uid: int, folder: str = "INBOX") -> None:
        """A mail vanishes."""
        del self.stored[folder].mails[uid]

    def renumber(self, folder: str = "INBOX", *, uidvalidity: int = 1007) -> None:
        """The folder's index is rebuilt: new UIDVALIDITY, UIDs from 1."""
        mails = [mail for _, mail in sorted(self.stored[folder].mails.items())]
        self.stored[folder] = StoredFolder(uidvalidity)
        for mail in mails:
            self.stored[folder].put(mail)

    # -- the port -------------------------------------------------------------------------------------------------

    def folders(self) -> Folders:
        return Folders(inbox="INBOX", junk="Junk", sent="Sent", everything=None, trash=None)

    def examine(self, folder: str) -> Folder:
        if folder not in self.stored:
            raise MailboxUnreachable(f"no folder {folder}")
        self._examined = folder
        found = self.stored[folder]
        return Folder(folder, found.uidvalidity, found.uidnext, len(found.visible()))

    def uids_after(self, uid: int) -> list[int]:
        visible = self._folder().visible()
        above = [each for each in visible if each > uid]
        return visible[-1:] if self.quirk and not above else above

    def uids_since(self, day: date) -> list[int]:
        found = self._folder()
        return [uid for uid in found.visible() if found.mails[uid].received_at.date() >= day]

    def received_at(self, uids: Sequence[int]) -> dict[int, datetime]:
        self.dated += uids
        mails = self._folder().mails
        return {uid: mails[uid].received_at.astimezone(UTC) for uid in uids if uid in mails}

    def fetch(self, uids: Sequence[int], *, junk: bool = False) -> list[RawMessage]:
        if self.fails_after is not None:
            if not self.fails_after:
                raise MailboxUnreachable("the connection broke")
            self.fails_after -= 1
        self.batches.append(len(uids))
        folder, mails = self._folder(), self._folder().mails
        found = [uid for uid in uids if uid in mails]
        self.fetched += [(self._examined, uid) for uid in found]
        return [_raw(Place(self._examined, folder.uidvalidity, uid), mails[uid], WINDOW, junk=junk) for uid in found]

    def more(self, raw: RawMessage, upto: int) -> RawMessage:
        return _raw(raw.place, self.stored[raw.place.folder].mails[raw.place.uid], upto, junk=raw.junk)

    def find_header(self, folder: str, name: str, value: str) -> list[int]:
        self.examine(folder)
        line = f"{name}: {value}".lower().encode()
        return [uid for uid in self._folder().visible() if line in self._folder().mails[uid].content.lower()]

    def close(self) -> None:
        self._examined = ""

    def _folder(self) -> StoredFolder:
        return self.stored[self._examined]


def _raw(place: Place, mail: StoredMail, window: int, *, junk: bool) -> RawMessage:
    head = b"" if mail.withheld else mail.content[:window]
    return RawMessage(place, mail.received_at, len(mail.content), head, len(head) == len(mail.content), junk)


_: type[Mailbox] = FakeMailbox  # holds the fake to the port
