"""Verbs that set up and run: demo, check, run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_bot.cli.frame import (
    Frame,
    asked,
    complain,
    counted,
    json_option,
    log_to_stderr,
    pass_frame,
    rows,
    say,
    say_json,
    table,
)

if TYPE_CHECKING:
    from inbox_bot.demo import Decided

_MARKS = {True: "ok   ", False: "FAIL ", None: "?    "}


@click.command("demo", short_help="See it at work: no account, no network.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where the letters are put.")
def demo(folder: Path | None) -> int:
    """See it at work: no account, no network, under ten seconds.

    Starts a mail server inside this process, puts a dozen mails into it, makes
    one real pass, and shows what was decided, why, and what went out.

    \b
    Examples:
      inbox-bot demo
      inbox-bot demo --folder letters
    """  # noqa: D301
    try:
        from inbox_bot import demo as room  # noqa: PLC0415 - needs the extra `demo`
    except ModuleNotFoundError as error:
        complain(f"the demo needs the package {error.name}", remedy="pip install 'inbox-bot[demo]'")
        return 1
    _show_demo(*room.show(folder))
    return 0


def _show_demo(decided: Sequence["Decided"], letters: Sequence[Path]) -> None:
    say(f"{counted(len(decided), 'mail')} arrived. One pass decided:\n")
    heads = ("what arrived", "decided", "answer by", "because")
    table(heads, (_line(mail) for mail in decided), fold=("what arrived", "decided", "because"))
    say(f"\nWhat went out, as files to open:\n  {letters[0].parent}")
    for letter in letters:
        say(f"    {letter.name}")


def _line(mail: "Decided") -> tuple[str, ...]:
    asks = f": {asked(mail.rights)}" if mail.rights else ""
    decided = "\n".join(filter(None, (f"{mail.verdict}{asks}", mail.answer)))
    due = f"{mail.due_on.day} {mail.due_on:%b %Y}" if mail.due_on else ""
    return "\n".join(filter(None, (mail.label, mail.reference))), decided, due, mail.why


@click.command("check", short_help="Try everything, and say what to do about the rest.")
@json_option
@pass_frame
def check(frame: Frame, as_json: bool) -> int:
    """Try everything: configuration, mailbox, sending, register, templates.

    Nothing is changed and nothing is sent. What does not work comes with its
    remedy, and keeps nothing else from being tried. Exit code 1: something does
    not work; 2: the configuration cannot be used.

    \b
    Example:
      inbox-bot --config config.toml check
    """  # noqa: D301
    from inbox_bot import doctor  # noqa: PLC0415

    findings = []
    for finding in doctor.examine(frame.path):
        findings.append(finding)
        if not as_json:
            remedy = (f"-> {finding.remedy}",) if finding.remedy else ()
            say("\n".join(rows(finding.part, finding.words, *remedy, lead=_MARKS[finding.ok])))
    if as_json:
        say_json(findings)
    if any(finding.ok is None for finding in findings):
        return 2
    return 0 if all(finding.ok for finding in findings) else 1


@click.command("run", short_help="Work: read, register, acknowledge, remind.")
@click.option("--once", is_flag=True, help="One pass of everything due, then end.")
@pass_frame
def run(frame: Frame, once: bool) -> int:
    """Work: read, register, acknowledge, remind. Until SIGTERM, or --once.

    \b
    Example:
      inbox-bot --config config.toml run --once
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
    service.told(report, app.local(app.clock()).date())
    for error in report.trouble:
        complain(str(error), remedy=error.remedy)
    if not report.trouble:
        return 0
    first = report.trouble[0]
    if isinstance(first, MailboxRefused) and service.never_worked(app):
        return 2
    from inbox_bot.cli import exit_code  # noqa: PLC0415 - the group imports this room

    return exit_code(first)


VERBS = (demo, check, run)
