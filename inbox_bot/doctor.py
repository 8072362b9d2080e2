"""`check`: every part tried for real, each with its remedy. Nothing is changed and nothing is sent."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from inbox_bot import config
from inbox_bot.app import App
from inbox_bot.domain.request import Request, Right, State
from inbox_bot.errors import ConfigurationError, InboxBotError
from inbox_bot.letters import Correspondent
from inbox_bot.ports import Written


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it works (None: it could not be tried), in words, and what to do if not."""

    part: str
    ok: bool | None
    words: str
    remedy: str = ""


class _NotMeant(Exception):
    """The way out of a transaction that only tries whether it can be written."""


# What works, or what is wrong, as it is found out.
_Attempt = Callable[[App], Iterator[str | InboxBotError]]


def examine(path: Path) -> Iterator[Finding]:
    """Try every part in turn; one that fails does not hide the others. path: the configuration file."""
    try:
        settings = config.load(path)
    except ConfigurationError as error:
        yield from _problems(error)
        yield from (Finding(part, ok=None, words="not tried: it needs the configuration") for part in _PARTS)
        return
    yield Finding("configuration", ok=True, words=f"{path}: {settings.company}, {settings.country}, {settings.mode}")
    for remark in config.remarks(settings):
        yield Finding("configuration", ok=True, words=f"mind: {remark}")
    app = App(settings)
    for part, attempt in _PARTS.items():
        yield from _tried(part, attempt, app)


def sample_acknowledgement(app: App, day: date) -> Written:
    """The acknowledgement of a request for access that is in no register, received on `day`.

    Raises:
        TemplateError: the letter in the language of the country is wrong.
    """
    request = Request(
        reference="DSR-26-7F3K7", state=State.OPEN, outcome=None, rights=(Right.ACCESS,),
        language=app.settings.language, received_at=app.clock(), received_on=day,
        due_on=app.due_on((Right.ACCESS,), day), extended=False, law="", place="", channel="email",
        sender=None, message_id=None, text_hash=None, evidence=(), marks=(), withheld=None, location=None,
    )  # fmt: skip
    return Correspondent(app.writer, app.letterhead, key=b"", entropy=bytes).written(request)


def _problems(error: ConfigurationError) -> Iterator[Finding]:
    for problem in error.problems or (f"{error} Remedy: {error.remedy}",):
        words, _, remedy = problem.partition(" Remedy: ")
        yield Finding("configuration", ok=False, words=words, remedy=remedy)


def _tried(part: str, attempt: _Attempt, app: App) -> Iterator[Finding]:
    try:
        yield from (_finding(part, told) for told in attempt(app))
    except InboxBotError as error:
        yield _finding(part, error)
    except Exception as error:  # noqa: BLE001 - what nobody foresaw in one part must not hide the others
        yield Finding(part, ok=False, words=f"{type(error).__name__}: {error}", remedy="Please report this.")


def _finding(part: str, told: str | InboxBotError) -> Finding:
    if isinstance(told, InboxBotError):
        return Finding(part, ok=False, words=str(told), remedy=told.remedy)
    return Finding(part, ok=True, words=told)


def _mailbox(app: App) -> Iterator[str | InboxBotError]:
    with app.mailbox() as mailbox:
        junk = app.settings.imap.junk or mailbox.folders().junk
        for name in (*app.settings.imap.folders, *((junk,) if junk else ())):
            folder = mailbox.examine(name)
            yield f"{folder.exists} {'mail' if folder.exists == 1 else 'mails'} in {folder.name}"
        if not junk:
            yield "no Junk folder is known, so none is read; name it: [imap] junk"


def _sending(app: App) -> Iterator[str | InboxBotError]:
    postman = app.postman()
    try:
        postman.greet()
    finally:
        postman.quit()
    server = app.settings.smtp
    login = f"lets us in as {server.username}" if server.username else "takes our mail without a login"
    yield f"{server.host}:{server.port} {login}"


def _register(app: App) -> Iterator[str | InboxBotError]:
    path = app.register_path
    if not os.access(path, os.F_OK):
        folder = next(folder for folder in path.parents if os.access(folder, os.F_OK))
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            raise InboxBotError(
                f"there is no register at {path} yet, and none can be made: {folder} is no folder you may write to",
                "make the folder writable for the bot's user, or name another place: [register] path",
            )
        yield f"none yet: the first `inbox-bot run` makes {path}"
        return
    with app.register() as register:
        broken = register.broken_link()
        if broken is not None:
            raise InboxBotError(
                f"the history was edited: event {broken} does not fit its hash chain",
                "restore the register from a backup: deploy/README.md tells how",
            )
        with suppress(_NotMeant), register.writing():
            register.remember("checked", "")  # a full disk shows itself at the first write only
            raise _NotMeant
        yield f"{path}: {len(register.requests())} open requests, history intact"


def _templates(app: App) -> Iterator[str | InboxBotError]:
    problems = app.writer.check()
    if problems:
        yield from problems
        return
    sample_acknowledgement(app, app.local(app.clock()).date())
    languages = sorted(app.writer.languages("acknowledgement"))
    yield f"every letter renders; answers in {', '.join(languages)}, and in English to anybody else"


def _recognition(app: App) -> Iterator[str | InboxBotError]:
    languages = app.rulebook.languages
    if not languages:
        raise InboxBotError("there are no rules: every mail would be taken for unrelated", "Install inbox-bot again.")
    yield f"rules in {len(languages)} languages: {', '.join(languages)}"


def _law(app: App) -> Iterator[str | InboxBotError]:
    today = app.local(app.clock()).date()
    due_on = app.due_on((), today)
    yield f"{app.settings.law.profile}: a request of today is due on {due_on:%A} {due_on.day} {due_on:%B %Y}"


_PARTS: dict[str, _Attempt] = {
    "mailbox": _mailbox,
    "sending": _sending,
    "register": _register,
    "templates": _templates,
    "recognition": _recognition,
    "law": _law,
}
