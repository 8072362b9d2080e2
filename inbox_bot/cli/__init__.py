"""The command line: the only place that prints and exits."""

import os
import sys

import click

from inbox_bot import errors
from inbox_bot.cli import clock, life, mail, reading, work
from inbox_bot.cli.frame import Frame, complain

EXIT_CODES = """
\b
Exit codes: 0 done · 1 refused, not found, or a check failed · 2 usage or
configuration · 3 the mailbox · 4 the SMTP server · 5 the register ·
6 another instance is at work
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


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False),
    help="The configuration.  [default: $INBOX_BOT_CONFIG, else /etc/inbox-bot/config.toml]",
)
@click.version_option(package_name="inbox-bot")
@click.pass_context
def main(context: click.Context, path: str | None) -> None:
    """Finds data-protection requests in a mailbox, dates, acknowledges, reminds.

    \b
    Look at it first, without any mailbox:   inbox-bot demo
    Set it up:                               inbox-bot check
    Day by day:                              inbox-bot list
    """  # noqa: D301 - \b keeps click from joining the lines
    context.obj = Frame(path)


for _room in (work, reading, life, mail, clock):
    for _verb in _room.VERBS:
        main.add_command(_verb)


def exit_code(error: errors.InboxBotError) -> int:
    """The exit code that an error is told with."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every error raised on purpose is told with its remedy."""
    try:
        code = main.main(arguments, prog_name="inbox-bot", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort:
        complain("stopped; nothing was changed")
        return 1
    except errors.ConfigurationError as error:
        complain(str(error), *error.problems, remedy=error.remedy)
        return 2
    except errors.InboxBotError as error:
        complain(str(error), remedy=error.remedy)
        return exit_code(error)
    except BrokenPipeError:
        # `inbox-bot list | head`: the reader has seen enough. Python would complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0
