"""The command line: the only place that prints and exits."""

import io
import os
import sys
import traceback

import click

from inbox_bot import errors
from inbox_bot.cli import clock, life, mail, reading, settings, work
from inbox_bot.cli.frame import Frame, complain, say

EXIT_CODES = """
\b
Exit codes:
  0  done
  1  refused, not found, or something that was checked or read is wrong
  2  usage or configuration; a first login that never worked
  3  the mailbox          5  the register
  4  the SMTP server      6  another instance is at work
"""
_CODES: tuple[tuple[type[errors.InboxBotError], int], ...] = (
    (errors.ConfigurationError, 2),
    (errors.LexiconError, 2),
    (errors.TemplateError, 2),
    (errors.MailboxError, 3),
    (errors.PostmanError, 4),
    (errors.RegisterBusy, 6),
    (errors.NotFound, 1),
    (errors.StepRefused, 1),
    (errors.RegisterError, 5),
)


def _say_version(context: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - 30 ms for one option

        try:
            say(f"inbox-bot {version('inbox-bot')}")
        except PackageNotFoundError:
            say("inbox-bot, run from its source")
        context.exit()


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False),
    help="The configuration.  [default: $INBOX_BOT_CONFIG, else /etc/inbox-bot/config.toml]",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="The version.")
@click.pass_context
def main(context: click.Context, path: str | None) -> None:
    """Finds data-protection requests in a mailbox, dates, acknowledges, reminds.

    \b
    Look at it first, without any mailbox:   inbox-bot demo
    Set it up:                               inbox-bot --config FILE check
    Day by day:                              inbox-bot list
    Every command tells more:                inbox-bot COMMAND --help
    """  # noqa: D301 - \b keeps click from joining the lines
    context.obj = Frame(path)


for _room in (work, settings, reading, life, mail, clock):
    for _verb in _room.VERBS:
        main.add_command(_verb)


def exit_code(error: errors.InboxBotError) -> int:
    """The exit code that an error is told with."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every error raised on purpose is told with its remedy."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without these letters is no reason to fail
    try:
        code = main.main(arguments, prog_name="inbox-bot", standalone_mode=False)
    except click.ClickException as error:
        _tell_usage(error)
        return 2
    except click.Abort:
        complain("stopped; what was done before stands")
        return 1
    except errors.InboxBotError as error:
        _tell(error)
        return exit_code(error)
    except BrokenPipeError:
        # `inbox-bot list | head`: the reader has seen enough. Python would complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - told by kind and place only: the text of an exception may hold mail
        places = "".join(traceback.format_tb(error.__traceback__))
        complain(f"this was not foreseen: {type(error).__name__}", places.rstrip(), remedy="please report these lines")
        return 1
    return code if isinstance(code, int) else 0


def _tell_usage(error: click.ClickException) -> None:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
    else:
        complain(f"Error: {error.format_message()}", remedy=f"{context.command_path} --help" if context else "")


def _tell(error: errors.InboxBotError) -> None:
    problems = error.problems if isinstance(error, errors.ConfigurationError) else ()
    if not problems:
        complain(str(error), remedy=error.remedy)
    elif len(problems) == 1:  # it says its place and its remedy itself
        complain(*problems)
    else:
        complain(f"{error}:", *problems)
