"""What our own server found when it checked the sender: Authentication-Results (RFC 8601), and nobody else's.

A forged field can only be added below those of our server, and only by the sender himself. So a *failure* counts
wherever it stands under our server's name: a forger could but silence himself. A *pass* lifts an SPF failure only from
the topmost hop that bears our name: the fields between two Received lines. Our server's own fields may stand above its
Received line (most) or right below it (Gmail), hence the hop and not the single field; a server of the second kind must
itself remove what is forged in its name (RFC 8601 section 5).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import authres

from inbox_bot.domain.screening.fields import Fields, without_comments

M365 = "m365"  # Microsoft 365 leaves its name out: an owner who is there lists this one instead
_TRACE = frozenset({"received", "authentication-results"})
_MANY = 200  # fields; what our own server wrote stands on top
_CAP = 4096


@dataclass(frozen=True, slots=True)
class _Result:
    """One `method=result`: its verdict, and the properties (`header.d`, `smtp.helo`...) it was given for."""

    method: str
    verdict: str
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def failed(self) -> bool:
        return self.verdict in {"fail", "hardfail"}  # hardfail: RFC 5451, before RFC 6577


def dmarc_failed(fields: Fields, ours: frozenset[str]) -> bool:
    """Whether our server found that DMARC (RFC 7489) failed."""
    return any(result.method == "dmarc" and result.failed for hop in _hops(fields, ours) for result in hop)


def spf_failed(fields: Fields, ours: frozenset[str], domain: str) -> bool:
    """Whether SPF (RFC 7208) failed and no DKIM signature of the From domain makes good for it."""
    hops = list(_hops(fields, ours))
    failed = any(result.method == "spf" and result.failed and not _only_helo(result) for hop in hops for result in hop)
    return failed and not any(_makes_good(result, domain) for result in hops[0])


def _makes_good(result: _Result, domain: str) -> bool:
    if result.verdict != "pass":
        return False
    return result.method == "dmarc" or (result.method == "dkim" and _aligned(result, domain))


def _aligned(result: _Result, domain: str) -> bool:
    """Relaxed alignment (RFC 7489 section 3.1.1), without a list of public suffixes: equal, above or below."""
    signers = (
        value.rpartition("@")[2].lower() for name, value in result.properties if name in {"header.d", "header.i"}
    )
    return any(
        f".{domain}".endswith(f".{signer}") or f".{signer}".endswith(f".{domain}") for signer in signers if signer
    )


def _only_helo(result: _Result) -> bool:
    names = {name for name, _ in result.properties}
    return "smtp.helo" in names and "smtp.mailfrom" not in names


def _hops(fields: Fields, ours: frozenset[str]) -> Iterator[tuple[_Result, ...]]:
    """The results under our server's name, by hop, top down; hops without any are left out."""
    hop: list[_Result] = []
    fields = tuple(islice((field for field in fields if field[0] in _TRACE), _MANY))
    for name, value in (*fields, ("received", "")):
        if name == "authentication-results":
            hop += _read(value, ours)
        elif name == "received" and hop:
            yield tuple(hop)
            hop = []


def _read(value: str, ours: frozenset[str]) -> Iterable[_Result]:
    """The results of one field if it bears one of our names, else none."""
    value = value[:_CAP]
    plain, closed = without_comments(value)
    name = plain.partition(";")[0].strip()
    if "=" in name and M365 in ours:
        plain = f"{M365}; {plain}"
    elif name.partition(" ")[0].strip('"').lower() not in map(str.lower, ours):
        return ()
    if not closed:
        return _guessed(value)
    try:
        header = authres.parse_value(plain)
    except authres.AuthResError:
        return _guessed(value)
    return tuple(_Result(r.method.lower(), r.result.lower(), _properties(r)) for r in header.results if r.result)


def _properties(result: authres.core.AuthenticationResult) -> tuple[tuple[str, str], ...]:
    return tuple((f"{p.type}.{p.name}", p.value or "") for p in result.properties)


def _guessed(value: str) -> tuple[_Result, ...]:
    """Of a field that cannot be read, the failures that its letters spell: it may have been broken to hide them."""
    letters = "".join(value.lower().split())
    return tuple(_Result(method, "fail") for method in ("dmarc", "spf") if f"{method}=fail" in letters)
