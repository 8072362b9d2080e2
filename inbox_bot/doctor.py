"""`check`: every part tried for real, each with its remedy. Nothing is changed and nothing is sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inbox_bot import config
from inbox_bot.app import App
from inbox_bot.errors import InboxBotError


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it works, in words, and what to do if not."""

    part: str
    ok: bool
    words: str
    remedy: str = ""


def examine(app: App) -> Iterator[Finding]:
    """Try every part in turn; one that fails does not hide the others."""
    yield Finding("configuration", ok=True, words=f"{app.settings.company}, {app.settings.country}, {app.policy.law}")
    for remark in config.remarks(app.settings):
        yield Finding("configuration", ok=True, words=remark)
    parts: tuple[tuple[str, Callable[[App], str]], ...] = (
        ("recognition", _recognition),
        ("law", _law),
        ("register", _register),
        ("mailbox", _mailbox),
        ("sending", _sending),
    )
    for part, attempt in parts:
        yield _tried(part, attempt, app)
    yield from _templates(app)


def _tried(part: str, attempt: Callable[[App], str], app: App) -> Finding:
    try:
        return Finding(part, ok=True, words=attempt(app))
    except InboxBotError as error:
        return Finding(part, ok=False, words=str(error), remedy=error.remedy)


def _recognition(_app: App) -> str:
    from inbox_bot.adapters.lexicons import load_rulebook  # noqa: PLC0415 - part of what is tried

    rules = load_rulebook().rules
    return f"{len(rules)} rules in {len({rule.language for rule in rules})} languages"


def _law(app: App) -> str:
    today = app.local(app.clock()).date()
    due = app.due_on((), today)
    return f"a request of today is to be answered by {due:%A} {due.day} {due:%B %Y}"


def _register(app: App) -> str:
    with app.register() as register:
        broken = register.broken_link()
        if broken is not None:
            raise InboxBotError(
                f"the history was edited: event {broken} does not fit its hash chain",
                "restore the register from a backup: deploy/README.md tells how",
            )
        return f"{app.register_path}: {len(register.requests())} open requests, history intact"


def _mailbox(app: App) -> str:
    with app.mailbox() as mailbox:
        found = mailbox.folders()
        folder = mailbox.examine(found.inbox)
        junk = app.settings.imap.junk or found.junk
        return f"{folder.exists} mails in {folder.name}; Junk is {junk or 'not found, so it is not read'}"


def _sending(app: App) -> str:
    postman = app.postman()
    try:
        postman.greet()
    finally:
        postman.quit()
    server = app.settings.smtp
    return f"{server.host}:{server.port} takes our mail"


def _templates(app: App) -> Iterator[Finding]:
    problems = app.writer.check()
    for problem in problems:
        yield Finding("templates", ok=False, words=str(problem), remedy=problem.remedy)
    if not problems:
        yield Finding("templates", ok=True, words="every letter renders")
