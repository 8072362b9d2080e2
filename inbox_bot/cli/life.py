"""Verbs that move a request: confirm, dismiss, extend, close, acknowledge. Each says what changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from inbox_bot.cli.frame import Frame, asked, day, pass_frame, say
from inbox_bot.cli.kinds import Reference, Word
from inbox_bot.domain.request import Outcome, Right

if TYPE_CHECKING:
    from inbox_bot.owner import Office

_REFERENCE = click.argument("reference", type=Reference())
_OUTCOMES = [outcome for outcome in Outcome if outcome is not Outcome.NOT_A_REQUEST]
_LEAVES = "goes out with the next pass: the service's, or `inbox-bot run --once`."


@contextmanager
def _office(frame: Frame) -> Iterator["Office"]:
    """What the owner's verbs need, while the register is open."""
    with frame.register() as register:
        yield frame.app.office(register)


@click.command("confirm", short_help="It is a request: open it, and acknowledge it.")
@_REFERENCE
@click.argument("rights", nargs=-1, type=Word(list(Right)), metavar="[RIGHT]...")
@pass_frame
def confirm(frame: Frame, reference: str, rights: tuple[str, ...]) -> None:
    """It is a request (for these rights): the acknowledgement goes out.

    Without a RIGHT it asks for what was recognised. An open request can be
    confirmed for other rights; that writes to nobody.

    \b
    RIGHT: access rectification erasure restriction portability objection
           automated_decision consent_withdrawal complaint

    \b
    Examples:
      inbox-bot confirm DSR-26-7F3K7
      inbox-bot confirm DSR-26-7F3K7 access erasure
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    with _office(frame) as office:
        told = owner.confirm(office, reference, tuple(map(Right, rights)))
    request = told.request
    say(f"{reference} is open: {asked(request.rights)}. Answer by {day(request.due_on)}.")
    if told.queued:
        say(f"The acknowledgement {_LEAVES}")
    elif told.withheld:
        say(f"It is not acknowledged ({told.withheld.replace('_', ' ')}).")
        say(f"To read the letter, and send it:  inbox-bot acknowledge {reference}")


@click.command("dismiss", short_help="It is no request: close it.")
@_REFERENCE
@click.option("--because", default="", help="A note for the record.")
@pass_frame
def dismiss(frame: Frame, reference: str, because: str) -> None:
    """It is no request: close it. Nobody is written to.

    \b
    Example:
      inbox-bot dismiss DSR-26-7F3K7 --because "asks about a parcel"
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    with _office(frame) as office:
        told = owner.dismiss(office, reference, because)
    say(f"{reference} is closed: not a request. It stays in the register.")
    _say_cancelled(cancelled=told.cancelled)


def _say_cancelled(*, cancelled: bool) -> None:
    if cancelled:
        say("Its acknowledgement had not gone out, and will not.")


@click.command("extend", short_help="Take longer: once, in time, with a reason.")
@_REFERENCE
@click.option("--because", required=True, help="The reason the person will be told.")
@pass_frame
def extend(frame: Frame, reference: str, because: str) -> None:
    """Take longer: once, before the day due is over, with a reason.

    Only the register changes: telling the person is your letter.

    \b
    Example:
      inbox-bot extend DSR-26-7F3K7 --because "four archives to search"
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    with _office(frame) as office:
        told = owner.extend(office, reference, because)
    say(f"{reference} is extended: answer by {day(told.request.due_on)}.")
    say(f"The law wants the person told, with the reason, by {day(told.before.due_on)}.")
    say(f"Write now: {told.request.sender or 'the register knows no address'}")


@click.command("close", short_help="It is answered, or ended otherwise.")
@_REFERENCE
@click.option("--outcome", required=True, type=Word(_OUTCOMES), metavar="OUTCOME", help="How it ended.")
@click.option("--note", default="", help="A note for the record.")
@pass_frame
def close(frame: Frame, reference: str, outcome: str, note: str) -> None:
    """It is answered, or ended otherwise. Nobody is written to.

    \b
    OUTCOME: done partly nothing_held refused withdrawn duplicate

    \b
    Examples:
      inbox-bot close DSR-26-7F3K7 --outcome done
      inbox-bot close DSR-26-7F3K7 --outcome refused --note "manifestly excessive"
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    with _office(frame) as office:
        told = owner.close(office, reference, Outcome(outcome), note)
        today = office.today
    timely = "in time" if today <= told.request.due_on else "LATE"
    say(f"{reference} is closed: {asked([outcome])}, {timely} (due {day(told.request.due_on)}).")
    _say_cancelled(cancelled=told.cancelled)
    if {Right.RECTIFICATION, Right.ERASURE, Right.RESTRICTION} & set(told.request.rights):
        say("If you had passed the data on, tell those who got it (Article 19).")


@click.command("acknowledge", short_help="Show a withheld acknowledgement, and send it.")
@_REFERENCE
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_frame
def acknowledge(frame: Frame, reference: str, yes: bool) -> int:
    """Show an acknowledgement that was withheld or failed; send it if you say so.

    \b
    Example:
      inbox-bot acknowledge DSR-26-7F3K7
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    with _office(frame) as office:
        waiting = owner.waiting_acknowledgement(office, reference)
        say(f"Waits because: {waiting.reason}\nTo:            {waiting.request.sender}")
        say(f"Subject:       {waiting.subject}\n\n{waiting.text.rstrip()}\n")
        if not yes and not click.confirm("Send it?"):
            say("It was not sent.")
            return 1
        owner.acknowledge(office, reference)
    say(f"The acknowledgement of {reference} {_LEAVES}")
    return 0


VERBS = (acknowledge, confirm, dismiss, extend, close)
