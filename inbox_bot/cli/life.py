"""Verbs that move a request: confirm, dismiss, extend, close, acknowledge. Each says what changed."""

import click

from inbox_bot.cli.frame import Frame, Reference, day, pass_frame, say
from inbox_bot.domain.request import Outcome, Right

_REFERENCE = click.argument("reference", type=Reference())
_RIGHTS = click.Choice([str(right) for right in Right])
_OUTCOMES = click.Choice(
    [str(outcome).replace("_", "-") for outcome in Outcome if outcome is not Outcome.NOT_A_REQUEST]
)


@click.command()
@_REFERENCE
@click.argument("rights", nargs=-1, type=_RIGHTS, metavar="[RIGHT]...")
@pass_frame
def confirm(frame: Frame, reference: str, rights: tuple[str, ...]) -> None:
    """It is a request (for these rights): the acknowledgement goes out.

    \b
    Rights: access rectification erasure restriction portability objection
            automated_decision consent_withdrawal complaint
    Example:  inbox-bot confirm DSR-26-7F3K7 access erasure
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    app = frame.app
    with app.register() as register:
        request, queued = owner.confirm(app.office(register), reference, tuple(Right(right) for right in rights))
    say(f"{reference} is open: {', '.join(request.rights)}. Answer by {day(request.due_on)}.")
    if queued:
        say("The acknowledgement goes out with the service's next pass.")
    elif request.withheld:
        say(f"Its acknowledgement is withheld ({request.withheld}): inbox-bot acknowledge {reference}")


@click.command()
@_REFERENCE
@click.option("--because", default="", help="A note for the record.")
@pass_frame
def dismiss(frame: Frame, reference: str, because: str) -> None:
    """It is no request: close it. Nobody is written to.

    \b
    Example:  inbox-bot dismiss DSR-26-7F3K7 --because "asks about a parcel"
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    app = frame.app
    with app.register() as register:
        owner.dismiss(app.office(register), reference, because)
    say(f"{reference} is closed: not a request. It stays in the register.")


@click.command()
@_REFERENCE
@click.option("--because", required=True, help="The reason the person will be told.")
@pass_frame
def extend(frame: Frame, reference: str, because: str) -> None:
    """Take longer: once, before the day due is over, with a reason.

    \b
    Example:  inbox-bot extend DSR-26-7F3K7 --because "four archives to search"
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    app = frame.app
    with app.register() as register:
        before = register.request(reference).due_on
        request = owner.extend(app.office(register), reference, because)
    say(f"{reference} is extended: answer by {day(request.due_on)}.")
    say(f"The law wants the person told, with the reason, by {day(before)}: write to {request.sender or 'them'} now.")


@click.command()
@_REFERENCE
@click.option("--outcome", required=True, type=_OUTCOMES, help="How it ended.")
@click.option("--note", default="", help="A note for the record.")
@pass_frame
def close(frame: Frame, reference: str, outcome: str, note: str) -> None:
    """It is answered, or ended otherwise.

    \b
    Example:  inbox-bot close DSR-26-7F3K7 --outcome done
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    app = frame.app
    with app.register() as register:
        request = owner.close(app.office(register), reference, Outcome(outcome.replace("-", "_")), note)
    late = request.closed_at is not None and app.local(request.closed_at).date() > request.due_on
    say(f"{reference} is closed: {outcome}, {'LATE' if late else 'in time'} (due {day(request.due_on)}).")
    if {Right.RECTIFICATION, Right.ERASURE, Right.RESTRICTION} & set(request.rights):
        say("If you had passed the data on, tell those who got it (Article 19).")


@click.command()
@_REFERENCE
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_frame
def acknowledge(frame: Frame, reference: str, yes: bool) -> None:
    """Show an acknowledgement that was withheld, and send it if you say so.

    \b
    Example:  inbox-bot acknowledge DSR-26-7F3K7
    """  # noqa: D301
    from inbox_bot import owner  # noqa: PLC0415

    app = frame.app
    with app.register() as register:
        office = app.office(register)
        request = register.request(reference)
        owner.refuse_acknowledgement(office, request)
        letter = office.correspondent.written(request)
        say(f"Withheld: {request.withheld or 'no'}")
        say(f"To:       {request.sender}")
        say(f"Subject:  {letter.subject}")
        say()
        say(letter.text)
        if not yes:
            click.confirm("Send it?", abort=True)
        owner.acknowledge(office, reference)
    say(f"The acknowledgement of {reference} goes out with the service's next pass.")


VERBS = (acknowledge, confirm, dismiss, extend, close)
