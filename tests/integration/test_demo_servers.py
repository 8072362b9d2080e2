"""The demo's servers hold what the real code asks of a mail server, and its mails are mails."""

import gc
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from smtplib import SMTP

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from inbox_bot.demo.mails import OLDEST, DemoMail, mails

for package in ("pymap", "aiosmtpd"):
    pytest.importorskip(package, reason=f"{package} is not installed: pip install 'inbox-bot[demo]'")

from inbox_bot.demo.servers import (  # noqa: E402 needs the extra that may be absent
    Accepted,
    HandOver,
    ImapServer,
    SmtpSink,
    start_imap,
    start_smtp,
)

MAILBOX = "privacy@example.co.uk"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
RAW = b"From: a@west.example\r\nSubject: hello\r\nMessage-ID: <1@west.example>\r\n\r\nThe body.\r\n"


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with start_imap(MAILBOX, "secret") as server:
        yield server


@pytest.fixture
def sink(imap: ImapServer) -> Iterator[SmtpSink]:
    with start_smtp(HandOver(MAILBOX, imap, lambda: NOW)) as server:
        yield server


@pytest.fixture
def client(imap: ImapServer) -> Iterator[IMAPClient]:
    connection = IMAPClient(imap.host, port=imap.port, ssl=False, timeout=10)
    connection.normalise_times = False
    connection.login(MAILBOX, "secret")
    yield connection
    connection.logout()


def bodies(client: IMAPClient) -> list[bytes]:
    client.select_folder("INBOX", readonly=True)
    fetched = client.fetch(client.search(), ["BODY.PEEK[]"])
    return [fetched[uid][b"BODY[]"] for uid in sorted(fetched)]


def hang_up_rudely(connection: socket.socket) -> None:
    """Close with a reset instead of a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_examine_answers_uidnext_and_a_uidvalidity_that_stays(imap: ImapServer, client: IMAPClient) -> None:
    before = client.select_folder("INBOX", readonly=True)
    imap.deliver(RAW, NOW)
    after = client.select_folder("INBOX", readonly=True)

    assert before[b"EXISTS"] == 0
    assert (after[b"EXISTS"], after[b"UIDNEXT"]) == (1, before[b"UIDNEXT"] + 1)
    assert after[b"UIDVALIDITY"] == before[b"UIDVALIDITY"] > 0
    assert b"READ-ONLY" in after


def test_a_delivered_mail_keeps_its_bytes_and_its_instant(imap: ImapServer, client: IMAPClient) -> None:
    at = datetime(2026, 11, 21, 23, 59, 58, tzinfo=UTC)
    imap.deliver(RAW, at)
    client.select_folder("INBOX", readonly=True)
    (mail,) = client.fetch(client.search(), ["BODY.PEEK[]", "RFC822.SIZE", "INTERNALDATE", "FLAGS"]).values()

    assert mail[b"BODY[]"] == RAW
    assert mail[b"RFC822.SIZE"] == len(RAW)
    assert mail[b"INTERNALDATE"] == at
    assert b"\\Seen" not in mail[b"FLAGS"]


def test_a_window_of_a_mail_can_be_fetched(imap: ImapServer, client: IMAPClient) -> None:
    imap.deliver(RAW, NOW)
    client.select_folder("INBOX", readonly=True)
    (mail,) = client.fetch(client.search(), ["BODY.PEEK[]<6.10>"]).values()

    assert mail[b"BODY[]<6>"] == RAW[6:16]


def test_append_over_imap_keeps_its_internaldate(client: IMAPClient) -> None:
    client.append("INBOX", RAW, msg_time=NOW - timedelta(days=3))
    client.select_folder("INBOX", readonly=True)
    (mail,) = client.fetch(client.search(), ["INTERNALDATE"]).values()

    assert mail[b"INTERNALDATE"] == NOW - timedelta(days=3)


def test_search_since_and_by_header_finds_what_it_should(imap: ImapServer, client: IMAPClient) -> None:
    imap.deliver(RAW.replace(b"<1@", b"<0@"), NOW - timedelta(days=2))
    imap.deliver(RAW, NOW)
    first, second = client.select_folder("INBOX", readonly=True) and client.search()

    assert client.search(["SINCE", date(2026, 11, 22)]) == [second]
    assert client.search(["SINCE", date(2026, 11, 20)]) == [first, second]
    assert client.search(["HEADER", "Message-ID", "<0@west.example>"]) == [first]


def test_a_wrong_password_is_refused(imap: ImapServer) -> None:
    stranger = IMAPClient(imap.host, port=imap.port, ssl=False, timeout=10)
    with pytest.raises(LoginError):
        stranger.login(MAILBOX, "guess")
    stranger.logout()


def test_neither_server_offers_tls(sink: SmtpSink, client: IMAPClient) -> None:
    with SMTP(sink.host, sink.port, timeout=10) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("starttls")
    assert not client.has_capability("STARTTLS")


def test_the_sink_keeps_envelope_and_bytes(sink: SmtpSink) -> None:
    dotted = RAW + b".a line that starts with a dot\r\n"
    with SMTP(sink.host, sink.port, timeout=10) as smtp:
        smtp.sendmail(MAILBOX, ["a@west.example", "b@west.example"], dotted)
        smtp.sendmail("", ["a@west.example"], RAW)

    assert sink.accepted == [
        Accepted(MAILBOX, ("a@west.example", "b@west.example"), dotted),
        Accepted("", ("a@west.example",), RAW),
    ]


def test_mail_to_the_mailbox_lies_in_inbox_once_the_sink_has_accepted_it(sink: SmtpSink, client: IMAPClient) -> None:
    with SMTP(sink.host, sink.port, timeout=10) as smtp:
        smtp.sendmail(MAILBOX, ["a@west.example", "Privacy@Example.co.uk"], RAW)
        (copy,) = bodies(client)

    trace, _, rest = copy.partition(b"From:")
    assert b"From:" + rest == RAW
    assert trace.startswith(b"Return-Path: <privacy@example.co.uk>\r\nReceived: ")
    assert trace.endswith(b"; Sun, 22 Nov 2026 09:30:00 +0000\r\n")


def test_mail_to_others_is_not_handed_over(sink: SmtpSink, client: IMAPClient) -> None:
    with SMTP(sink.host, sink.port, timeout=10) as smtp:
        smtp.sendmail(MAILBOX, ["a@west.example"], RAW)

    assert bodies(client) == []


def test_stopping_hangs_up_on_clients_of_every_kind(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with start_imap(MAILBOX, "secret") as imap, start_smtp() as sink:
        imap.deliver(RAW + b"x" * 16_000_000, NOW)
        idle = IMAPClient(imap.host, port=imap.port, ssl=False, timeout=10)
        deaf = IMAPClient(imap.host, port=imap.port, ssl=False, timeout=10)
        deaf.login(MAILBOX, "secret")
        deaf.select_folder("INBOX", readonly=True)
        deaf.socket().sendall(b"tag UID FETCH 1:* (BODY.PEEK[])\r\n")
        deaf.socket().recv(1)
        waiting = SMTP(sink.host, sink.port, timeout=10)
        rude = SMTP(sink.host, sink.port, timeout=10)
        rude.ehlo()
        rude.mail(MAILBOX)
        rude.rcpt("a@west.example")
        rude.docmd("DATA")
        assert rude.sock is not None
        hang_up_rudely(rude.sock)
    imap.stop()
    idle.shutdown()
    deaf.shutdown()
    waiting.close()
    rude.close()
    gc.collect()

    assert set(threading.enumerate()) == before
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((sink.host, sink.port), timeout=10)


def test_the_servers_log_nobodys_address(sink: SmtpSink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with SMTP(sink.host, sink.port, timeout=10) as smtp:
        smtp.docmd("NONSENSE")
        smtp.sendmail("a@west.example", [MAILBOX], RAW)

    assert caplog.messages == []


def test_the_demo_mails_arrive_as_written(imap: ImapServer, client: IMAPClient) -> None:
    written = mails(NOW, MAILBOX)
    for mail in written:
        imap.deliver(mail.raw, mail.received_at)

    assert bodies(client) == [mail.raw for mail in written]


def test_the_demo_mails_are_in_order_and_as_recent_as_promised() -> None:
    instants = [mail.received_at for mail in mails(NOW, MAILBOX)]

    assert len(instants) >= 12
    assert instants == sorted(instants)
    assert (instants[0], instants[-1] < NOW) == (NOW - OLDEST, True)
    assert mails(NOW, MAILBOX) == mails(NOW, MAILBOX)


@pytest.mark.parametrize("mail", mails(NOW, MAILBOX), ids=lambda mail: mail.label)
def test_a_demo_mail_is_a_proper_message(mail: DemoMail) -> None:
    message = message_from_bytes(mail.raw, policy=default)
    once = ("Return-Path", "Received", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")

    assert [part.defects for part in message.walk() if part.defects] == []
    assert [name for name in once if len(message.get_all(name, [])) != 1] == []
    assert [value.defects for value in message.values() if value.defects] == []
    assert message["To"].addresses[0].addr_spec == MAILBOX
    assert message["From"].addresses[0].domain.endswith(".example")
    assert parsedate_to_datetime(message["Date"]) <= mail.received_at
    assert mail.raw.replace(b"\r\n", b"").count(b"\n") == 0
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 78


def test_the_demo_has_every_kind_of_mail_that_it_wants_to_show() -> None:
    messages = [message_from_bytes(mail.raw, policy=default) for mail in mails(NOW, MAILBOX)]
    types = [message.get_content_type() for message in messages]

    assert {"text/plain", "text/html", "multipart/alternative", "multipart/mixed", "multipart/report"} == set(types)
    assert sum("List-Unsubscribe" in message for message in messages) == 1
    assert sum(message["Return-Path"] == "<>" for message in messages) == 2
    assert sum(message["Auto-Submitted"] == "auto-replied" for message in messages) == 2
