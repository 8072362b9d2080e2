"""Verbs that set up and run: demo, check, run, config, preview."""

import textwrap
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_bot.cli.frame import Frame, complain, json_option, log_to_stderr, pass_frame, safe, say, say_json
from inbox_bot.domain.request import Request, Right, State
from inbox_bot.errors import InboxBotError

if TYPE_CHECKING:
    from inbox_bot.demo import Decided


@click.command()
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where the letters are put.")
def demo(folder: Path | None) -> int:
    """See it at work: no account, no network, under ten seconds.

    Starts a mail server inside this process, puts a dozen mails into it, makes
    one real pass, and shows what was decided, why, and what went out.
    """
    try:
        from inbox_bot import demo as room  # noqa: PLC0415 - needs the extra `demo`
    except ModuleNotFoundError as error:
        complain(f"the demo needs the package {error.name}", remedy="pip install 'inbox-bot[demo]'")
        return 1
    return room.show(folder, _show_demo)


def _show_demo(decided: Sequence["Decided"], files: Sequence[Path]) -> None:
    say("One pass over a mailbox in which these mails had just arrived:")
    say()
    for mail in decided:
        say(f"{mail.verdict:<10} {mail.reference or '-':<13} {mail.mail}")
        for words in filter(None, (mail.what, mail.why)):
            say(textwrap.shorten(words, 80, initial_indent=" " * 11, placeholder=" ...”"))
    say()
    say("What went out, as files to open:")
    for file in files:
        say(f"  {file}")


@click.command()
@json_option
@pass_frame
def check(frame: Frame, as_json: bool) -> int:
    """Try everything: configuration, mailbox, sending, register, templates.

    \b
    Example:  inbox-bot --config config.toml check
    """  # noqa: D301
    from inbox_bot import doctor  # noqa: PLC0415

    findings = []
    for finding in doctor.examine(frame.app):
        findings.append(finding)
        if not as_json:
            say(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.part:<14} {finding.words}")
            if finding.remedy:
                say(f"      {'':<14} -> {finding.remedy}")
    if as_json:
        say_json([{"part": f.part, "ok": f.ok, "words": f.words, "remedy": f.remedy} for f in findings])
    return 0 if all(finding.ok for finding in findings) else 1


@click.command()
@click.option("--once", is_flag=True, help="One pass of everything due, then end.")
@pass_frame
def run(frame: Frame, once: bool) -> int:
    """Work: read, register, acknowledge, remind. Until SIGTERM, or --once.

    \b
    Example:  inbox-bot --config config.toml run --once
    """  # noqa: D301
    from inbox_bot import config, service  # noqa: PLC0415
    from inbox_bot.errors import MailboxRefused  # noqa: PLC0415

    log_to_stderr()
    app = frame.app
    for remark in config.remarks(app.settings):
        complain(remark)
    if not once:
        return service.run(app)
    with app.held():
        report = app.pass_once()
    service.told(report)
    for error in report.trouble:
        complain(str(error), remedy=error.remedy)
    if not report.trouble:
        return 0
    first = report.trouble[0]
    if isinstance(first, MailboxRefused) and service.never_worked(app):
        return 2
    from inbox_bot.cli import exit_code  # noqa: PLC0415 - the group imports this room

    return exit_code(first)


@click.group("config")
def config_group() -> None:
    """Check or show the configuration file."""


@config_group.command("check")
@pass_frame
def config_check(frame: Frame) -> None:
    """Read the file and tell every problem in it, with its line."""
    from inbox_bot import config  # noqa: PLC0415

    for remark in config.remarks(frame.app.settings):
        say(remark)
    say(f"{frame.path}: no problem found. `inbox-bot check` tries the servers too.")


@config_group.command("show")
@pass_frame
def config_show(frame: Frame) -> None:
    """Show every setting in force, defaults filled in, secrets by name only."""
    from inbox_bot import config  # noqa: PLC0415

    say(config.show(frame.app.settings).rstrip())


@click.command()
@click.argument("letter", type=click.Choice(["acknowledgement", "digest"]))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to show it for.  [default: today]")
@click.option("--html", is_flag=True, help="The digest's HTML.")
@pass_frame
def preview(frame: Frame, letter: str, on: datetime | None, html: bool) -> None:
    """Show a letter as it would go out. Nothing is sent.

    \b
    Example:  inbox-bot preview digest --on 2026-12-21
    """  # noqa: D301
    from inbox_bot import digest  # noqa: PLC0415

    app = frame.app
    day = on.date() if on else app.local(app.clock()).date()
    with app.register() as register:
        if letter == "digest":
            written = app.writer.write("en", "digest", {"agenda": digest.agenda_of(register, app.almanac, day)})
        else:
            written = app.correspondent(register).written(_sample(app.due_on((Right.ACCESS,), day), day, app.clock()))
    if html:
        if written.html is None:
            raise InboxBotError("this letter is plain text", "leave --html away")
        click.echo(written.html)
        return
    say(f"Subject: {safe(written.subject)}")
    say()
    say(written.text.rstrip())


def _sample(due_on: date, day: date, at: datetime) -> Request:
    """A request that is in no register, to show a letter with."""
    return Request(
        reference="DSR-26-00000", state=State.OPEN, outcome=None, rights=(Right.ACCESS,), language="en",
        received_at=at, received_on=day, due_on=due_on, extended=False, law="", place="", channel="email",
        sender=None, message_id=None, text_hash=None, evidence=(), marks=(), withheld=None, location=None,
    )  # fmt: skip


VERBS = (demo, check, run, config_group, preview)
