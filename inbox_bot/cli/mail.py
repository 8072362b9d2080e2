"""Verbs about mail: classify files, import old mail."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path

import click

from inbox_bot.cli.frame import Frame, day, json_option, pass_frame, say, say_json, table
from inbox_bot.domain.classification import Classification, classify
from inbox_bot.domain.message import Identity, InboundMessage
from inbox_bot.domain.mime import parse
from inbox_bot.domain.request import Verdict
from inbox_bot.domain.screening import screen

_BODIES = {".txt": "plain", ".html": "html", ".htm": "html"}
_WINDOW = 1 << 20


@click.command("classify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
@json_option
@pass_frame
def classify_files(frame: Frame, paths: tuple[str, ...], as_json: bool) -> None:
    """Say of each file what recognition makes of it. Needs no configuration.

    A folder is walked. .eml is a message, .txt and .html a body. With --json one
    line of JSON a file. Nothing is written, nothing is sent.

    \b
    Example:  inbox-bot classify letter.eml
              inbox-bot classify --json folder/ > verdicts.jsonl
    """  # noqa: D301
    from inbox_bot.adapters.lexicons import load_rulebook  # noqa: PLC0415

    rulebook = load_rulebook()
    identity = _identity(frame)
    for path in _files(paths):
        told = _told(path, identity, lambda message: classify(message, rulebook))
        if as_json:
            say_json(told, indent=None)
        else:
            _say(told)


def _identity(frame: Frame) -> Identity | None:
    if not frame.configured:
        return None
    from inbox_bot import config  # noqa: PLC0415

    return config.identity(frame.app.settings)


def _files(paths: tuple[str, ...]) -> Iterator[Path]:
    for given in map(Path, paths):
        if given.is_dir():
            for folder, names, files in os.walk(given):
                names.sort()
                yield from (Path(folder, name) for name in sorted(files))
        else:
            yield given


def _told(
    path: Path, identity: Identity | None, judge: Callable[[InboundMessage], Classification]
) -> Mapping[str, object]:
    """The verdict on one file; a file that cannot be read is a possible request, as it would be in the mailbox."""
    base: dict[str, object] = {"path": str(path)}
    try:
        with path.open("rb") as file:
            raw = file.read(_WINDOW + 1)
        kind = _BODIES.get(path.suffix.lower())
        truncated = len(raw) > _WINDOW
        message = parse(_as_mail(raw, kind) if kind else raw[:_WINDOW], truncated=truncated)
        screening = screen(message, identity) if kind is None else None
        found = judge(message)
    except Exception as error:  # noqa: BLE001 - one odd file never stops the rest
        return base | {
            "verdict": str(Verdict.UNCERTAIN), "rights": [], "language": None, "may_answer": False,
            "withheld": "unparsed", "evidence": [], "error": type(error).__name__,
        }  # fmt: skip
    reason = screening.reason if screening else None
    return base | {
        "verdict": str(found.verdict),
        "rights": list(found.rights),
        "language": found.language,
        "may_answer": reason is None,
        "withheld": reason,
        "score": found.score,
        "marks": list(found.marks),
        "evidence": [asdict(evidence) for evidence in found.evidence],
    }


def _as_mail(raw: bytes, subtype: str) -> bytes:
    """A bare body as the mail that would carry it."""
    head = (
        f"MIME-Version: 1.0\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return head.encode() + raw


def _say(told: Mapping[str, object]) -> None:
    rights = told["rights"]
    asked = f": {', '.join(map(str, rights))}" if isinstance(rights, list) and rights else ""
    withheld = f"  (not to be answered: {told['withheld']})" if told["withheld"] else ""
    say(f"{told['path']}: {told['verdict']}{asked}{withheld}")
    evidence = told["evidence"]
    for entry in evidence if isinstance(evidence, list) else ():
        words = " ".join(str(entry["words"]).split())
        say(f"    {entry['weight']:+5.0f}  “{words}”  {entry['rule']}, {entry['where']}")


@click.command("import")
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day of delivery.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be registered.")
@pass_frame
def import_old(frame: Frame, since: datetime, dry_run: bool) -> None:
    """Register requests among the mail from before the first start. Answers nobody.

    \b
    Example:  inbox-bot import --since 2026-10-01 --dry-run
    """  # noqa: D301
    from inbox_bot import intake  # noqa: PLC0415

    app = frame.app
    begin = datetime.combine(since.date(), time(), app.settings.law.zone).astimezone(UTC)
    with app.held(), app.register() as register, app.mailbox() as mailbox:
        desk = app.desk(mailbox, register, lambda: None)
        found = intake.import_since(desk, begin, dry_run=dry_run)
    verb = "would be registered" if dry_run else "registered, none acknowledged"
    say(f"{len(found)} {verb}.")
    if found:
        lines = (
            ("-" if dry_run else request.reference, day(request.received_on), day(request.due_on), str(request.state),
             ", ".join(request.rights))
            for request in found
        )  # fmt: skip
        table(("reference", "received", "due", "state", "asks for"), lines, fold="asks for")


VERBS = (classify_files, import_old)
