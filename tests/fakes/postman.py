"""A mail server that receives as scripted, for whoever needs the port `Postman`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from inbox_bot.errors import PostmanUnreachable
from inbox_bot.ports import Postman, Reply

ACCEPTED = Reply(250, "queued")
GO_AHEAD = Reply(354, "end with a dot")


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to one letter. cut: where the connection breaks: `offer`, `body`, `before dot` or `after dot`.

    kept: whether the server keeps a letter whose dot it saw, when it is not told so by `dot`.
    """

    offer: Reply = GO_AHEAD
    dot: Reply = ACCEPTED
    cut: str = ""
    kept: bool = False


@dataclass(slots=True)
class Handed:
    """A letter as the server got it."""

    reverse_path: str
    forward_paths: tuple[str, ...]
    raw: bytes


@dataclass(slots=True)
class FakePostman:
    """The port `Postman`. scripts: one a letter, then everything is accepted. deliver: where accepted mail goes."""

    scripts: list[Script] = field(default_factory=list)
    deliver: Callable[[Handed], object] = lambda _: None
    offered: int = 0
    accepted: list[Handed] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    at_dot: Callable[[], object] = lambda: None
    aborted: bool = False
    quits: int = 0
    _script: Script = field(default_factory=Script)
    _open: Handed | None = None

    def offer(self, reverse_path: str, forward_paths: Sequence[str], size: int) -> Reply:
        assert size > 0
        self.offered += 1
        self._script = self.scripts.pop(0) if self.scripts else Script()
        self._break("offer")
        if self._script.offer.code < 400:
            self._open = Handed(reverse_path, tuple(forward_paths), b"")
        return self._script.offer

    def body(self, raw: bytes) -> None:
        assert self._open is not None
        self._break("body")
        self._open.raw = raw
        self.bodies.append(raw)

    def dot(self) -> Reply:
        assert self._open is not None
        handed, self._open = self._open, None
        self._break("before dot")
        self.at_dot()
        told = Reply(0, "no reply") if self._script.cut == "after dot" else self._script.dot
        if told.code == 250 or self._script.kept:
            self.accepted.append(handed)
            self.deliver(handed)
        return told

    def abort(self) -> None:
        self.aborted, self._open = True, None

    def quit(self) -> None:
        self.quits += 1
        self._open = None

    def _break(self, stage: str) -> None:
        if self._script.cut == stage:
            self._open = None
            raise PostmanUnreachable(f"the connection broke ({stage})")


_: type[Postman] = FakePostman  # holds the fake to the port
