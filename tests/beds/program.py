"""The real program in a real process, and a configuration file for it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import inbox_bot
from tests.beds.dovecot import PASSWORD, Dovecot
from tests.beds.smtp import SmtpBed

_HOUSE = Path(inbox_bot.__file__).parent.parent


def run_cli(
    *args: str, config: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `inbox-bot [--config FILE] ARGS` to its end; look at returncode, stdout, stderr."""
    command = _command(args, config)
    return subprocess.run(
        command, env=_environment(env), capture_output=True, text=True, timeout=timeout, check=False, cwd="/"
    )


def start_cli(
    *args: str, config: Path | None = None, env: Mapping[str, str] | None = None, log: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start it and return at once; its words go to the file `log`. The caller ends it and waits for it."""
    with (log or Path(os.devnull)).open("ab") as words:
        return subprocess.Popen(_command(args, config), env=_environment(env), stdout=words, stderr=words, cwd="/")


def write_config(
    folder: Path, dovecot: Dovecot, smtp: SmtpBed, mailbox: str, *, owner: str = "jo@example.co.uk", **tables: Any
) -> Path:
    """A configuration for these two servers (an SMTP server with TLS takes dovecot.certificate). `tables` go over it.

    write_config(tmp_path, dovecot, smtp, user, mode="observe", imap={"security": "starttls", "port": dovecot.imap})
    """
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    settings: dict[str, Any] = {
        "company": "Example Ltd",
        "country": "GB-ENG",
        "mailbox": mailbox,
        "owner": owner,
        "password": f"file:{password}",
        "mode": "live",
        "imap": {
            "host": dovecot.host,
            "port": dovecot.imaps,
            "security": "tls",
            "ca_file": str(dovecot.certificate.path),
        },
        "smtp": {
            "host": smtp.host,
            "port": smtp.port,
            "security": smtp.security,
            "ca_file": str(dovecot.certificate.path),
        }
        | ({"username": ""} if smtp.users is None else {}),
        "register": {"path": str(folder / "register.db")},
    }
    for name, value in tables.items():
        settings[name] = settings.get(name, {}) | value if isinstance(value, dict) else value
    path = folder / "config.toml"
    path.write_text(as_toml(settings))
    return path


def as_toml(settings: Mapping[str, Any]) -> str:
    """Plain values first, tables after. JSON's strings, numbers, booleans and arrays are TOML's, too."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in settings.items() if not isinstance(value, dict)]
    tables = [f"\n[{key}]\n{as_toml(value)}" for key, value in settings.items() if isinstance(value, dict)]
    return "\n".join([*plain, *tables]) + "\n"


def _command(args: tuple[str, ...], config: Path | None) -> list[str]:
    return [sys.executable, "-m", "inbox_bot", *(["--config", str(config)] if config else []), *args]


def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
    own = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return own | {"PYTHONPATH": str(_HOUSE), "LC_ALL": "C.UTF-8", "COLUMNS": "120"} | dict(env or {})
