"""Verbs about mail: classify files, import old mail, read the mailbox again."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_bot.cli.frame import (
    Frame,
    asked,
    complain,
    counted,
    day,
    json_option,
    moment,
    pass_frame,
    rows,
    say,
    say_json,
    shown_path,
    table,
    weighty,
)
from inbox_bot.cli.kinds import Day
from inbox_bot.domain.request import Evidence, Right, Verdict

if TYPE_CHECKING:
    from inbox_bot.app import App
    from inbox_bot.domain.message import Identity
    from inbox_bot.intake import Finding

_BODIES = {".txt": "plain", ".html": "html", ".htm": "html"}
_WINDOW = 1 << 20
_THEN = {
    "old": "left alone: it is from before the first start",
    "unread": "not read yet",
    "unrelated": "taken for no request",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What `classify --json` tells of a file. withheld: why it may not be answered. error: why it could not be read."""

    path: Path
    verdict: Verdict
    rights: tuple[Right, ...]
    language: str | None
    may_answer: bool
    withheld: str | None
    score: float
    marks: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    error: str | None = None


_Judge = Callable[[Path], Judged]


@click.command("classify", short_help="Say of each file what recognition makes of it.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--explain", is_flag=True, help="Every rule that fired, what excluded it, the sum, the verdict.")
@json_option
@pass_frame
def classify_files(frame: Frame, paths: tuple[str, ...], explain: bool, as_json: bool) -> int:
    """Say of each file what recognition makes of it. Needs no configuration.

    A folder is walked. A .txt or .html file is the body of a mail, any other
    file is a whole one. A file that cannot be read is `uncertain`, as such a mail
    would be, and the exit code is 1. Nothing is written, nothing is sent.

    With --json one line of JSON a file: path, verdict, rights, language,
    may_answer, withheld (why not), score, marks, evidence, error. Without a
    configuration the rules that must know your addresses or your server are
    skipped.

    \b
    Examples:
      inbox-bot classify --explain letter.eml
      inbox-bot classify --json folder/ > verdicts.jsonl
    """  # noqa: D301
    judge = _judge(frame, whole=explain)
    faults: list[OSError] = []
    unread = 0
    for path in _files(paths, faults):
        judged = _judged(path, judge)
        unread += judged.error is not None
        if as_json:
            say_json(judged, indent=None)
        elif explain:
            _explain(judged)
        else:
            _say(judged)
    for fault in faults:
        complain(f"{shown_path(fault.filename)}: {fault.strerror}")
    return 1 if unread or faults else 0


def _judge(frame: Frame, *, whole: bool) -> _Judge:
    """What says of a file what recognition makes of it; it raises whatever a file makes it raise."""
    from inbox_bot.adapters.lexicons import load_rulebook  # noqa: PLC0415 - reading rules takes its time
    from inbox_bot.domain.classification import classify  # noqa: PLC0415
    from inbox_bot.domain.mime import parse  # noqa: PLC0415
    from inbox_bot.domain.screening import screen  # noqa: PLC0415

    rulebook = load_rulebook(frame.settings.lexicon.folder if frame.configured else None)
    identity = _identity(frame)

    def judge(path: Path) -> Judged:
        raw, subtype = _read(path), _BODIES.get(path.suffix.lower())
        mail = raw if subtype is None else _as_mail(raw, subtype)
        message = parse(mail[:_WINDOW], truncated=len(mail) > _WINDOW)
        reason = screen(message, identity).reason if subtype is None else None
        found = classify(message, rulebook, whole=whole)
        return Judged(
            path=path,
            verdict=found.verdict,
            rights=found.rights,
            language=found.language,
            may_answer=reason is None,
            withheld=reason,
            score=found.score,
            marks=found.marks,
            evidence=found.evidence,
        )

    return judge


def _identity(frame: Frame) -> "Identity | None":
    if not frame.configured:
        return None
    from inbox_bot import config  # noqa: PLC0415

    return config.identity(frame.settings)


def _files(paths: Sequence[str], faults: list[OSError]) -> Iterator[Path]:
    """The files, in order. A link to a file is read; a folder behind a link is not walked, for it may lead back."""
    for given in paths:
        if os.path.isdir(given):  # noqa: PTH112 - Path's raises where a folder above may not be searched
            for folder, names, files in os.walk(given, onerror=faults.append):
                names.sort()
                yield from (Path(folder, name) for name in sorted(files))
        else:
            yield Path(given)


def _judged(path: Path, judge: _Judge) -> Judged:
    """The verdict on one file; one that cannot be read is a possible request, as it would be in the mailbox."""
    try:
        return judge(path)
    except Exception as error:  # noqa: BLE001 - one odd file never stops the rest
        why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        return Judged(path, Verdict.UNCERTAIN, (), None, False, "unparsed", 0.0, (), (), why)


def _read(path: Path) -> bytes:
    """The first window of a file, and one byte more where there is more. Whatever is no file is not opened."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "Not a regular file")
    # A pipe put there meanwhile must not make us wait for a writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        return file.read(_WINDOW + 1)


def _as_mail(raw: bytes, subtype: str) -> bytes:
    """A bare body as the mail that would carry it."""
    head = (
        f"MIME-Version: 1.0\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return head.encode() + raw


def _say(judged: Judged) -> None:
    rights = f": {asked(judged.rights)}" if judged.rights else ""
    why = judged.error or (judged.withheld and f"not to be answered: {judged.withheld}")
    say(f"{shown_path(judged.path)}: {judged.verdict}{rights}{f'  ({why})' if why else ''}")
    for entry in weighty(judged.evidence):
        say(f"    {entry.weight:+5.1f}  “{entry.words}”  {entry.rule}, {entry.where}")


def _explain(judged: Judged) -> None:
    """How the verdict came about, step by step."""
    rights = f": {asked(judged.rights)}" if judged.rights else ""
    say(f"{shown_path(judged.path)}\n")
    for line in (
        *rows("verdict", f"{judged.verdict}{rights}"),
        *rows("sum", f"{judged.score:g} (a request from 10, uncertain from 5)"),
        *rows("language", judged.language or "none that any rule is written in"),
        *rows("marks", ", ".join(judged.marks) or "none"),
        *rows("answer", f"withheld: {judged.withheld}" if judged.withheld else "nothing forbids one"),
        *(rows("could not be read", judged.error) if judged.error else ()),
    ):
        say(line)
    silenced = [each for each in judged.evidence if ": " in each.rule]
    counts = weighty(judged.evidence)
    faint = [each for each in judged.evidence if each not in silenced and not each.weight]
    for heading, entries in (("COUNTED (of several frames, the best)", counts), ("EXCLUDED", silenced)):
        if entries:
            say(f"\n  {heading}")
        for entry in entries:
            said = entry.words if "“" in entry.words else f"“{entry.words}”"
            for line in rows(f"{entry.weight:+.1f}" if entry.weight else "", f"{entry.rule}, {entry.where}", said):
                say(line)
    if faint:
        say("\n  FAINT SIGNS: nothing by themselves, frames add them up")
    for line in rows("", *(f"{entry.rule} “{entry.words}”" for entry in faint)):
        say(line)
    say()


@click.command("import", short_help="Register requests among mail from before the first start.")
@click.option("--since", required=True, type=Day(), help="The first day of delivery.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be registered.")
@pass_frame
def import_old(frame: Frame, since: date, dry_run: bool) -> None:
    """Register requests among the mail from before the first start.

    Each gets its deadline, none is answered: `inbox-bot acknowledge REFERENCE`
    does that, one by one.

    \b
    Example:
      inbox-bot import --since 2026-10-01 --dry-run
    """  # noqa: D301
    from inbox_bot import intake  # noqa: PLC0415

    app = frame.app
    begin = datetime.combine(since, time(), app.settings.law.zone).astimezone(UTC)
    with app.held(), app.register() as register, app.mailbox() as mailbox:
        desk = app.desk(mailbox, register, lambda: None)
        found = intake.import_since(desk, begin, dry_run=dry_run)
    verb = "would be registered" if dry_run else "registered, none acknowledged"
    say(f"{len(found)} {verb}.")
    if found:
        lines = (
            ("-" if dry_run else request.reference, day(request.received_on), day(request.due_on), request.state,
             asked(request.rights))
            for request in found
        )  # fmt: skip
        table(("reference", "received", "due", "state", "asks for"), lines, fold=("asks for",))


@click.command("audit", short_help="Read the mailbox again: what would today's rules register?")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3660), help="How far to look back.")
@json_option
@pass_frame
def audit(frame: Frame, days: int, as_json: bool) -> None:
    """Read the mailbox again with today's rules, and list what is not in the register.

    First what would be registered today; then near misses: mail of people whose
    words come close to a request. Nothing is written, nothing is sent.
    `inbox-bot import --since DAY` registers the first kind.

    \b
    Example:
      inbox-bot audit --days 30
    """  # noqa: D301
    from inbox_bot import intake  # noqa: PLC0415

    app = frame.app
    since = app.clock() - timedelta(days=days)
    with frame.register() as register, app.mailbox() as mailbox:
        found = intake.audit(app.desk(mailbox, register, lambda: None), since)
    if as_json:
        say_json(found)
        return
    say(f"{counted(found.read, 'mail')} of the last {counted(days, 'day')} read again.")
    _say_findings(app, "WOULD BE REGISTERED TODAY, AND IS NOT", found.missed)
    _say_findings(app, "NEAR MISSES", found.near)
    if found.missed:
        first = app.local(found.missed[0].received_at).date()
        say(f"\nTo register the first kind, none acknowledged:\n    inbox-bot import --since {first} --dry-run")
    elif not found.near:
        say("Nothing was missed.")


def _say_findings(app: "App", heading: str, findings: "Sequence[Finding]") -> None:
    if findings:
        say(f"\n{heading}: {len(findings)}")
    for finding in findings:
        rights = f": {asked(finding.rights)}" if finding.rights else ""
        verdict = f"{finding.verdict}{rights}" if finding.verdict is not Verdict.UNRELATED else f"{finding.score:.1f}"
        say()
        for line in (
            *rows("mail", f"{moment(app.local(finding.received_at))}, {finding.place.folder}"),
            *rows("from", finding.sender or "nobody"),
            *rows("subject", finding.subject or "none"),
            *rows("now", verdict),
            *rows("then", _THEN.get(finding.before, finding.before)),
            *rows("the words", *(f"“{each.words}” ({each.weight:+.1f})" for each in weighty(finding.evidence)[:4])),
        ):
            say(line)


VERBS = (classify_files, import_old, audit)
