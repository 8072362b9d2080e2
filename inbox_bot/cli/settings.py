"""Verbs about what is configured: config check, config show, preview."""

import tomllib
from datetime import date

import click

from inbox_bot.cli.frame import Frame, json_option, pass_frame, say, say_json
from inbox_bot.cli.kinds import Day
from inbox_bot.errors import ConfigurationError, InboxBotError


@click.group("config", short_help="Check or show the configuration.")
def config_group() -> None:
    """Check or show the configuration file.

    \b
    Examples:
      inbox-bot --config config.toml config check
      inbox-bot config show
    """  # noqa: D301


@config_group.command("check", short_help="Tell every problem in the file, with its line.")
@json_option
@pass_frame
def config_check(frame: Frame, as_json: bool) -> int:
    """Read the file and tell every problem in it, with its line and remedy.

    \b
    Example:
      inbox-bot --config config.toml config check
    """  # noqa: D301
    from inbox_bot import config  # noqa: PLC0415

    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    try:
        remarks = config.remarks(frame.settings)
    except ConfigurationError as error:
        if not as_json:
            raise
        problems = error.problems
    if as_json:
        say_json({"file": frame.path, "ok": not problems, "problems": problems, "remarks": remarks})
        return 2 if problems else 0
    for remark in remarks:
        say(f"Mind: {remark}")
    say(f"{frame.path}: no problem found. `inbox-bot check` tries the servers too.")
    return 0


@config_group.command("show", short_help="Show every setting in force.")
@json_option
@pass_frame
def config_show(frame: Frame, as_json: bool) -> None:
    """Show every setting in force, defaults filled in, secrets by name only.

    \b
    Example:
      inbox-bot config show > complete.toml
    """  # noqa: D301
    from inbox_bot import config  # noqa: PLC0415

    text = config.show(frame.settings)
    if as_json:
        say_json(tomllib.loads(text))
    else:
        say(text.rstrip())


@click.command("preview", short_help="Show a letter as it would go out; nothing is sent.")
@click.argument("letter", type=click.Choice(["acknowledgement", "digest"]))
@click.option("--on", "on", type=Day(), help="The day to show it for.  [default: today]")
@click.option("--html", "as_html", is_flag=True, help="The digest's HTML.")
@json_option
@pass_frame
def preview(frame: Frame, letter: str, on: date | None, as_html: bool, as_json: bool) -> None:
    """Show a letter as it would go out. Nothing is sent.

    The acknowledgement is that of a made-up request for access; the digest is
    made of your register.

    \b
    Examples:
      inbox-bot preview acknowledgement
      inbox-bot preview digest --on 2026-12-21
      inbox-bot preview digest --html > digest.html
    """  # noqa: D301
    from inbox_bot import digest, doctor  # noqa: PLC0415

    app = frame.app
    day = on or app.local(app.clock()).date()
    if letter == "digest":
        with frame.register() as register:
            agenda = digest.agenda_of(register, app.almanac, day)
        written = app.writer.write("en", "digest", {"agenda": agenda})
    else:
        written = doctor.sample_acknowledgement(app, day)
    if as_json:
        say_json({"subject": written.subject, "text": written.text, "html": written.html})
    elif as_html:
        if written.html is None:
            raise InboxBotError("this letter is plain text", "leave --html away")
        click.echo(written.html)
    else:
        say(f"Subject: {written.subject}\n\n{written.text.rstrip()}")


VERBS = (config_group, preview)
