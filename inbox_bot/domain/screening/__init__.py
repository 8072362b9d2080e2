"""May we answer this mail?

The rules that forbid it are in `rules`, their data in `tables` and `subject`: RFC 3834, and what the world does
beside it.
"""

from dataclasses import dataclass

from inbox_bot.domain.message import Identity, InboundMessage
from inbox_bot.domain.screening import sender
from inbox_bot.domain.screening.fields import View
from inbox_bot.domain.screening.rules import RULES, marked

__all__ = ["Screening", "screen"]


@dataclass(frozen=True, slots=True)
class Screening:
    """The answer to "may we answer?".

    reason: the name of the first rule that forbids it, None when we may. detail: the same in words for the owner.
    fired: every rule that forbids it. forward_path: the one checked address an answer may go to, given also where a
    rule forbids it (the owner may release the answer); None when there is no such address.
    """

    reason: str | None
    detail: str = ""
    fired: tuple[str, ...] = ()
    forward_path: str | None = None


def screen(message: InboundMessage, identity: Identity | None = None) -> Screening:
    """Apply every rule. Pure; never raises; takes time linear in the size of the header.

    The answer goes to the single From address, never to Reply-To, except for a form that `identity` trusts: then to its
    single Reply-To, and what a form may be (a machine) is forgiven.
    """
    view = View.of(message, identity)
    from_form = sender.is_form(message, identity)
    by_header = marked(view)
    rules = [rule for rule in RULES if not (from_form and rule.form_may)]
    fired = [rule for rule in rules if rule.name in by_header or rule.holds(view)]
    address = sender.answer_address(message, identity)
    return Screening(
        reason=fired[0].name if fired else None,
        detail=fired[0].meaning if fired else "",
        fired=tuple(rule.name for rule in fired),
        forward_path=address if address and sender.is_safe(address) else None,
    )
