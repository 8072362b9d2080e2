"""Which letter a mail answers, repeats or is: our tokens, and the hashes that link mails.

A token is `ib1.<nonce>.<mac>`: the mac is an HMAC-SHA256 of the nonce under a key of the register, so nobody else can
mint one. It stands in our Message-ID, in References and in a header of our own, and survives a provider that rewrites
one of them.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator

from inbox_bot.domain.message import InboundMessage

OWN_HEADER = "X-Inbox-Bot"
_TOKEN = re.compile(rb"ib1\.([a-z2-7]{16})\.([a-z2-7]{26})")
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)
WINDOW = 65536
_BOUNCE_TYPES = {"multipart/report", "message/delivery-status", "message/feedback-report", "text/rfc822-headers"}
_BOUNCERS = ("mailer-daemon@", "postmaster@")
_ACTION = re.compile(rb"^action[ \t]*:[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_READ_RECEIPT = "message/disposition-notification"  # RFC 8098: it names our letter, which arrived


def _mac(key: bytes, purpose: bytes, data: bytes) -> bytes:
    return hmac.new(key, purpose + b"\0" + data, hashlib.sha256).digest()


def mint(key: bytes, entropy: bytes) -> str:
    """A new token from 10 random bytes."""
    nonce = base64.b32encode(entropy[:10]).decode().lower()
    mac = base64.b32encode(_mac(key, b"token", nonce.encode())[:16]).decode().lower().rstrip("=")
    return f"ib1.{nonce}.{mac}"


def tokens(keys: Iterable[bytes], text: str | bytes) -> tuple[str, ...]:
    """The valid tokens in a text, each once, in order. Old keys verify too."""
    return tuple(dict.fromkeys(_valid(tuple(keys), text)))


def _valid(keys: tuple[bytes, ...], text: str | bytes) -> Iterator[str]:
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    for found in _TOKEN.finditer(data):
        nonce, mac = found[1], found[2]
        for key in keys:
            wanted = base64.b32encode(_mac(key, b"token", nonce)[:16]).lower().rstrip(b"=")
            if hmac.compare_digest(wanted, mac):
                yield found[0].decode("ascii")
                break


def own_tokens(keys: Iterable[bytes], message: InboundMessage) -> tuple[str, ...]:
    """The tokens by which a mail says that it is a letter of ours."""
    return tokens(keys, " ".join((*message.all(OWN_HEADER), message.message_id or "")))


def answered_tokens(keys: Iterable[bytes], message: InboundMessage) -> tuple[str, ...]:
    """The tokens of the letters that a mail answers (RFC 5322 section 3.6.4)."""
    return tokens(keys, " ".join((*message.in_reply_to, *message.references)))


def bounced_tokens(keys: Iterable[bytes], message: InboundMessage, head: bytes) -> tuple[str, ...]:
    """The tokens of the letters that come back in a mail, if it has the shape of a bounce (RFC 3464).

    head: its first window, for the returned header is part of no text.
    """
    reported = not _BOUNCE_TYPES.isdisjoint(message.content_types)
    nobody = message.first("return-path").strip() == "<>"
    daemon = any(sender.address.lower().startswith(_BOUNCERS) for sender in message.senders)
    if _READ_RECEIPT in message.content_types or not (reported or nobody or daemon):
        return ()
    end = _HEADERS_END.search(head)
    # An out-of-office reply has no return path either, and names our letter only in its thread.
    raw = head if reported or daemon or end is None else head[end.end() :]
    return tokens(keys, b"\n".join((raw, message.text.encode("utf-8", "replace"))))


def only_warns(head: bytes) -> bool:
    """Whether a delivery report speaks of a delay or a success and of no failure (RFC 3464 section 2.3.3)."""
    actions = {action.lower() for action in _ACTION.findall(head)}
    return bool(actions) and b"failed" not in actions


def digest(key: bytes, head: bytes) -> str:
    """The keyed hash by which a delivered mail is known again, in any folder.

    Over the header block (64 KiB at most): it holds our own server's Received line, so two deliveries never collide and
    no sender can pre-empt one. Without a Received line, over the whole first window.
    """
    window = head[:WINDOW]
    end = _HEADERS_END.search(window)
    block = window[: end.start()] if end else window
    chosen = block if _RECEIVED.search(block) else window
    return _mac(key, b"digest", chosen.replace(b"\r\n", b"\n")).hex()[:32]


def text_hash(key: bytes, text: str) -> str:
    """The keyed hash of a text, whatever its white space, case or line breaks."""
    return _mac(key, b"text", plain(text).encode("utf-8", "replace")).hex()[:32]


def keyed(key: bytes, text: str) -> str:
    """The keyed hash of an address or of a word that may be erased later."""
    return _mac(key, b"word", text.casefold().encode("utf-8", "replace")).hex()[:32]


def plain(text: str) -> str:
    """A text with everything folded that a mail server may change on the way: white space, case, quotes' form."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
