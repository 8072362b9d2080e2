import base64
import logging
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from inbox_bot.adapters.imap import ImapMailbox, Server, connect
from inbox_bot.adapters.imap.connection import Connection
from inbox_bot.adapters.imap.mailbox import MOST, WINDOW
from inbox_bot.errors import MailboxRefused, MailboxUnreachable
from inbox_bot.ports import Folders
from tests.beds.certificate import make_certificate
from tests.beds.dovecot import PASSWORD, Dovecot, free_ports
from tests.beds.imap_script import Script, ScriptedImap

MAIL = b"From: ann@example.org\r\nSubject: hello\r\n\r\nA question.\r\n"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def server_of(dovecot: Dovecot, user: str) -> Server:
    return Server("127.0.0.1", dovecot.imaps, "tls", user, PASSWORD, dovecot.certificate.path)


def scripted(bed: ScriptedImap, **changes: Any) -> Server:
    return replace(Server(bed.host, bed.port, "none", "ann", "secret", read_timeout=10), **changes)


@pytest.fixture
def mailbox(dovecot: Dovecot, user: str) -> Iterator[ImapMailbox]:
    with closing(connect(server_of(dovecot, user))) as mailbox:
        yield mailbox


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class TestReading:
    def test_folders_are_found_by_their_special_use(self, mailbox: ImapMailbox) -> None:
        assert mailbox.folders() == Folders("INBOX", "Junk", "Sent", None, "Trash")

    def test_folders_are_found_by_common_names_where_the_server_marks_none(self) -> None:
        rows = (
            b'* LIST (\\HasNoChildren) "." INBOX\r\n'
            b'* LIST (\\Noselect) "." Junk\r\n'
            b'* LIST () "." INBOX.Projects.Spam\r\n'
            b'* LIST () "." INBOX.Spam\r\n'
            b'* LIST () "." "Gesendete Elemente"\r\n'
            b'* LIST () "." "&AMk-l&AOk-ments supprim&AOk-s"\r\n'
            b"TAG OK done\r\n"
        )
        with ScriptedImap(LIST=rows) as bed, closing(connect(scripted(bed))) as mailbox:
            found = mailbox.folders()
        assert found == Folders("INBOX", "INBOX.Spam", "Gesendete Elemente", None, "Éléments supprimés")

    def test_special_use_beats_a_name_and_case_does_not_matter(self) -> None:
        rows = b'* LIST () "/" Junk\r\n* LIST (\\JUNK) "/" Pourriel\r\n* LIST (\\All) "/" Everything\r\nTAG OK done\r\n'
        with ScriptedImap(LIST=rows) as bed, closing(connect(scripted(bed))) as mailbox:
            assert mailbox.folders() == Folders("INBOX", "Pourriel", None, "Everything", None)

    def test_an_examined_folder_tells_its_numbers(self, mailbox: ImapMailbox, dovecot: Dovecot, user: str) -> None:
        empty = mailbox.examine("INBOX")
        uids = [dovecot.deliver(user, MAIL) for _ in range(3)]
        dovecot.expunge(user, uids[:1])
        folder = mailbox.examine("INBOX")
        assert (empty.name, empty.exists, empty.uidnext) == ("INBOX", 0, uids[0])
        assert (folder.exists, folder.uidnext, folder.uidvalidity) == (2, uids[-1] + 1, empty.uidvalidity)

    def test_a_renumbered_folder_has_another_uidvalidity(self, dovecot: Dovecot, user: str) -> None:
        dovecot.deliver(user, MAIL)
        with closing(connect(server_of(dovecot, user))) as mailbox:
            before = mailbox.examine("INBOX")
        dovecot.renumber(user)
        with closing(connect(server_of(dovecot, user))) as mailbox:
            assert mailbox.examine("INBOX").uidvalidity != before.uidvalidity

    def test_uids_after_the_last_are_none(self, mailbox: ImapMailbox, dovecot: Dovecot, user: str) -> None:
        assert mailbox.examine("INBOX").exists == 0
        assert mailbox.uids_after(0) == []
        first, second, third = (dovecot.deliver(user, MAIL) for _ in range(3))
        mailbox.examine("INBOX")
        assert mailbox.uids_after(0) == [first, second, third]
        assert mailbox.uids_after(first) == [second, third]
        assert mailbox.uids_after(third) == []

    def test_uids_since_a_day_go_by_delivery(self, mailbox: ImapMailbox, dovecot: Dovecot, user: str) -> None:
        uids = [dovecot.deliver(user, MAIL, at=NOON + timedelta(days=days)) for days in (0, 5, 3)]
        mailbox.examine("INBOX")
        assert mailbox.uids_since(date(2026, 3, 4)) == uids[1:]

    def test_a_folder_too_long_for_one_search_is_searched_in_spans(self, dovecot: Dovecot, user: str) -> None:
        uids = [dovecot.deliver(user, MAIL, at=NOON) for _ in range(5)]
        with closing(ImapMailbox(Connection(server_of(dovecot, user)), search_window=2)) as mailbox:
            mailbox.examine("INBOX")
            assert mailbox.uids_after(uids[0]) == uids[1:]
            assert mailbox.uids_since(date(2026, 1, 1)) == uids

    def test_spans_come_newest_first_so_that_an_expunge_hides_nothing(self) -> None:
        examined = b"* 5 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 6] x\r\nTAG OK done\r\n"
        with (
            ScriptedImap(EXAMINE=examined) as bed,
            closing(ImapMailbox(Connection(scripted(bed)), search_window=2)) as mailbox,
        ):
            mailbox.examine("INBOX")
            mailbox.uids_after(0)
            spans = [re.search(rb"SEARCH (\S+)", line) for line in bed.commands if b"SEARCH" in line]
        assert [span[1] for span in spans if span] == [b"4:*", b"2:3", b"1:1"]

    @pytest.mark.usefixtures("tokyo")
    def test_dates_are_instants_in_utc(self, mailbox: ImapMailbox, dovecot: Dovecot, user: str) -> None:
        at = datetime(2026, 3, 2, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
        uid = dovecot.deliver(user, MAIL, at=at)
        mailbox.examine("INBOX")
        (raw,) = mailbox.fetch([uid])
        assert mailbox.received_at([uid, uid + 9]) == {uid: at}
        assert (raw.received_at, raw.received_at.tzinfo) == (at, UTC)

    def test_long_lists_of_uids_go_out_in_short_commands(self) -> None:
        def dates(command: bytes) -> bytes:
            uids = command.split()[2].split(b",")
            row = b'* %s FETCH (UID %s INTERNALDATE "02-Mar-2026 12:00:00 +0000")\r\n'
            return b"".join(row % (uid, uid) for uid in uids) + b"TAG OK done\r\n"

        uids = range(4_000_000_000, 4_000_001_200)
        with ScriptedImap(UID_FETCH=dates) as bed, closing(connect(scripted(bed))) as mailbox:
            mailbox.examine("INBOX")
            assert mailbox.received_at(uids) == dict.fromkeys(uids, NOON)
            assert max(map(len, bed.commands)) < 8192

    def test_a_mail_comes_with_its_bytes_size_and_place(
        self, mailbox: ImapMailbox, dovecot: Dovecot, user: str
    ) -> None:
        uid = dovecot.deliver(user, MAIL, "Junk")
        folder = mailbox.examine("Junk")
        (raw,) = mailbox.fetch([uid], junk=True)
        assert (raw.head, raw.size, raw.complete, raw.junk) == (MAIL, len(MAIL), True, True)
        assert (raw.place.folder, raw.place.uidvalidity, raw.place.uid) == ("Junk", folder.uidvalidity, uid)

    @pytest.mark.parametrize("size", [len(MAIL), WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW, MOST])
    def test_the_first_window_and_the_rest_make_the_mail(
        self, mailbox: ImapMailbox, dovecot: Dovecot, user: str, size: int
    ) -> None:
        whole = MAIL.ljust(size, b"x")
        uid = dovecot.deliver(user, whole)
        mailbox.examine("INBOX")
        (raw,) = mailbox.fetch([uid])
        assert (raw.head, raw.size, raw.complete) == (whole[:WINDOW], size, size <= WINDOW)
        more = mailbox.more(raw, MOST)
        assert (more.head, more.size, more.complete) == (whole, size, True)

    def test_no_more_is_read_than_wanted_and_never_over_a_mebibyte(
        self, mailbox: ImapMailbox, dovecot: Dovecot, user: str
    ) -> None:
        uid = dovecot.deliver(user, MAIL + b"x" * 70 * 1024 * 20)
        mailbox.examine("INBOX")
        (raw,) = mailbox.fetch([uid])
        part = mailbox.more(raw, 100_000)
        assert (len(part.head), part.complete) == (100_000, False)
        mailbox.examine("Junk")
        most = mailbox.more(part, 99 * MOST)
        assert (len(most.head), most.complete) == (MOST, False)
        assert most.head == dovecot.mails(user)[0][:MOST]

    def test_a_folder_renumbered_in_between_gives_no_more(
        self, mailbox: ImapMailbox, dovecot: Dovecot, user: str
    ) -> None:
        uid = dovecot.deliver(user, MAIL * 2000)
        mailbox.examine("INBOX")
        (raw,) = mailbox.fetch([uid])
        other = replace(raw, place=replace(raw.place, uidvalidity=raw.place.uidvalidity + 1))
        with pytest.raises(MailboxUnreachable, match="renumbered"):
            mailbox.more(other, MOST)

    def test_vanished_mail_is_absent(self, mailbox: ImapMailbox, dovecot: Dovecot, user: str) -> None:
        first, second, third = (dovecot.deliver(user, MAIL) for _ in range(3))
        mailbox.examine("INBOX")
        dovecot.expunge(user, [second])
        assert list(mailbox.received_at([first, second, third])) == [first, third]
        dovecot.expunge(user, [third])
        assert [raw.place.uid for raw in mailbox.fetch([first, third])] == [first]
        assert mailbox.fetch([second]) == []
        assert mailbox.fetch([]) == []

    def test_our_own_header_is_found(self, mailbox: ImapMailbox, dovecot: Dovecot, user: str) -> None:
        token = "AbC-12_x.y"
        dovecot.deliver(user, MAIL, "Sent")
        uid = dovecot.deliver(user, b"X-Own: " + token.encode() + b"\r\n" + MAIL, "Sent")
        assert mailbox.find_header("Sent", "X-Own", token) == [uid]
        assert mailbox.find_header("INBOX", "X-Own", token) == []

    @pytest.mark.parametrize("value", ["", 'a" OR ALL', "a\r\nA1 DELETE INBOX", "é", "{3}", "*"])
    def test_only_our_own_tokens_are_searched_for(self, mailbox: ImapMailbox, value: str) -> None:
        with pytest.raises(ValueError, match="tokens"):
            mailbox.find_header("INBOX", "X-Own", value)

    def test_a_folder_that_is_missing_is_named(self, mailbox: ImapMailbox) -> None:
        with pytest.raises(MailboxUnreachable, match="Cannot open the folder Nowhere"):
            mailbox.examine("Nowhere")


class TestNoTrace:
    def test_no_flag_changes_not_even_recent(self, mailbox: ImapMailbox, dovecot: Dovecot, user: str) -> None:
        dovecot.deliver(user, MAIL, flags=[b"\\Seen", b"\\Flagged", b"Important"])
        dovecot.deliver(user, MAIL * 2000)
        before = dovecot.flags(user)
        mailbox.folders()
        mailbox.examine("INBOX")
        mailbox.uids_since(date(2026, 1, 1))
        raws = mailbox.fetch(mailbox.uids_after(0))
        mailbox.received_at([raw.place.uid for raw in raws])
        mailbox.more(raws[1], MOST)
        mailbox.find_header("INBOX", "Subject", "hello")
        mailbox.close()
        assert dovecot.flags(user) == before
        assert before == {
            raws[0].place.uid: {b"\\Seen", b"\\Flagged", b"Important", b"\\Recent"},
            raws[1].place.uid: {b"\\Recent"},
        }

    def test_nothing_is_ever_asked_that_could_write(self) -> None:
        body = b"x" * WINDOW
        row = b'* 1 FETCH (UID 5 RFC822.SIZE 90000 INTERNALDATE "02-Mar-2026 12:00:00 +0000" BODY[]<0> {65536}\r\n'
        scripts = {"UID_FETCH": row + body + b")\r\nTAG OK done\r\n", "LIST": b"TAG OK done\r\n"}
        with ScriptedImap(None, **scripts) as bed:
            with closing(connect(scripted(bed))) as mailbox:
                mailbox.folders()
                mailbox.examine("INBOX")
                mailbox.more(mailbox.fetch([5])[0], MOST)
                mailbox.received_at([5])
                mailbox.find_header("INBOX", "X-Own", "token")
            verbs = {line.split()[0] if not line.startswith(b"UID") else line.split()[1] for line in bed.commands[3:]}
            fetched = [line for line in bed.commands if b"BODY" in line]
        assert verbs - {b"CAPABILITY"} == {b"LIST", b"EXAMINE", b"FETCH", b"SEARCH", b"LOGOUT"}
        assert len(fetched) == 2
        assert all(b"BODY.PEEK[]<" in line for line in fetched)

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_mail_and_password_stay_out_of_the_log(
        self, dovecot: Dovecot, user: str, security: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        port = dovecot.imaps if security == "tls" else dovecot.imap
        server = replace(server_of(dovecot, user), security=security, port=port)
        dovecot.deliver(user, MAIL)
        caplog.clear()
        with closing(connect(server)) as mailbox:
            mailbox.examine("INBOX")
            mailbox.fetch(mailbox.uids_after(0))
            assert mailbox._client._imap.debug == 0  # 5 costs 5 to 14 times the time, too
        assert caplog.text == ""
        assert PASSWORD not in repr(server)


OFFERED = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN STARTTLS\r\nTAG OK done\r\n"


class TestConnecting:
    @pytest.mark.parametrize("security", ["tls", "starttls", "none"])
    def test_each_security_works(self, dovecot: Dovecot, user: str, security: str) -> None:
        port = dovecot.imaps if security == "tls" else dovecot.imap
        server = replace(server_of(dovecot, user), security=security, port=port)
        with closing(connect(server)) as mailbox:
            assert mailbox.examine("INBOX").uidnext == 1
            encrypted = hasattr(mailbox._client.socket(), "cipher")
        assert encrypted is (security != "none")

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    @pytest.mark.parametrize("authority", ["the system's", "another"])
    def test_an_unknown_authority_is_refused(
        self, dovecot: Dovecot, user: str, security: str, authority: str, tmp_path: Path
    ) -> None:
        port = dovecot.imaps if security == "tls" else dovecot.imap
        ca_file = make_certificate(tmp_path).path if authority == "another" else None
        server = replace(server_of(dovecot, user), security=security, port=port, ca_file=ca_file)
        with pytest.raises(MailboxUnreachable, match="cannot be trusted") as caught:
            connect(server)
        assert "ca_file" in caught.value.remedy

    @pytest.mark.parametrize("content", [None, "", "no certificate"])
    def test_an_authority_that_cannot_be_read_is_named(
        self, dovecot: Dovecot, user: str, tmp_path: Path, content: str | None
    ) -> None:
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(MailboxUnreachable, match=r"ca\.pem"):
            connect(replace(server_of(dovecot, user), ca_file=path))

    def test_a_wrong_password_is_refused_without_naming_anybody(self, dovecot: Dovecot, user: str) -> None:
        with pytest.raises(MailboxRefused, match="user name or the password") as caught:
            connect(replace(server_of(dovecot, user), password="wrong"))
        assert user not in str(caught.value)
        assert "password" in caught.value.remedy

    @pytest.mark.parametrize(
        ("answer", "error", "words"),
        [
            (b"TAG NO [AUTHENTICATIONFAILED] ann?\r\n", MailboxRefused, "user name or the password"),
            (b"TAG NO LOGIN failed.\r\n", MailboxRefused, "user name or the password"),
            (b"TAG NO [ALERT] Application-specific password required (Failure)\r\n", MailboxRefused, "app password"),
            (b"TAG NO [UNAVAILABLE] Temporary authentication failure.\r\n", MailboxUnreachable, "now"),
            (b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", MailboxUnreachable, "now"),
            (b"TAG NO [PRIVACYREQUIRED] not in clear\r\n", MailboxUnreachable, "TLS"),
            (b"TAG BAD what?\r\n", MailboxUnreachable, "refused"),
            (b"* BYE ann, go away\r\n", MailboxUnreachable, "broke off"),
            (b"", MailboxUnreachable, "broke off"),
        ],
    )
    def test_only_wrong_credentials_are_refusals(self, answer: bytes, error: type[Exception], words: str) -> None:
        with ScriptedImap(AUTHENTICATE=answer) as bed, pytest.raises(error, match=words) as caught:
            connect(scripted(bed))
        assert "ann" not in str(caught.value).split()

    def test_a_password_in_any_script_is_sent(self) -> None:
        with ScriptedImap() as bed, closing(connect(scripted(bed, password="schlüssel"))):
            sent = base64.b64decode(bed.commands[2])
        assert sent.decode() == "\0ann\0schlüssel"

    def test_where_there_is_only_the_login_command_names_are_quoted(self) -> None:
        old = b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"
        with ScriptedImap(CAPABILITY=old) as bed, closing(connect(scripted(bed, username='a "b', password='c\\"d'))):
            assert b'LOGIN "a \\"b" "c\\\\\\"d"\r\n' in bed.commands
        with ScriptedImap(CAPABILITY=old) as bed, pytest.raises(MailboxRefused, match="ASCII"):
            connect(scripted(bed, password="schlüssel"))

    def test_a_server_that_disables_logins_is_not_given_the_password(self) -> None:
        only = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK done\r\n"
        with ScriptedImap(CAPABILITY=only) as bed:
            with pytest.raises(MailboxUnreachable, match="takes no password"):
                connect(scripted(bed))
            assert not any(b"LOGIN" in line for line in bed.commands)

    @pytest.mark.parametrize(
        ("scripts", "words"),
        [
            ({}, "does not offer"),
            ({"CAPABILITY": OFFERED, "STARTTLS": b"TAG NO not now\r\n"}, "refused"),
            ({"CAPABILITY": OFFERED, "STARTTLS": b"TAG OK yes\r\nno TLS\r\n"}, "in time"),
            ({"CAPABILITY": OFFERED, "GREETING": b"* PREAUTH welcome\r\n"}, "logged in before we are"),
        ],
        ids=["not offered", "refused", "not TLS", "PREAUTH"],
    )
    def test_starttls_that_fails_is_an_error_never_a_fallback(self, scripts: dict[str, bytes], words: str) -> None:
        with ScriptedImap(None, **scripts) as bed:
            with pytest.raises(MailboxUnreachable, match=words):
                connect(scripted(bed, security="starttls", read_timeout=0.5))
            assert not any(b"LOGIN" in line or b"AUTH" in line for line in bed.commands)

    def test_what_came_in_clear_before_tls_is_forgotten(self, dovecot: Dovecot) -> None:
        scripts = {
            "CAPABILITY": OFFERED,
            "STARTTLS": b'* LIST (\\Junk) "/" Forged\r\nTAG OK go\r\n',
            "LIST": b'* LIST (\\Junk) "/" Real\r\nTAG OK done\r\n',
        }
        with ScriptedImap(dovecot.certificate, **scripts) as bed:
            server = scripted(bed, security="starttls", ca_file=dovecot.certificate.path)
            with closing(connect(server)) as mailbox:
                assert mailbox.folders().junk == "Real"

    def test_without_tls_the_password_does_not_leave_this_machine(self, dovecot: Dovecot, user: str) -> None:
        with pytest.raises(MailboxUnreachable, match="in clear"):
            connect(replace(server_of(dovecot, user), security="none", host="192.0.2.1"))

    def test_a_dead_port_a_silent_server_and_an_unknown_name_are_told_apart(self, dovecot: Dovecot, user: str) -> None:
        server = server_of(dovecot, user)
        with pytest.raises(MailboxUnreachable, match="nothing listens"):
            connect(replace(server, port=free_ports(1)[0]))
        with pytest.raises(MailboxUnreachable, match="not known"):
            connect(replace(server, host="mail.example.invalid"))
        with ScriptedImap(CAPABILITY=b"* OK wait\r\n") as bed, pytest.raises(MailboxUnreachable, match="in time"):
            connect(scripted(bed, connect_timeout=0.2, read_timeout=0.2))

    @pytest.mark.usefixtures("dovecot")  # skips where there is none
    def test_a_server_that_dies_is_reported_and_closing_never_fails(self, user: str) -> None:
        with Dovecot() as dovecot:
            mailbox = connect(server_of(dovecot, user))
            other = connect(server_of(dovecot, user))
            mailbox.examine("INBOX")
            dovecot.stop()
            with pytest.raises(MailboxUnreachable):
                mailbox.uids_after(0)
            mailbox.close()
            other.close()
            other.close()
            dovecot.start()
            with closing(connect(server_of(dovecot, user))) as mailbox:
                assert mailbox.examine("INBOX").exists == 0


ROW = b'* 1 FETCH (UID 5 RFC822.SIZE 4 INTERNALDATE "02-Mar-2026 12:00:00 +0000" BODY[]<0> "mail")\r\n'
DONE = b"TAG OK done\r\n"


class TestHostileServers:
    @pytest.mark.parametrize(
        "answer",
        [
            b"* 1 FETCH (UID 5 BODY[]<0> {99999999999}\r\n",
            b"* 1 FETCH (UID 5 BODY[]<0> {65537}\r\n" + b"x" * 65537 + b")\r\n" + DONE,
            b"* 1 FETCH (UID 5 BODY[]<0> {9" + b"9" * 5000 + b"}\r\n",
            b"* 1 FETCH (UID 5 BODY[]<0> {100}\r\nsecret",
            b"* 1 FETCH " + b"(" * 100_000 + b"\r\n" + DONE,
            b"* 1 FETCH (UID 5 BODY[]<0> secret\r\n" + DONE,
            b"* 1 FETCH (UID secret RFC822.SIZE\r\n" + DONE,
            b"* 1 FETCH (UID)\r\n" + DONE,
            ROW.replace(b"SIZE 4", b"SIZE -4") + DONE,
            ROW.replace(b"SIZE 4", b"SIZE secret") + DONE,
            ROW.replace(b"02-Mar", b"42-Mar") + DONE,
            b"* 1 FETCH " + b"x" * 1_000_001 + b"\r\n" + DONE,
            b"* OK secret" * 9 + b"\r\n" + b"* OK still here\r\n" * 200_000 + DONE,
            b"secret\r\n" + DONE,
            b"* 1 FETCH (UID 5 RFC822.SIZE 4",
            b"",
        ],
        ids=lambda answer: answer[:40].decode(),
    )
    def test_a_malformed_answer_is_an_error_that_repeats_nothing(self, answer: bytes) -> None:
        def fetched(_command: bytes) -> bytes:
            return answer

        with (
            ScriptedImap(UID_FETCH=fetched) as bed,
            closing(connect(scripted(bed, read_timeout=0.5))) as mailbox,
        ):
            mailbox.examine("INBOX")
            with pytest.raises(MailboxUnreachable, match="Cannot read mail") as caught:
                mailbox.fetch([5])
            assert "secret" not in str(caught.value)
            assert caught.value.__suppress_context__

    @pytest.mark.parametrize(
        ("command", "answer"),
        [
            ("EXAMINE", b"* 1 EXISTS\r\n* OK [UIDNEXT 6] x\r\n" + DONE),
            ("EXAMINE", b"* 1 EXISTS\r\n* OK [UIDVALIDITY 0] x\r\n" + DONE),
            ("EXAMINE", b"* 1 EXISTS\r\n* OK [UIDVALIDITY x] x\r\n" + DONE),
            ("EXAMINE", b"* 1 EXISTS\r\n* OK [UIDVALIDITY 99999999999] x\r\n" + DONE),
            ("EXAMINE", b"* OK [UIDVALIDITY 7] x\r\n" + DONE),
            ("UID_SEARCH", b"* SEARCH one two\r\n" + DONE),
            ("UID_SEARCH", b"* SEARCH 99999999999\r\n" + DONE),
            ("UID_SEARCH", b"* SEARCH " + b"1 " * 500_001 + b"\r\n" + DONE),
            ("LIST", b"* LIST ()\r\n" + DONE),
            ("LIST", b'* LIST () "/" "&///-"\r\n' + DONE),
            ("LIST", b'* LIST () "/" {70000}\r\n' + b"x" * 70_000 + b"\r\n" + DONE),
        ],
    )
    def test_so_it_is_elsewhere(self, command: str, answer: bytes) -> None:
        def look(mailbox: ImapMailbox) -> object:
            return mailbox.folders() if command == "LIST" else mailbox.examine("INBOX") and mailbox.uids_after(0)

        with (
            ScriptedImap(None, **{command: answer}) as bed,
            closing(connect(scripted(bed, read_timeout=0.5))) as mailbox,
            pytest.raises(MailboxUnreachable),
        ):
            look(mailbox)

    def test_a_server_that_keeps_uidnext_to_itself_is_asked_for_the_last_mail(self) -> None:
        scripts = {
            "EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" + DONE,
            "UID_SEARCH": b"* SEARCH 41\r\n" + DONE,
        }
        with ScriptedImap(None, **scripts) as bed, closing(connect(scripted(bed))) as mailbox:
            assert mailbox.examine("INBOX").uidnext == 42

    def test_the_flags_of_another_mail_are_not_taken_for_a_vanished_one(self) -> None:
        answer = b"* 6 FETCH (FLAGS (\\Seen))\r\n" + ROW + DONE
        with ScriptedImap(UID_FETCH=answer) as bed, closing(connect(scripted(bed))) as mailbox:
            mailbox.examine("INBOX")
            assert [raw.place.uid for raw in mailbox.fetch([5, 6])] == [5]

    def test_a_mail_that_is_listed_but_not_handed_out_is_not_taken_for_vanished(self) -> None:
        scripts = {"UID_FETCH": ROW + DONE, "UID_SEARCH": b"* SEARCH 6\r\n" + DONE}
        with ScriptedImap(None, **scripts) as bed, closing(connect(scripted(bed))) as mailbox:
            mailbox.examine("INBOX")
            with pytest.raises(MailboxUnreachable, match="makes no sense"):
                mailbox.fetch([5, 6])

    @staticmethod
    def refusing(*refused: bytes) -> dict[str, Script]:
        """A server that has 5 and 6, and cannot read some of them."""

        def fetched(command: bytes) -> bytes:
            uids = command.split()[2].split(b",")
            if b"BODY" in command and set(uids) & set(refused):
                return b"TAG NO [SERVERBUG] cannot read it\r\n"
            row = ROW if b"BODY" in command else ROW.replace(b' BODY[]<0> "mail"', b"")
            return b"".join(row.replace(b"UID 5", b"UID " + uid) for uid in uids) + DONE

        return {"UID_FETCH": fetched}

    def test_a_mail_the_server_cannot_read_comes_without_bytes_beside_those_it_can(self) -> None:
        with (
            ScriptedImap(None, **self.refusing(b"6")) as bed,
            closing(connect(scripted(bed))) as mailbox,
        ):
            mailbox.examine("INBOX")
            read, unreadable = mailbox.fetch([5, 6])
            assert (read.head, read.complete) == (b"mail", True)
            assert (unreadable.place.uid, unreadable.head, unreadable.complete) == (6, b"", False)
            assert unreadable.received_at == NOON
            assert mailbox.more(unreadable, MOST) == unreadable

    def test_a_server_that_can_read_nothing_is_in_trouble_itself(self) -> None:
        with (
            ScriptedImap(None, **self.refusing(b"5", b"6")) as bed,
            closing(connect(scripted(bed))) as mailbox,
        ):
            mailbox.examine("INBOX")
            with pytest.raises(MailboxUnreachable, match="refused"):
                mailbox.fetch([5, 6])
