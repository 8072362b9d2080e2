import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from inbox_bot.adapters.smtp import Server, SmtpPostman, connect
from inbox_bot.errors import PostmanRefused, PostmanUnreachable
from inbox_bot.ports import Reply, ReplyKind
from tests.beds.certificate import Certificate, make_certificate
from tests.beds.dovecot import Dovecot, free_ports
from tests.beds.smtp import Answer, SmtpBed, Stage

US, ANN = "privacy@example.co.uk", "ann@example.org"
LETTER = b"From: us\r\nSubject: x\r\n\r\n.hidden\r\n..\r\n.\r\nend\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def server_of(bed: SmtpBed, certificate: Certificate | None = None) -> Server:
    ca_file = certificate.path if certificate else None
    return Server(bed.host, bed.port, bed.security, ca_file=ca_file, timeout=10, final_timeout=10)


@contextmanager
def postman_of(server: Server) -> Iterator[SmtpPostman]:
    postman = connect(server)
    try:
        yield postman
    finally:
        postman.quit()


@pytest.fixture
def postman(smtp: SmtpBed) -> Iterator[SmtpPostman]:
    with postman_of(server_of(smtp)) as postman:
        yield postman


def send(postman: SmtpPostman, raw: bytes = LETTER, to: tuple[str, ...] = (ANN, US)) -> Reply:
    reply = postman.offer(US, to, len(raw))
    if reply.kind is not ReplyKind.OK:
        return reply
    postman.body(raw)
    return postman.dot()


class TestDelivery:
    def test_a_letter_arrives_byte_for_byte_for_everybody_named(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        assert send(postman).code == 250
        (letter,) = smtp.taken
        assert (letter.reverse_path, letter.forward_paths, letter.raw) == (US, (ANN, US), LETTER)
        assert f"MAIL FROM:<{US}> SIZE={len(LETTER)}" in smtp.commands

    def test_without_its_dot_nothing_is_delivered(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        for leave in (postman.quit, postman.abort):
            assert postman.offer(US, [ANN], len(LETTER)).code == 354
            postman.body(LETTER)
            leave()
            postman.quit()
        assert send(postman).code == 250
        assert len(smtp.taken) == 1

    def test_a_letter_given_up_does_not_leak_into_the_next(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        postman.offer(US, [ANN], 4)
        postman.body(b"given up\r\n")
        assert send(postman).code == 250
        assert [letter.raw for letter in smtp.taken] == [LETTER]

    def test_one_connection_serves_a_run(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        for _ in range(3):
            send(postman)
        assert (len(smtp.taken), smtp.connections) == (3, 1)
        postman.quit()
        assert smtp.commands[-1] == "QUIT"

    def test_a_connection_that_died_meanwhile_is_opened_again(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        send(postman)
        smtp.hang_up()
        assert send(postman).code == 250
        smtp.plan("mail", Answer("421 4.4.2 idle for too long", hang_up=True))
        assert send(postman).code == 250
        assert (len(smtp.taken), smtp.connections) == (3, 3)

    def test_the_null_reverse_path_is_possible(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        assert postman.offer("", [ANN], 9).code == 354
        assert "MAIL FROM:<> SIZE=9" in smtp.commands

    @pytest.mark.parametrize("path", ["", "a@b>\r\nRCPT TO:<x@y", "a b@c", "<a@b>", "ä@b", "a@" + "b" * 254, "a\0@b"])
    def test_an_address_that_does_not_fit_a_command_is_never_sent(
        self, postman: SmtpPostman, smtp: SmtpBed, path: str
    ) -> None:
        assert postman.offer(US, [ANN, path or "\n"], 9).kind is ReplyKind.NEVER
        assert postman.offer(path or "\n", [ANN], 9).kind is ReplyKind.NEVER
        assert smtp.connections == 0

    def test_a_letter_to_nobody_is_a_mistake(self, postman: SmtpPostman) -> None:
        with pytest.raises(ValueError, match="nobody"):
            postman.offer(US, [], 9)

    @pytest.mark.parametrize(
        "raw", [b"a\n.\r\nMAIL\r\n", b"a\r.\r\n", b"a\r\n.\n", b"a", b"", b"a\r", "é\r\n".encode()]
    )
    def test_a_body_that_could_smuggle_is_refused(self, postman: SmtpPostman, smtp: SmtpBed, raw: bytes) -> None:
        postman.offer(US, [ANN], 9)
        with pytest.raises(ValueError, match="CRLF"):
            postman.body(raw)
        with pytest.raises(PostmanUnreachable):
            postman.dot()
        assert smtp.taken == []

    def test_our_host_name_is_not_told(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        postman.greet()
        assert smtp.commands == ["ehlo [127.0.0.1]"]

    def test_another_server_takes_the_same(self) -> None:
        taken: list[tuple[str | None, list[str], bytes | str | None]] = []

        class Handler:
            async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:  # noqa: N802
                taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
                return "250 2.0.0 taken"

        controller = Controller(Handler(), hostname="127.0.0.1", port=free_ports(1)[0])
        controller.start()
        try:
            with postman_of(Server("127.0.0.1", controller.port, "none")) as postman:
                assert send(postman).code == 250
        finally:
            controller.stop()
        assert taken == [(US, [ANN, US], LETTER)]

    def test_the_copy_to_ourselves_reaches_our_mailbox(
        self, postman: SmtpPostman, smtp: SmtpBed, dovecot: Dovecot, user: str
    ) -> None:
        smtp.deliver_into(dovecot, [user])
        assert send(postman, to=(ANN, user)).code == 250
        (mail,) = dovecot.mails(user)
        assert mail.startswith(f"Return-Path: <{US}>".encode())
        assert mail.endswith(LETTER)


class TestRefusals:
    @pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
    @pytest.mark.parametrize(("said", "kind"), [("451 4.7.1 later", "later"), ("550 5.7.1 never\n550 ever", "never")])
    def test_a_refusal_at_any_stage_is_passed_on_and_the_next_letter_goes_out(
        self, postman: SmtpPostman, smtp: SmtpBed, stage: Stage, said: str, kind: str
    ) -> None:
        smtp.plan(stage, said)
        reply = send(postman)
        assert (reply.code, reply.kind) == (int(said[:3]), kind)
        assert smtp.taken == []
        assert smtp.commands[-1] == "RSET"
        assert send(postman).code == 250
        assert smtp.connections == 1

    @pytest.mark.parametrize(
        ("first", "second", "worst"), [("250 ok", "451 x", 451), ("451 x", "550 y", 550), ("550 y", "250 ok", 550)]
    )
    def test_all_recipients_or_none_and_the_worst_reply_counts(
        self, postman: SmtpPostman, smtp: SmtpBed, first: str, second: str, worst: int
    ) -> None:
        smtp.plan("rcpt", first, second)
        assert send(postman).code == worst
        assert "DATA" not in smtp.commands

    def test_a_server_that_closes_down_is_asked_again_later(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        smtp.plan("rcpt", Answer("421 4.3.2 shutting down", hang_up=True))
        assert send(postman).kind is ReplyKind.LATER
        assert send(postman).code == 250

    @pytest.mark.parametrize(("stage", "said"), [("mail", "354 what?"), ("rcpt", "334 what?"), ("data", "250 what?")])
    def test_a_server_out_of_step_is_unreachable(
        self, postman: SmtpPostman, smtp: SmtpBed, stage: Stage, said: str
    ) -> None:
        smtp.plan(stage, said)
        with pytest.raises(PostmanUnreachable, match="broke off"):
            send(postman)
        assert smtp.taken == []
        assert send(postman).code == 250

    def test_what_the_server_says_is_kept_short_and_printable(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        smtp.plan("rcpt", "550 5.1.1 \x1b[31mno\x00\tsuch\xff " + "x" * 1000)
        text = send(postman).text
        assert text.startswith("5.1.1  [31mno  such")
        assert text.isprintable()
        assert len(text) <= 300


class TestTheDot:
    @pytest.mark.parametrize(
        ("said", "kind"),
        [("250 2.0.0 taken", "ok"), ("250 a\n250 b", "ok"), ("451 4.3.0 full", "later"), ("552 5.3.4 big", "never")],
    )
    def test_a_whole_reply_counts(self, postman: SmtpPostman, smtp: SmtpBed, said: str, kind: str) -> None:
        smtp.plan("dot", said)
        reply = send(postman)
        assert (reply.code, reply.kind) == (int(said[:3]), kind)
        assert len(smtp.taken) == (kind == "ok")
        assert send(postman).code == 250
        assert smtp.connections == 1

    @pytest.mark.parametrize("partly", range(len("250 ok\r\n")))
    @pytest.mark.parametrize("accepted", [True, False])
    def test_a_cut_reply_is_no_reply(self, postman: SmtpPostman, smtp: SmtpBed, partly: int, *, accepted: bool) -> None:
        smtp.plan("dot", Answer("250 ok", partly=partly, accept=accepted))
        assert send(postman).kind is ReplyKind.UNKNOWN
        assert len(smtp.taken) == accepted
        assert send(postman).code == 250

    @pytest.mark.parametrize("partly", [9, 10, 13, 16])
    def test_a_reply_of_several_lines_is_cut_before_its_last_ends(
        self, postman: SmtpPostman, smtp: SmtpBed, partly: int
    ) -> None:
        smtp.plan("dot", Answer("250 one\n250 two", partly=partly))
        assert send(postman).code == 0

    @pytest.mark.parametrize(
        "said",
        [
            "hello",
            "2500 ok",
            "25O ok",
            "250 one\n550 two",
            "999 ok",
            "150 ok",
            "250_ok",
            "220 hi",
            "354 go",
            "250 " + "x" * 5000,
        ],
    )
    def test_a_reply_that_makes_no_sense_is_no_reply(self, postman: SmtpPostman, smtp: SmtpBed, said: str) -> None:
        smtp.plan("dot", Answer(said, accept=True))
        assert send(postman).code == 0
        assert send(postman).code == 250

    def test_a_reply_that_does_not_come_in_time_is_no_reply(self, smtp: SmtpBed) -> None:
        wait = Event()
        smtp.plan("dot", Answer("250 late", hold=wait))
        with postman_of(replace(server_of(smtp), timeout=60, final_timeout=0.1)) as postman:
            assert send(postman).code == 0
            wait.set()
            assert send(postman).code == 250

    @pytest.mark.parametrize("security", ["none", "tls"])
    def test_waiting_can_be_ended_from_another_thread(self, certificate: Certificate, security: str) -> None:
        wait = Event()
        with (
            SmtpBed(security, certificate) as smtp,
            postman_of(replace(server_of(smtp, certificate), final_timeout=600)) as postman,
        ):
            smtp.plan("dot", Answer("250 late", hold=wait))
            replies: list[Reply] = []
            waiting = Thread(target=lambda: replies.append(send(postman)))
            waiting.start()
            assert smtp.reached["dot"].wait(10)
            postman.abort()
            waiting.join(10)
            assert [reply.code for reply in replies] == [0]
            with pytest.raises(PostmanUnreachable, match="stopped"):
                send(postman)
            wait.set()
            postman.quit()
            assert send(postman).code == 250

    def test_a_connection_that_breaks_before_the_dot_means_not_sent(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        smtp.plan("data", Answer("354 go", hang_up=True))
        assert postman.offer(US, [ANN], 9).code == 354
        assert smtp.reached["hung up"].wait(10)
        with pytest.raises(PostmanUnreachable, match="broke off"):
            postman.body(LETTER)
        with pytest.raises(PostmanUnreachable):
            postman.dot()
        assert smtp.taken == []

    def test_so_it_does_when_it_breaks_between_body_and_dot(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        postman.offer(US, [ANN], 9)
        postman.body(LETTER)
        smtp.hang_up()
        with pytest.raises(PostmanUnreachable):
            postman.dot()
        assert smtp.taken == []

    def test_body_and_dot_go_with_an_offer(self, postman: SmtpPostman, smtp: SmtpBed) -> None:
        postman.greet()
        with pytest.raises(PostmanUnreachable):
            postman.body(b"MAIL FROM:<evil@example.org>\r\n")
        postman.greet()
        with pytest.raises(PostmanUnreachable):
            postman.dot()
        assert {line.split()[0] for line in smtp.commands} == {"ehlo"}


class TestConnecting:
    @pytest.mark.parametrize("security", ["tls", "starttls"])
    @pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN", "XOAUTH2 PLAIN LOGIN"])
    def test_each_security_and_login_works(self, certificate: Certificate, security: str, mechanisms: str) -> None:
        with SmtpBed(security, certificate, {US: "schlüssel"}, mechanisms) as smtp:
            server = replace(server_of(smtp, certificate), username=US, password="schlüssel")
            with postman_of(server) as postman:
                assert send(postman).code == 250
        (letter,) = smtp.taken
        assert (letter.username, letter.encrypted, letter.raw) == (US, True, LETTER)

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_an_unknown_authority_is_refused(self, certificate: Certificate, security: str) -> None:
        with SmtpBed(security, certificate) as smtp:
            with pytest.raises(PostmanUnreachable, match="cannot be trusted") as caught:
                connect(server_of(smtp)).greet()
            assert "ca_file" in caught.value.remedy
            assert all(line.startswith(("ehlo", "STARTTLS")) for line in smtp.commands)

    def test_a_certificate_for_another_name_is_refused(self, certificate: Certificate) -> None:
        with (
            SmtpBed("tls", certificate, host="127.0.0.2") as smtp,
            pytest.raises(PostmanUnreachable, match=r"cannot be trusted \(.*127\.0\.0\.2"),
        ):
            connect(server_of(smtp, certificate)).greet()

    def test_an_authority_that_cannot_be_read_is_named(self, certificate: Certificate, tmp_path: Path) -> None:
        with SmtpBed("tls", certificate) as smtp, pytest.raises(PostmanUnreachable, match=r"ca\.pem"):
            connect(replace(server_of(smtp), ca_file=tmp_path / "ca.pem")).greet()

    def test_starttls_that_fails_is_an_error_never_a_fallback(self, certificate: Certificate, smtp: SmtpBed) -> None:
        server = replace(server_of(smtp), security="starttls", username=US, password="secret")
        with pytest.raises(PostmanUnreachable, match="does not offer STARTTLS"):
            connect(server).greet()
        with SmtpBed("starttls", certificate, {US: "secret"}) as other:
            other.plan("starttls", "454 4.7.0 not now")
            with pytest.raises(PostmanUnreachable, match="answered 454"):
                connect(replace(server, port=other.port)).greet()
        assert "AUTH ***" not in smtp.commands + other.commands

    def test_a_wrong_password_is_refused_without_naming_anybody(self, certificate: Certificate) -> None:
        with SmtpBed("tls", certificate, {US: "secret"}) as smtp:
            server = replace(server_of(smtp, certificate), username=US, password="wrong")
            with pytest.raises(PostmanRefused, match="user name or the password") as caught:
                send(connect(server))
        assert US not in str(caught.value)
        assert "wrong" not in repr(server)

    @pytest.mark.parametrize(
        ("said", "error", "words"),
        [
            ("535 5.7.8 ann?", PostmanRefused, "user name or the password"),
            ("534-5.7.9 Application-specific password required", PostmanRefused, "app password"),
            ("535 5.7.139 SmtpClientAuthentication is disabled", PostmanRefused, "user name or the password"),
            ("454 4.7.0 ann?", PostmanUnreachable, "now"),
            ("421 4.7.0 ann?", PostmanUnreachable, "now"),
            ("538 5.7.11 ann?", PostmanUnreachable, "TLS"),
            ("504 5.5.4 ann?", PostmanUnreachable, "now"),
        ],
    )
    def test_only_wrong_credentials_are_refusals(self, said: str, error: type[Exception], words: str) -> None:
        with SmtpBed(users={US: "secret"}) as smtp:
            smtp.plan("auth", said.replace("-", " ", 1))
            server = replace(server_of(smtp), username=US, password="secret")
            with pytest.raises(error, match=words) as caught:
                connect(server).greet()
        assert "ann?" not in str(caught.value)

    def test_a_server_that_wants_a_login_says_nothing_about_the_letter(self) -> None:
        with SmtpBed(users={US: "secret"}) as smtp, pytest.raises(PostmanRefused, match="wants a login"):
            send(connect(server_of(smtp)))

    def test_a_server_without_password_logins_is_told_of(self) -> None:
        with SmtpBed(users={US: "secret"}, mechanisms="XOAUTH2") as smtp:
            server = replace(server_of(smtp), username=US, password="secret")
            with pytest.raises(PostmanUnreachable, match="no login with a password"):
                connect(server).greet()

    def test_without_tls_letters_do_not_leave_this_machine(self) -> None:
        with pytest.raises(PostmanUnreachable, match="in clear"):
            connect(Server("192.0.2.1", 25, "none")).greet()

    def test_a_dead_port_a_silent_server_and_an_unknown_name_are_told_apart(self, smtp: SmtpBed) -> None:
        server = server_of(smtp)
        with pytest.raises(PostmanUnreachable, match="nothing listens"):
            connect(replace(server, port=free_ports(1)[0])).greet()
        with pytest.raises(PostmanUnreachable, match="not known"):
            connect(replace(server, host="mail.example.invalid", security="tls")).greet()
        with closing(socket.create_server(("127.0.0.1", 0))) as silent:
            port = silent.getsockname()[1]
            with pytest.raises(PostmanUnreachable, match="in time"):
                connect(replace(server, port=port, timeout=0.1)).greet()

    @pytest.mark.parametrize(
        ("stage", "said"), [("greeting", "554 go away"), ("greeting", "hello"), ("ehlo", "250 bed\n251 odd")]
    )
    def test_a_server_that_will_not_talk_is_unreachable(self, smtp: SmtpBed, stage: Stage, said: str) -> None:
        smtp.plan(stage, said)
        with pytest.raises(PostmanUnreachable):
            connect(server_of(smtp)).greet()

    def test_connecting_waits_for_the_first_letter(self, smtp: SmtpBed) -> None:
        with postman_of(server_of(smtp)):
            assert smtp.connections == 0
