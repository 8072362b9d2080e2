"""Reading folders and mail: the port `Mailbox` over IMAP."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from imapclient.exceptions import IMAPClientError

from inbox_bot.adapters.imap.connection import Connection, Server, was_answered
from inbox_bot.domain.message import Place, RawMessage
from inbox_bot.errors import MailboxUnreachable
from inbox_bot.ports import Folder, Folders

WINDOW = 1 << 16  # bytes of a mail fetched at first: the whole of most mails
MOST = 1 << 20  # bytes of a mail fetched at most
SEARCH_WINDOW = 80_000  # mails one SEARCH covers: imaplib refuses lines over 1,000,000 bytes, a UID takes up to 11

_UIDS_PER_COMMAND = 500  # RFC 7162 section 4: a command should stay below 8,192 bytes
_SLACK = 1 << 20  # bytes a server may say beside the mail asked for
_NUMBER = 0xFFFF_FFFF  # RFC 9051 section 9: a `number` has 32 bits
_OURS = re.compile(r"[A-Za-z0-9@.<>=+_/:-]{1,250}")
_META = ("RFC822.SIZE", "INTERNALDATE")

# Names in common use, for servers without SPECIAL-USE.
_JUNK = {
    *("junk", "spam", "junk mail", "junk email", "junk e-mail", "junk-e-mail", "bulk mail", "spamverdacht"),
    *("courrier indésirable", "indésirables", "correo no deseado", "posta indesiderata", "ongewenste e-mail"),
}
_SENT = {
    *("sent", "sent items", "sent mail", "sent messages", "gesendet", "gesendete elemente", "gesendete objekte"),
    *("envoyés", "éléments envoyés", "enviados", "elementos enviados", "posta inviata", "verzonden items"),
}
_TRASH = {
    *("trash", "bin", "deleted", "deleted items", "deleted messages", "papierkorb", "gelöschte elemente"),
    *("corbeille", "éléments supprimés", "papelera", "elementos eliminados", "cestino", "verwijderde items"),
}

_Listed = tuple[frozenset[bytes], str, str]  # flags and name without INBOX before it, both lowercased; the name


def connect(server: Server) -> "ImapMailbox":
    """Connect and log in.

    Raises:
        MailboxRefused: wrong credentials.
        MailboxUnreachable: anything else; TLS that fails is an error, never a fallback.
    """
    return ImapMailbox(Connection(server))


class ImapMailbox:
    """The port `Mailbox` over a logged-in connection. For one thread."""

    def __init__(self, connection: Connection, search_window: int = SEARCH_WINDOW) -> None:
        self._connection = connection
        self._client = connection.client
        self._search_window = search_window
        self._examined: Folder | None = None

    def folders(self) -> Folders:
        """The folders that matter: by their SPECIAL-USE (RFC 6154), failing that by the names in common use."""
        with self._connection.asking("list the folders"):
            listed = [_listed(*row) for row in self._client.list_folders()]
        return Folders(
            inbox="INBOX",
            junk=_choose(listed, b"\\junk", _JUNK),
            sent=_choose(listed, b"\\sent", _SENT),
            everything=_choose(listed, b"\\all", {"all mail"}),
            trash=_choose(listed, b"\\trash", _TRASH),
        )

    def examine(self, folder: str) -> Folder:
        """Open a folder read-only.

        Raises:
            MailboxUnreachable: also where the folder does not exist, or has no UIDVALIDITY.
        """
        self._examined = None
        with self._connection.asking(f"open the folder {folder}"):
            answer = self._client.select_folder(folder, readonly=True)
            exists = _number(answer[b"EXISTS"])
            if not answer.get(b"UIDVALIDITY"):
                raise MailboxUnreachable(
                    f"The folder {folder} has no UIDVALIDITY, so its mail cannot be told apart.",
                    "Have the folder's index rebuilt on the mail server.",
                )
            # RFC 3501 section 6.3.1 lets old servers withhold UIDNEXT: just above the last mail is a lower bound.
            uidnext = answer.get(b"UIDNEXT") or max(self._client.search(["UID", "*"]) if exists else [0]) + 1
            self._examined = Folder(folder, _number(answer[b"UIDVALIDITY"]), _number(uidnext), exists)
        return self._examined

    def uids_after(self, uid: int) -> list[int]:
        """The UIDs above `uid` in the examined folder, sorted."""
        # RFC 9051 section 9: `n:*` holds the last mail even where its UID is below n.
        return [found for found in self._search("UID", f"{uid + 1}:*") if found > uid]

    def uids_since(self, day: date) -> list[int]:
        """The UIDs delivered on or after a day, sorted. The server compares days in its own zone: ask a day early."""
        return self._search("SINCE", day)

    def received_at(self, uids: Sequence[int]) -> dict[int, datetime]:
        """INTERNALDATE by UID, aware UTC; vanished UIDs are absent."""
        found: dict[int, datetime] = {}
        for start in range(0, len(uids), _UIDS_PER_COMMAND):
            with self._connection.asking("read the dates of mail"):
                answer = self._fetch(uids[start : start + _UIDS_PER_COMMAND], "INTERNALDATE")
                found |= {uid: _instant(item[b"INTERNALDATE"]) for uid, item in answer.items()}
        return found

    def fetch(self, uids: Sequence[int], *, junk: bool = False) -> list[RawMessage]:
        """The first window of each mail, in the order asked for; vanished UIDs are absent.

        A mail whose bytes the server withholds while it gives others comes without any, so that it blocks nobody.
        """
        folder = self._folder()
        with self._connection.asking("read mail", _SLACK + len(uids) * (WINDOW + 1024), WINDOW):
            try:
                answer = self._fetch(uids, *_META, f"BODY.PEEK[]<0.{WINDOW}>")
            except IMAPClientError as error:
                if not was_answered(error):
                    raise
                answer = self._fetch_each(uids, error)
            places = [Place(folder.name, folder.uidvalidity, uid) for uid in uids if uid in answer]
            return [_raw(place, answer[place.uid], junk=junk) for place in places]

    def more(self, raw: RawMessage, upto: int) -> RawMessage:
        """The same mail with further windows, up to `upto` bytes in all (1 MiB at most), as far as the server gives."""
        wanted = min(upto, MOST) - len(raw.head)
        if raw.complete or wanted <= 0:
            return raw
        self._return_to(raw.place)
        with self._connection.asking("read more of a mail", _SLACK + wanted, wanted):
            try:
                answer = self._fetch([raw.place.uid], f"BODY.PEEK[]<{len(raw.head)}.{wanted}>")
            except IMAPClientError as error:
                if not was_answered(error):
                    raise
                return raw
            body = answer.get(raw.place.uid, {}).get(b"BODY")
            if body is None:
                return raw
            head = raw.head + body
        return replace(raw, head=head, complete=len(body) < wanted or len(head) == raw.size)

    def find_header(self, folder: str, name: str, value: str) -> list[int]:
        """The UIDs in a folder whose header `name` contains our own `value`, sorted. The folder stays examined."""
        if not (_OURS.fullmatch(name) and _OURS.fullmatch(value)):
            raise ValueError("only our own tokens are searched for")
        self.examine(folder)
        return self._search("HEADER", name, value)

    def close(self) -> None:
        """Log out and hang up; never raises."""
        self._connection.close()

    def _folder(self) -> Folder:
        if self._examined is None:
            raise RuntimeError("no folder is examined")
        return self._examined

    def _return_to(self, place: Place) -> None:
        here = self._examined
        if here is None or here.name != place.folder:
            here = self.examine(place.folder)
        if here.uidvalidity != place.uidvalidity:
            raise MailboxUnreachable(f"The folder {place.folder} was renumbered meanwhile.", "It is read again.")

    def _search(self, *criteria: str | date) -> list[int]:
        found: set[int] = set()
        for span in _spans(self._folder().exists, self._search_window):
            with self._connection.asking("search the mailbox"):
                found.update(_number(uid) for uid in self._client.search([*span, *criteria]))
        return sorted(found)

    def _fetch(self, uids: Sequence[int], *items: str) -> dict[int, dict[bytes, Any]]:
        """The items by UID, `BODY.PEEK[]<...>` as BODY.

        A UID that is missing has vanished, and that was made sure of: nobody will ask for it again.
        """
        wanted = {b"BODY" if item.startswith("BODY") else item.encode() for item in items}
        # Flags that others change are told unasked, under the sequence number: those have not what was asked for.
        answer = {uid: _named(item) for uid, item in self._client.fetch(list(uids), items).items()}
        answer = {uid: item for uid, item in answer.items() if wanted <= item.keys()}
        doubtful = {uid for uid in uids if uid not in answer or _is_placeholder(answer[uid])}
        if doubtful:
            self._client.noop()  # lets the server say what was expunged
            listed = doubtful.intersection(self._client.search(["UID", ",".join(map(str, sorted(doubtful)))]))
            if listed - answer.keys():
                raise ValueError("mail that is listed but not handed out")
            for uid in doubtful - listed:
                answer.pop(uid, None)
        return answer

    def _fetch_each(self, uids: Iterable[int], refusal: IMAPClientError) -> dict[int, dict[bytes, Any]]:
        """One by one after a refused batch; a mail that is refused again comes without its bytes.

        Raises:
            IMAPClientError: the refusal, where no mail can be read: then the trouble is the server's.
        """
        self._client.noop()
        answer: dict[int, dict[bytes, Any]] = {}
        for uid in uids:
            try:
                answer |= self._fetch([uid], *_META, f"BODY.PEEK[]<0.{WINDOW}>")
            except IMAPClientError as error:
                if not was_answered(error):
                    raise
                answer |= self._fetch([uid], *_META)
        if answer and not any(item.get(b"BODY") for item in answer.values()):
            raise refusal
        return answer


def _listed(flags: Iterable[bytes], delimiter: bytes | None, name: str) -> _Listed:
    key = name.lower()
    if delimiter:
        key = key.removeprefix(f"inbox{delimiter.decode()}")
    return frozenset(map(bytes.lower, flags)), key, name


def _choose(listed: Iterable[_Listed], flag: bytes, names: set[str]) -> str | None:
    can_be_opened = [row for row in listed if not row[0] & {b"\\noselect", b"\\nonexistent"}]
    flagged = [name for flags, _, name in can_be_opened if flag in flags]
    return next(iter(flagged + [name for _, key, name in can_be_opened if key in names]), None)


def _spans(exists: int, window: int) -> Iterator[tuple[str, ...]]:
    """Sequence sets that together cover a folder, each as a search key; none where one SEARCH will do.

    The newest come first: an expunge in between moves mail down, into a span still to come.
    """
    if exists <= window:
        yield ()
        return
    top = exists
    while top > 0:
        bottom = max(1, top - window + 1)
        yield (f"{bottom}:{'*' if top == exists else top}",)
        top = bottom - 1


def _named(item: dict[bytes, Any]) -> dict[bytes, Any]:
    return {b"BODY" if key.startswith(b"BODY[") else key: value for key, value in item.items()}


def _is_placeholder(item: dict[bytes, Any]) -> bool:
    # Dovecot's answer for a mail that another client expunges meanwhile: no body, no bytes, the first of January 1970.
    at = item.get(b"INTERNALDATE")
    return item.get(b"BODY", b"") is None or (at is not None and at.timestamp() == 0)


def _raw(place: Place, item: dict[bytes, Any], *, junk: bool) -> RawMessage:
    size, body = _number(item[b"RFC822.SIZE"]), item.get(b"BODY")
    # A window that is not full is the end of the mail, whatever size a server estimates (Exchange does).
    complete = body is not None and (len(body) < WINDOW or len(body) == size)
    return RawMessage(place, _instant(item[b"INTERNALDATE"]), size, body or b"", complete, junk)


def _instant(value: datetime) -> datetime:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _number(value: int) -> int:
    if not 0 <= value <= _NUMBER:
        raise ValueError("a number that IMAP does not have")
    return value
