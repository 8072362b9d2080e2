"""The outbox table: letters claimed, sent and settled, each step one commit."""

from datetime import datetime

from inbox_bot.adapters.store import rows
from inbox_bot.adapters.store.register import Register
from inbox_bot.domain.outbox import Letter, LetterState
from inbox_bot.errors import StepRefused


class Store(Register):
    """Implements `ports.Outbox` beside `ports.Register`, on the same connection."""

    def _letters(self, where: str, *values: object) -> tuple[Letter, ...]:
        found = self._rows(f"SELECT * FROM outbox WHERE {where} ORDER BY due_at, id", *values)  # noqa: S608 - our own
        return tuple(rows.row_to_letter(row) for row in found)

    def letter(self, number: int) -> Letter:
        """One letter by its number."""
        return self._letters("id = ?", number)[0]

    def letters(self, reference: str | None = None, state: LetterState | None = None) -> tuple[Letter, ...]:
        """The letters of a request, or in a state, or both, or all."""
        where, values = ["1"], []
        if reference is not None:
            where.append("reference = ?")
            values.append(reference)
        if state is not None:
            where.append("state = ?")
            values.append(str(state))
        return self._letters(" AND ".join(where), *values)

    def by_token(self, token: str) -> Letter | None:
        """The letter that carries a token."""
        found = self._letters("token = ?", token)
        return found[0] if found else None

    def by_occasion(self, occasion: str) -> Letter | None:
        """The letter that exists for an occasion."""
        found = self._letters("occasion = ?", occasion)
        return found[0] if found else None

    def next_due(self, now: datetime, *, owner_only: bool = False) -> Letter | None:
        """The queued letter that is due longest, or None. owner_only: of those to the owner and to ourselves."""
        kinds = " AND kind IN ('digest', 'probe')" if owner_only else ""
        found = self._letters(f"state = 'queued' AND due_at <= ?{kinds}", rows.instant(now))
        return found[0] if found else None

    def move(
        self, letter: Letter, to: LetterState, now: datetime, *, reply: str = "", due_at: datetime | None = None
    ) -> Letter:
        """Move a letter to a state, compare-and-set, and commit (or join the transaction that is open).

        Raises:
            StepRefused: the letter is no longer in the state we knew.
        """
        settled = to in (LetterState.SENT, LetterState.FAILED, LetterState.UNCERTAIN, LetterState.CANCELLED)
        with self._joined():
            self._move(letter, to, reply, due_at, now if settled else None)
        return self.letter(letter.id)

    def _move(
        self, letter: Letter, to: LetterState, reply: str, due_at: datetime | None, settled_at: datetime | None
    ) -> None:
        claimed = int(to is LetterState.SENDING)
        changed = self._run(
            "UPDATE outbox SET state = ?, reply = ?, due_at = ?, attempts = attempts + ?, settled_at = ?"
            " WHERE id = ? AND state = ?",
            str(to),
            reply[:500],
            rows.instant(due_at or letter.due_at),
            claimed,
            settled_at and rows.instant(settled_at),
            letter.id,
            str(letter.state),
        )
        if changed != 1:
            raise StepRefused(f"letter {letter.id} is no longer {letter.state}")

    def mark_witnessed(self, letter: Letter, now: datetime) -> None:
        """Record that our own copy of a letter was found: it was certainly accepted."""
        self._run(
            "UPDATE outbox SET witnessed_at = coalesce(witnessed_at, ?) WHERE id = ?", rows.instant(now), letter.id
        )

    def mark_bounced(self, letter: Letter, now: datetime) -> None:
        """Record that a letter came back."""
        self._run("UPDATE outbox SET bounced_at = coalesce(bounced_at, ?) WHERE id = ?", rows.instant(now), letter.id)

    def ever_witnessed(self) -> bool:
        """Whether this account has ever shown us our copy of a letter to somebody else."""
        return bool(self._rows("SELECT 1 AS n FROM outbox WHERE witnessed_at IS NOT NULL AND copy IS NOT NULL LIMIT 1"))
