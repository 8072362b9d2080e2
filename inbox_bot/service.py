"""The metronome: when a pass runs, how the service manager is told, how it ends. No policy.

One worker thread does all the work; the main thread waits for a signal. A job that fails in a way nobody foresaw is
logged, and the third in a row ends the process: the service manager starts it afresh.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from inbox_bot.app import App, PassReport
from inbox_bot.errors import InboxBotError, MailboxRefused, RegisterError

_log = logging.getLogger(__name__)
_SIGNALS = {signal.SIGTERM, signal.SIGINT}
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)
_UNFORESEEN = 3


class Stopping(Exception):
    """Raised between two commits when the service shall end."""


def notify(message: str) -> None:
    """Tell the service manager (sd_notify(3)); without one, nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect("\0" + address[1:] if address.startswith("@") else address)
            sock.sendall(message.encode())
        except OSError as error:
            _log.warning("the service manager could not be told: %s", error.strerror)


@dataclass(slots=True)
class _Run:
    """What the worker thread tells the main thread."""

    app: App
    stopping: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    unforeseen: int = 0
    exit_code: int = 0
    not_before: datetime | None = None

    def heartbeat(self) -> None:
        notify("WATCHDOG=1")
        if self.stopping.is_set():
            raise Stopping

    def end(self, code: int) -> None:
        self.exit_code = code
        os.kill(os.getpid(), signal.SIGTERM)

    def cycle(self) -> None:
        """One pass, unless a back-off is running; its outcome as status, back-off, or end."""
        notify("WATCHDOG=1")
        if self.not_before is not None and self.app.clock() < self.not_before:
            return
        try:
            report = self.app.pass_once(self.heartbeat)
        except Stopping:
            return
        except RegisterError as error:
            self.back_off(error)
        except Exception:  # noqa: BLE001 - the scheduler would swallow it; three in a row end the process
            _log.exception("a pass failed in a way that was not foreseen")
            self.unforeseen += 1
            if self.unforeseen >= _UNFORESEEN:
                self.end(1)
        else:
            self.unforeseen = 0
            self.after(report)

    def after(self, report: PassReport) -> None:
        if report.trouble:
            refused = any(isinstance(error, MailboxRefused) for error in report.trouble)
            if refused and not self.app.polled and never_worked(self.app):
                _log.error("%s %s", report.trouble[0], report.trouble[0].remedy)
                self.end(2)
                return
            self.back_off(report.trouble[0])
            return
        self.failures, self.not_before = 0, None
        told(report)
        notify(f"STATUS={summary(self.app)}")

    def back_off(self, error: InboxBotError) -> None:
        self.failures += 1
        pause = min(_FIRST_PAUSE * 2 ** min(self.failures - 1, 10), _LONGEST_PAUSE)
        self.not_before = self.app.clock() + pause
        _log.warning("%s %s Next try in %d s.", error, error.remedy, pause.total_seconds())
        notify(f"STATUS=waiting {int(pause.total_seconds())} s: {error}")


def never_worked(app: App) -> bool:
    """Whether no login to the mailbox has ever succeeded."""
    with app.register() as register:
        return register.meta("login_worked") is None


def told(report: PassReport) -> None:
    """Log what a pass did: counts, references and folders only."""
    polled, delivered = report.poll, report.delivered
    for folder, left in polled.baselines if polled else ():
        _log.info("folder %s: watching from now on; %d mails of the last 30 days are left alone", folder, left)
        if left:
            _log.info("to register requests among them: inbox-bot import --since DATE --dry-run")
    if polled and polled.read:
        _log.info("read %d, registered %s", polled.read, " ".join(polled.registered) or "none")
    if delivered and (delivered.sent or delivered.failed or delivered.postponed or delivered.uncertain):
        _log.info(
            "letters: %d sent, %d failed, %d postponed, %d uncertain",
            *(delivered.sent, delivered.failed, delivered.postponed, delivered.uncertain),
        )


def summary(app: App) -> str:
    """One line for the service manager and `status`."""
    with app.register() as register:
        requests = register.requests()
        ended = register.meta("poll_ended_at")
    today = app.local(app.clock()).date()
    overdue = sum(request.due_on < today for request in requests)
    words = [f"{len(requests)} open", f"{overdue} overdue"]
    if requests:
        words.append(f"next due {min(request.due_on for request in requests)}")
    if ended:
        words.append(f"last look {app.local(datetime.fromisoformat(ended)):%H:%M}")
    mode = "" if app.policy.live else "observing, answering nobody: "
    return mode + ", ".join(words)


def run(app: App) -> int:
    """Work until a signal comes; the exit code.

    Raises:
        RegisterBusy: another instance works on the same state folder.
    """
    with app.held():
        return _run(app, _Run(app))


def _run(app: App, run_: _Run) -> int:
    zone = app.settings.law.zone
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=zone,
    )
    # Blocked before any thread starts, so that only sigwait below receives them.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        at = app.settings.digest.at
        every = IntervalTrigger(seconds=int(app.settings.poll.every.total_seconds()), timezone=zone)
        scheduler.add_job(run_.cycle, every, next_run_time=app.local(app.clock()))
        scheduler.add_job(run_.cycle, CronTrigger(hour=at.hour, minute=at.minute, timezone=zone))
        scheduler.start()
        notify(f"READY=1\nSTATUS={'watching' if app.policy.live else 'observing, answering nobody'}")
        _log.info("watching %s", "and answering" if app.policy.live else "only: nobody is answered in mode observe")
        signal.sigwait(_SIGNALS)
        notify("STOPPING=1")
        _end(scheduler.shutdown, app, run_)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return run_.exit_code


def _end(shutdown: Callable[[], None], app: App, run_: _Run) -> None:
    run_.stopping.set()
    app.abort()  # A reply to the dot may take ten minutes; the letter stays `dot`, and is looked for next time.
    shutdown()
    _log.info("stopped")
