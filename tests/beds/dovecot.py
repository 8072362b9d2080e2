"""A throw-away Dovecot 2.3 on loopback ports: IMAP (clear, STARTTLS, TLS) and LMTP. Any user name logs in.

Runs as root or not, in one short temporary folder: the paths of its sockets may have 108 bytes.
"""

import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from imapclient import IMAPClient

from tests.beds.certificate import Certificate, make_certificate

PASSWORD = "correct-horse"
_PROGRAM = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
_NOBODY = 65534  # mail must not belong to root

_CONFIGURATION = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 50
{unprivileged}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = create
    special_use = \\Trash
  }}
}}
# Failed logins would delay the next ones by up to 15 seconds.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service imap {{
  service_count = 1000
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""

_AS_MYSELF = "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}"


def why_not() -> str | None:
    """Why Dovecot cannot run here, or None."""
    if _PROGRAM is None:
        return "Dovecot is not installed (Debian: dovecot-imapd dovecot-lmtpd)"
    if shutil.which("openssl") is None:
        return "openssl is not installed"
    version = subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return None if version.startswith("2.3.") else f"the bed knows Dovecot 2.3, not {version.split()[0]}"


class Dovecot:
    """The server. Leaving the `with` block ends it and removes its folder; `stop` and `start` keep mail and ports."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="dove", dir="/tmp"))
        self.root.chmod(0o755)
        self.certificate: Certificate = make_certificate(self.root)
        self.imap, self.imaps, self.lmtp_port = free_ports(3)
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.root)

    def start(self) -> None:
        """Begin to listen; returns once a client would be greeted."""
        assert _PROGRAM is not None
        owner = (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        mail = self.root / "mail"
        mail.mkdir(exist_ok=True)
        os.chown(mail, *owner)
        configuration = self.root / "dovecot.conf"
        configuration.write_text(self._configuration(*owner))
        self._process = subprocess.Popen(
            [_PROGRAM, "-F", "-c", str(configuration)], stderr=subprocess.DEVNULL, start_new_session=True
        )
        for _ in range(500):
            if self._process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection((self.host, self.imap), 5) as line:
                if line.recv(4) == b"* OK":
                    return
            time.sleep(0.01)
        log = self.root / "log"
        raise RuntimeError("Dovecot does not start:\n" + (log.read_text() if log.exists() else "no log"))

    def stop(self) -> None:
        """End every process of the server, at once, as a power cut would."""
        for user in list(self._clients):
            self._hang_up(user)
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        shutil.rmtree(self.root / "run", ignore_errors=True)

    def deliver(
        self, user: str, raw: bytes, folder: str = "INBOX", at: datetime | None = None, flags: Sequence[bytes] = ()
    ) -> int:
        """Put a mail as it is into a folder, made if need be, with INTERNALDATE `at`. Its UID."""
        client = self._client(user)
        if folder not in ("INBOX", "Junk", "Sent", "Trash") and not client.folder_exists(folder):
            client.create_folder(folder)
        answer = client.append(folder, raw, flags, at)
        found = re.search(rb"\[APPENDUID \d+ (\d+)\]", answer)
        assert found is not None
        return int(found[1])

    def transfer(self, user: str, raw: bytes, reverse_path: str = "") -> None:
        """Deliver over LMTP, as a mail server in front would: with Return-Path and a Received line of its own."""
        with smtplib.LMTP(self.host, self.lmtp_port, local_hostname="localhost", timeout=30) as lmtp:
            refused = lmtp.sendmail(reverse_path, [user], raw)
        assert not refused

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, frozenset[bytes]]:
        r"""The flags by UID, \Recent among them: looking does not change it."""
        found = self._look(user, folder, "FLAGS")
        return {uid: frozenset(item[b"FLAGS"]) for uid, item in found.items()}

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """The mails, by UID."""
        found = self._look(user, folder, "BODY.PEEK[]")
        return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def expunge(self, user: str, uids: Iterable[int], folder: str = "INBOX") -> None:
        """What the owner's mail program does when mail is deleted."""
        client = self._client(user)
        client.select_folder(folder)
        client.delete_messages(list(uids), silent=True)
        client.expunge()
        client.unselect_folder()

    def flag(self, user: str, uid: int, flag: bytes, folder: str = "INBOX") -> None:
        """What the owner's mail program does when mail is read or starred."""
        client = self._client(user)
        client.select_folder(folder)
        client.add_flags([uid], [flag])
        client.unselect_folder()

    def renumber(self, user: str, folder: str = "INBOX") -> None:
        """Lose the numbering of a folder: the next who opens it finds a new UIDVALIDITY, and UIDs from 1."""
        self._hang_up(user)
        home = self.root / "mail" / user / "Maildir"
        for path in (home if folder == "INBOX" else home / f".{folder}").glob("dovecot[-.]*"):
            if path.name.startswith(("dovecot-uidlist", "dovecot.index")):
                path.unlink()

    def _look(self, user: str, folder: str, item: str) -> dict[int, dict[bytes, Any]]:
        client = self._client(user)
        client.select_folder(folder, readonly=True)
        found: dict[int, dict[bytes, Any]] = client.fetch(client.search("ALL"), [item])
        client.unselect_folder()
        return found

    def _client(self, user: str) -> Any:
        if user not in self._clients:
            client = IMAPClient(self.host, self.imap, ssl=False, timeout=30)
            client.login(user, PASSWORD)
            self._clients[user] = client
        return self._clients[user]

    def _hang_up(self, user: str) -> None:
        client = self._clients.pop(user, None)
        if client is not None:
            with suppress(OSError, IMAPClient.Error):
                client.logout()

    def _configuration(self, uid: int, gid: int) -> str:
        myself = "" if os.geteuid() == 0 else _AS_MYSELF.format(user=_name_of(uid), group=_group_of(gid))
        return _CONFIGURATION.format(
            root=self.root,
            certificate=self.certificate.path,
            key=self.certificate.key,
            password=PASSWORD,
            uid=uid,
            gid=gid,
            imap=self.imap,
            imaps=self.imaps,
            lmtp=self.lmtp_port,
            unprivileged=myself,
        )


def free_ports(count: int) -> tuple[int, ...]:
    """Ports on which nobody listens at the moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(line.getsockname()[1] for line in sockets)
    for line in sockets:
        line.close()
    return ports


def _name_of(uid: int) -> str:
    import pwd  # noqa: PLC0415 (not on every system that only collects the tests)

    return pwd.getpwuid(uid).pw_name


def _group_of(gid: int) -> str:
    import grp  # noqa: PLC0415

    return grp.getgrgid(gid).gr_name
