"""Letters in a few words, for whoever needs the port `Writer`."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from inbox_bot.domain.agenda import Agenda
from inbox_bot.errors import TemplateError
from inbox_bot.letters import Correspondent, Letterhead
from inbox_bot.ports import Writer, Written

MAILBOX = "privacy@shop.example.co.uk"
OWNER = "jo@shop.example.co.uk"
KEY = bytes(range(32))


@dataclass(slots=True)
class FakeWriter:
    """The port `Writer`. broken: kinds whose template is wrong. agendas: every agenda written, in order."""

    broken: set[str] = field(default_factory=set)
    agendas: list[Agenda] = field(default_factory=list)

    def write(self, language: str, kind: str, facts: Mapping[str, object]) -> Written:
        if kind in self.broken:
            raise TemplateError(f"{language}/{kind}.txt.j2:1: wrong")
        agenda = facts.get("agenda")
        if isinstance(agenda, Agenda):
            self.agendas.append(agenda)
            return Written(agenda.subject, f"{agenda.headline}\n", f"<p>{agenda.headline}</p>\n")
        return Written(f"Your message: {facts['reference']}", f"Reference {facts['reference']}.\nAnswer follows.\n")


def letterhead(*, copy: bool = True, owner: str = OWNER) -> Letterhead:
    """Who writes in these tests."""
    return Letterhead(
        company="Example Shop Ltd",
        mailbox=MAILBOX,
        owner=owner,
        copy=copy,
        contact_name="Jo Bloggs",
        contact_phone="020 7946 0000",
        contact_postal="1 High Street\nLondon",
        regulator_name="Information Commission",
        regulator_url="https://regulator.example",
        regulator_phone="0303 123 1113",
    )


def correspondent(
    writer: Writer | None = None, *, key: bytes = KEY, copy: bool = True, owner: str = OWNER
) -> Correspondent:
    """A maker of letters."""
    return Correspondent(writer or FakeWriter(), letterhead(copy=copy, owner=owner), key, secrets.token_bytes)


_: type[Writer] = FakeWriter  # holds the fake to the port
