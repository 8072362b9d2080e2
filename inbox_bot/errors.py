"""Every error this package raises on purpose.

InboxBotError
├── ConfigurationError      the file cannot be used; carries every problem found
├── LexiconError            a recognition rule file is wrong, with file and line
├── TemplateError           a letter template is wrong, with file and line
├── Unparsable              a message beat the parser; intake turns it into `unparsed`
├── MailboxError            the IMAP side
│   ├── MailboxRefused      the server refused the login
│   └── MailboxUnreachable  network, TLS, time-out, or a protocol answer that makes no sense
├── PostmanError            the SMTP side
│   ├── PostmanRefused      the server refused the login
│   └── PostmanUnreachable  network, TLS, time-out
└── RegisterError           the SQLite side
    ├── RegisterBusy        another instance holds the register
    ├── RegisterFull        the disk is full or read-only
    ├── NotFound            no request with that reference
    └── StepRefused         the step is not lawful from the state the request is in
"""


class InboxBotError(Exception):
    """Base of everything raised on purpose: `str()` is a sentence for a person, `remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class ConfigurationError(InboxBotError):
    """The configuration cannot be used. `problems` holds one printable line per fault."""

    def __init__(self, message: str, problems: tuple[str, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.problems = problems


class LexiconError(InboxBotError):
    """A rule file is wrong; the message starts with file:line."""


class TemplateError(InboxBotError):
    """A letter template is wrong; the message starts with file:line."""


class Unparsable(InboxBotError):
    """A message could not be parsed within the caps."""


class MailboxError(InboxBotError):
    """Something went wrong with the IMAP server."""


class MailboxRefused(MailboxError):
    """The IMAP server refused the login."""


class MailboxUnreachable(MailboxError):
    """The IMAP server could not be reached, or its answers make no sense."""


class PostmanError(InboxBotError):
    """Something went wrong with the SMTP server."""


class PostmanRefused(PostmanError):
    """The SMTP server refused the login."""


class PostmanUnreachable(PostmanError):
    """The SMTP server could not be reached, or hung up outside the window that matters."""


class RegisterError(InboxBotError):
    """Something went wrong with the register."""


class RegisterBusy(RegisterError):
    """Another instance holds the register."""


class RegisterFull(RegisterError):
    """The register cannot be written: disk full, read-only, or an I/O error."""


class NotFound(RegisterError):
    """No request has that reference."""


class StepRefused(RegisterError):
    """The step is not possible from the state the request is in."""
