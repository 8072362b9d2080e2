"""Reading a secret where it is kept, at the moment it is used. It is never part of the configuration."""

import os
import shlex
import signal
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from inbox_bot.errors import ConfigurationError

Secret = SecretStr

_BY_HAND = "Run it by hand as the service's user: it must print the password, on one line, and end with status 0."


def resolve_secret(spec: str, *, environ: Mapping[str, str] = os.environ, patience: float = 30.0) -> Secret:
    """The secret that `spec` points to: `credential:NAME`, `file:PATH`, `env:NAME` or `command:LINE`.

    One trailing newline is dropped. A command runs without a shell and is killed, with all it started, after
    `patience` seconds. Raises ConfigurationError with a remedy; neither it nor the repr of the result shows the secret.
    """
    scheme, _, rest = spec.partition(":")
    match scheme:
        case "credential":
            raw = _credential(rest, environ)
        case "file":
            raw = _private_file(Path(rest))
        case "env":
            raw = _variable(rest, environ)
        case "command":
            raw = _output(rest, environ, patience)
        case _:
            raise ConfigurationError("a secret is not given by credential:, file:, env: or command:")
    return Secret(_one_line(raw, spec))


def _credential(name: str, environ: Mapping[str, str]) -> bytes:
    """A credential of the service (systemd.exec(5), CREDENTIALS_DIRECTORY)."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    remedy = f"Name it in the unit: LoadCredential={name}:/path/of/the/file. Outside systemd, use file:PATH."
    if not folder:
        raise ConfigurationError(f"credential:{name} exists only in a service that systemd started", remedy=remedy)
    return _bytes(Path(folder, name), f"the credential {name}", remedy)


def _private_file(path: Path) -> bytes:
    what = f"the password file {path}"
    if _mode(path) & stat.S_IROTH:
        raise ConfigurationError(f"{what} can be read by everybody", remedy=f"Run: chmod o-rwx {path}")
    return _bytes(path, what, f"Make it, readable by the bot's user only: install -m 600 /dev/stdin {path}")


def _bytes(path: Path, what: str, remedy: str) -> bytes:
    if _mode(path) and not stat.S_ISREG(_mode(path)):  # opening a pipe would block
        raise ConfigurationError(f"{what} is not a file", remedy=remedy)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{what} cannot be read: {error.strerror}", remedy=remedy) from error


def _mode(path: Path) -> int:
    """The mode of what the path leads to; 0 if that cannot be known."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _variable(name: str, environ: Mapping[str, str]) -> bytes:
    value = environ.get(name)
    if value is None:
        raise ConfigurationError(f"the environment variable {name} is not set", remedy=f"Set {name}, or use file:PATH.")
    return value.encode("utf-8", "surrogateescape")


def _output(line: str, environ: Mapping[str, str], patience: float) -> bytes:
    try:
        # A session of its own: what the command starts holds the pipe open, and must be killed with it.
        with subprocess.Popen(  # noqa: S603 -- the owner's own command, without a shell
            shlex.split(line),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=patience)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"the password command did not end in {patience:g} s", remedy=_BY_HAND) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the password command cannot be run: {error}", remedy=_BY_HAND) from error
    if process.returncode:
        raise ConfigurationError(f"the password command ended with status {process.returncode}", remedy=_BY_HAND)
    return output


def _one_line(raw: bytes, spec: str) -> str:
    where = spec if not spec.startswith("command:") else "the password command"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{where} holds no UTF-8 text", remedy="Store the password as plain text.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ConfigurationError(f"{where} is empty", remedy="Store the password there.")
    if any(char in text for char in "\r\n\0"):
        raise ConfigurationError(f"{where} holds more than one line", remedy="Keep the password alone in it.")
    return text
