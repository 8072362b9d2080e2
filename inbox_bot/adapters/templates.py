"""The one door of jinja2: letters from templates, by language and kind.

`<language>/<kind>.txt.j2` starts with `Subject: ...` and an empty line; a line of it is a paragraph, wrapped when it is
written; lines indented by four spaces stay whole. `<language>/<kind>.html.j2` is the same letter for a screen. A file
in the owner's folder wins over ours of the same name.
"""

import difflib
import re
import textwrap
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import jinja2
from jinja2 import meta, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from inbox_bot.domain.agenda import Agenda, Entry, SecondLook, Trouble, TroubleKind, Urgency
from inbox_bot.domain.request import Right
from inbox_bot.errors import TemplateError
from inbox_bot.ports import Written

COLUMNS = 72
_REMEDY = "Correct the template, or delete it to return to the one that comes with inbox-bot."
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REFERENCE = re.compile(r"DSR-\d\d-[0-9A-HJKMNP-TV-Z]{5}", re.ASCII)
# What a template can do wrong while it renders: jinja2's own errors, and Python's from an expression.
_FAULTS = (
    jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LetterKind:
    """What a kind of letter is made of.

    samples: made-up facts for every branch of its templates. The first declares the facts: their names and types are
    all that `write` takes. optional: facts that may be empty, so a template may leave them out. html: it has that form.
    for_owner: the owner gets it, in English; it need not exist in other languages.
    """

    samples: tuple[Mapping[str, object], ...]
    optional: frozenset[str] = frozenset()
    html: bool = False
    for_owner: bool = False

    @property
    def facts(self) -> frozenset[str]:
        """The names of the declared facts."""
        return frozenset(self.samples[0])


_SUNDAY = date(2026, 11, 22)
_SAMPLE_REQUEST: Mapping[str, object] = {
    "reference": "DSR-26-7F3K7",
    "company": "Example Ltd",
    "received_on": _SUNDAY,
    "answer_by_on": date(2026, 12, 22),
    "rights": (Right.ACCESS, Right.ERASURE),
    "for_other": False,
    "contact_name": "Jo Bloggs",
    "contact_email": "privacy@example.co.uk",
    "contact_phone": "020 7946 0000",
    "contact_postal": "1 High Street\nLondon N1 1AA",
    "regulator_name": "Information Commission",
    "regulator_url": "https://ico.org.uk/make-a-complaint",
    "regulator_phone": "0303 123 1113",
}
_OPTIONAL = frozenset({"contact_name", "contact_phone", "contact_postal", "regulator_url", "regulator_phone"})


def _sample_entry(urgency: Urgency, days_left: int, *rights: str) -> Entry:
    reference = _SAMPLE_REQUEST["reference"]
    return Entry(
        reference=str(reference),
        rights=rights,
        urgency=urgency,
        status=urgency.upper(),
        urgent=urgency is Urgency.NOW,
        received_on=_SUNDAY,
        due_on=_SUNDAY + timedelta(days=days_left),
        days_left=days_left,
        explanation="Received on the 22nd; one month later is a working day.",
        acknowledgement="Acknowledged.",
        commands=(f"inbox-bot show {reference}", f"inbox-bot close {reference} --outcome done"),
        notices=("They say that they asked before: look for that mail today.",) if urgency is Urgency.NOW else (),
    )


def _sample_agenda(entries: Sequence[Entry], troubles: Sequence[Trouble]) -> Agenda:
    return Agenda(
        today=_SUNDAY,
        company="Example Ltd",
        due=True,
        headline="1 overdue" if entries else "all quiet",
        entries=tuple(entries),
        troubles=tuple(troubles),
        marks_to_record=(),
        announced=(),
        all_quiet=not entries,
        second_look=SecondLook(datetime(2026, 11, 16, 8, tzinfo=UTC), 412, len(entries), 3) if entries else None,
    )


_SAMPLE_ENTRIES = tuple(
    _sample_entry(urgency, days_left, *(() if urgency is Urgency.TRIAGE else ("access", "erasure")))
    for urgency, days_left in zip(Urgency, (-2, 0, 20, 9, 3, 30, 21), strict=True)
)
_SAMPLE_TROUBLES = (
    *(Trouble(kind, "inbox-bot check", count) for kind in TroubleKind for count in (1, 3)),
    Trouble(TroubleKind.WITHHELD, "inbox-bot acknowledge DSR-26-7F3K7", reference="DSR-26-7F3K7"),
)
KINDS: Mapping[str, LetterKind] = {
    "acknowledgement": LetterKind(
        samples=(
            _SAMPLE_REQUEST,
            {**_SAMPLE_REQUEST, "rights": tuple(Right)},
            {**_SAMPLE_REQUEST, "for_other": True},
            {**_SAMPLE_REQUEST, "rights": (Right.COMPLAINT,)},
            {**_SAMPLE_REQUEST, "rights": (), **dict.fromkeys(_OPTIONAL, "")},
        ),
        optional=_OPTIONAL,
    ),
    "digest": LetterKind(
        samples=(
            {"agenda": _sample_agenda(_SAMPLE_ENTRIES, _SAMPLE_TROUBLES)},
            {"agenda": _sample_agenda((), ())},
        ),
        html=True,
        for_owner=True,
    ),
    "new": LetterKind(samples=({"entry": _SAMPLE_ENTRIES[2], "company": "Example Ltd"},), for_owner=True),
}


# The language that every letter exists in: of the owner's letters, and of answers in a language without templates.
FALLBACK = "en"
_FILES = (
    *(f"{kind}.txt.j2" for kind in KINDS),
    *(f"{kind}.html.j2" for kind, about in KINDS.items() if about.html),
)
_ANSWERS = frozenset(f"{kind}.txt.j2" for kind, about in KINDS.items() if not about.for_owner)


def packaged_folder() -> Path:
    """Our own templates: inside the package once built, beside it in a checkout or an editable install."""
    package = Path(str(files("inbox_bot")))
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


class JinjaWriter:
    """Writes letters. owner_folder: the owner's own templates, in the same layout as ours.

    in_words: a day and a language -> that day in words that no country reads backwards.
    """

    def __init__(self, in_words: Callable[[date, str], str], owner_folder: Path | None = None) -> None:
        self._folders = (*((owner_folder,) if owner_folder else ()), packaged_folder())
        self._loader = jinja2.FileSystemLoader(self._folders)
        # No auto_reload: what `check` saw at the start is what is sent until the next start.
        self._environment = ImmutableSandboxedEnvironment(
            loader=self._loader,
            undefined=jinja2.StrictUndefined,
            autoescape=jinja2.select_autoescape(enabled_extensions=("html", "html.j2")),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )

        @jinja2.pass_context
        def day(context: Context, value: date) -> str:
            return in_words(value, (context.name or FALLBACK).partition("/")[0])

        self._environment.filters["day"] = day

    def write(self, language: str, kind: str, facts: Mapping[str, object]) -> Written:
        """The letter of that kind, in words; in English where the language has no template for it.

        facts: exactly those that the kind declares. None can carry a sender's text: references and rights have their
        shapes checked, the rest are days and the owner's own configuration.

        Raises:
            TemplateError: a template is missing or wrong; the message starts with file:line.
            ValueError: the facts are not the declared ones.
        """
        _check_facts(kind, facts)
        if language not in self.languages(kind):
            language = FALLBACK
        plain = f"{language}/{kind}.txt.j2"
        subject, text = _split(self._render(plain, facts), self._path(plain))
        html = self._render(f"{language}/{kind}.html.j2", facts) if KINDS[kind].html else None
        return Written(subject, text, html)

    def languages(self, kind: str) -> frozenset[str]:
        """The languages that there is a template of a kind in."""
        return frozenset(
            path.parent.name for folder in self._folders for path in folder.glob(f"*/{kind}.txt.j2") if path.is_file()
        )

    def check(self) -> tuple[TemplateError, ...]:
        """Every fault in either folder, found by rendering every template with every sample of its kind."""
        for folder in self._folders:
            if not folder.is_dir():
                return (TemplateError(f"{folder}:1: no such folder", "Create it, or correct its path."),)
        found = {name for name in self._loader.list_templates() if name.endswith(".j2")}
        languages = {name.partition("/")[0] for name in found if name.partition("/")[2] in _ANSWERS}
        expected = {f"{language}/{file}" for language in languages for file in _FILES if file in _ANSWERS}
        expected |= {f"{FALLBACK}/{file}" for file in _FILES}
        return (
            *(self._missing(name) for name in sorted(expected - found)),
            *(self._stray(name, expected) for name in sorted(found - expected) if not Path(name).name.startswith("_")),
            *(problem for name in sorted(expected & found) for problem in self._faults(name)),
        )

    def _path(self, name: str) -> Path:
        """Where a template lies, or where it should."""
        places: list[Path] = [folder / name for folder in self._folders]
        return next((place for place in places if place.is_file()), places[-1])

    def _render(self, name: str, facts: Mapping[str, object]) -> str:
        try:
            return self._environment.get_template(name).render(facts)
        except _FAULTS as error:
            raise self._located(error, name) from error

    def _located(self, error: Exception, name: str) -> TemplateError:
        """The error with the line that caused it: jinja2 rewrites tracebacks to point into templates."""
        steps = traceback.extract_tb(error.__traceback__)
        inside = [f"{step.filename}:{step.lineno}" for step in steps if step.filename.endswith(".j2")]
        place = inside[-1] if inside else f"{self._path(name)}:1"
        if isinstance(error, jinja2.TemplateNotFound):
            message, remedy = f"there is no template {error.name}", "Restore it, or use another language."
        else:
            message, remedy = str(error).partition("\n")[0], _REMEDY
        return TemplateError(f"{place}: {message}", remedy)

    def _missing(self, name: str) -> TemplateError:
        return TemplateError(f"{self._path(name)}:1: this letter is missing", "Add it, or remove its whole language.")

    def _stray(self, name: str, expected: Iterable[str]) -> TemplateError:
        near = difflib.get_close_matches(name, expected, n=1)
        hint = f"Did you mean {near[0]}?" if near else "Remove it. Parts that letters include start with an underscore."
        return TemplateError(f"{self._path(name)}:1: no letter uses this file", hint)

    def _faults(self, name: str) -> Iterator[TemplateError]:
        """What is wrong with one template: first its variables, and if those are right, the letters made from it."""
        kind = Path(name).name.partition(".")[0]
        try:
            wrong = tuple(self._wrong_variables(name, KINDS[kind]))
            if not wrong:
                for sample in KINDS[kind].samples:
                    letter = self._render(name, sample)
                    if name.endswith(".txt.j2"):
                        _split(letter, self._path(name))
        except TemplateError as error:
            wrong = (error,)
        yield from wrong

    def _wrong_variables(self, name: str, kind: LetterKind) -> Iterator[TemplateError]:
        """Names that no fact has, and facts that the letter owes its reader but does not use."""
        try:
            self._environment.get_template(name)  # compiles, and so names the line of a syntax error
            source, path, _ = self._loader.get_source(self._environment, name)
            tree = self._environment.parse(source)
            used = meta.find_undeclared_variables(tree) - self._environment.globals.keys()
        except _FAULTS as error:
            raise self._located(error, name) from error
        for unknown in sorted(used - kind.facts):
            line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == unknown)
            near = difflib.get_close_matches(unknown, kind.facts, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(kind.facts))}."
            yield TemplateError(f"{path}:{line}: there is no fact {unknown}", hint)
        # A template that includes another may use its facts there.
        if not any(meta.find_referenced_templates(tree)):
            for unused in sorted(kind.facts - kind.optional - used):
                yield TemplateError(f"{path}:1: the letter does not say {unused}", f"Use {{{{ {unused} }}}}.")


def _check_facts(kind: str, facts: Mapping[str, object]) -> None:
    declared = KINDS[kind].samples[0] if kind in KINDS else {}
    if facts.keys() != declared.keys():
        raise ValueError(f"{kind} takes the facts {sorted(declared)}, not {sorted(facts)}")
    for name, sample in declared.items():
        value = facts[name]
        if not isinstance(value, type(sample)):
            raise ValueError(f"{kind}: {name} is not a {type(sample).__name__}")  # noqa: TRY004 - one kind of error
        if name == "reference" and not _REFERENCE.fullmatch(str(value)):
            raise ValueError(f"{kind}: reference has not the shape of one")
        if isinstance(value, tuple) and not set(value) <= set(Right):
            raise ValueError(f"{kind}: {name} holds what is no right")


def _split(letter: str, path: Path) -> tuple[str, str]:
    """The subject and the wrapped text of a rendered plain letter."""
    first, _, rest = letter.partition("\n")
    empty, _, body = rest.partition("\n")
    subject = first.removeprefix("Subject:").strip()
    if not first.startswith("Subject:") or not subject or empty.strip():
        raise TemplateError(f"{path}:1: a letter starts with one line `Subject: ...` and an empty line", _REMEDY)
    if _CONTROL.search(subject):
        raise TemplateError(f"{path}:1: a control character in the subject", _REMEDY)
    return subject, _wrap(body)


def _wrap(body: str) -> str:
    """Each line as a paragraph of at most COLUMNS columns. Commands and long words stay whole."""
    lines = (_fill(line.rstrip()) for line in body.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _fill(line: str) -> str:
    if len(line) <= COLUMNS or line.startswith("    "):
        return line
    indent = " " * (len(line) - len(line.lstrip(" -")))
    return textwrap.fill(line, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
