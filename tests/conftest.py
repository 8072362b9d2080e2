"""Real servers for the tests: one Dovecot for the session, a fresh user and SMTP server for each test."""

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.beds.dovecot import Dovecot, why_not
from tests.beds.smtp import SmtpBed

_numbers = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Dovecot, so that `-m "not dovecot"` leaves it out."""
    for item in items:
        if "dovecot" in getattr(item, "fixturenames", ()):
            item.add_marker("dovecot")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real mail server. Where it is missing: skipped, but a failure on CI (environment variable CI)."""
    reason = why_not()
    if reason is not None and os.environ.get("CI"):
        pytest.fail(reason)
    if reason is not None:
        pytest.skip(reason)
    with Dovecot() as server:
        yield server


@pytest.fixture
def user() -> str:
    """A mailbox that nobody has used yet; its password is tests.beds.dovecot.PASSWORD."""
    return f"privacy{next(_numbers)}@example.co.uk"


@pytest.fixture
def smtp() -> Iterator[SmtpBed]:
    """An SMTP server without TLS and login."""
    with SmtpBed() as server:
        yield server
