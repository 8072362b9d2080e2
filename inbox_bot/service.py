"""The metronome: when a pass runs, how the service manager is told, how it ends. No policy.

One worker thread does all the work, the main thread waits for a signal. What a server, the disk or a template refuses
is a result: the pauses grow until it works again. A pass that fails in a way nobody foresaw is logged, and the third
in a row ends the process: the service manager starts it afresh.
"""

import logging
import os
import signal
import socket
import threading
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from inbox_bot.app import App, PassReport
from inbox_bot.errors import ConfigurationError, InboxBotError, MailboxRefused

_log = logging.getLogger(__name__)
_SIGNALS = {signal.SIGTERM, signal.SIGINT}
_LONGEST_PAUSE = timedelta(minutes=15)
_UNFORESEEN = 3
_GRACE = 5.0  # seconds


class Stopping(Exception):
    """Raised between two commits when the service shall end."""


def notify(message: str) -> None:
    """Tell the service manager (sd_notify(3)); without one, nothing happens. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(_GRACE)
            sock.connect("\0" + address[1:] if address.startswith("@") else address)
            sock.sendall(message.encode())
    except OSError as error:
        _log.warning("the service manager could not be told: %s", error.strerror or error)


def _status(words: str) -> str:
    return f"STATUS={' '.join(words.split())}"


@dataclass(slots=True)
class _Run:
    """What the worker thread does, and what it tells the main thread.

    working: held during a pass. failures: passes in a row that met trouble. unforeseen: that nobody foresaw.
    """

    app: App
    job: Job | None = None
    working: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    unforeseen: int = 0
    exit_code: int = 0

    def heartbeat(self) -> None:
        """After each batch and letter: a sign of life, and the place where a stop is heeded."""
        notify("WATCHDOG=1")
        if self.stopping.is_set():
            raise Stopping

    def cycle(self) -> None:
        """One pass; its outcome as status, as a pause, or as the end."""
        with self.working:
            try:
                self.heartbeat()
                self.after(self.app.pass_once(self.heartbeat))
                self.heartbeat()
            except Stopping:
                return
            except InboxBotError as error:
                self.back_off(error)
        self.unforeseen = 0

    def after(self, report: PassReport) -> None:
        """What a pass that came to its end means."""
        told(report, self.app.local(self.app.clock()).date())
        if not report.trouble:
            self.failures = 0
            notify(_status(summary(self.app)))
            return
        first = report.trouble[0]
        if isinstance(first, MailboxRefused | ConfigurationError) and never_worked(self.app):
            _log.error("%s -> %s", first, first.remedy)
            self.end(2)
            return
        for error in report.trouble[1:]:
            _log.warning("%s -> %s", error, error.remedy)
        self.back_off(first)

    def back_off(self, error: InboxBotError) -> None:
        """Put the next pass off: by the usual pause, and each time in a row by twice as much, up to 15 minutes."""
        pause = min(self.app.settings.poll.every * 2 ** min(self.failures, 10), _LONGEST_PAUSE)
        self.failures += 1
        seconds = int(pause.total_seconds())
        _log.warning("%s -> %s (next try in %d s)", error, error.remedy, seconds)
        notify("WATCHDOG=1\n" + _status(f"waiting {seconds} s: {error}"))
        if self.job is not None and not self.stopping.is_set():
            self.job.modify(next_run_time=self.app.local(self.app.clock() + pause))

    def failed(self, event: JobExecutionEvent) -> None:
        """A job raised what nobody foresaw. Told by place and kind only: the text of an exception may hold mail."""
        self.unforeseen += 1
        kind = " ".join(filter(None, (type(event.exception).__name__, getattr(event.exception, "strerror", ""))))
        _log.error("a pass failed in a way that was not foreseen: %s\n%s", kind, event.traceback.rstrip())
        if self.unforeseen >= _UNFORESEEN:
            self.end(1)

    def ended(self) -> bool:
        """Whether the pass in hand, if any, comes to its end within the time of grace."""
        ended = self.working.acquire(timeout=_GRACE)
        if ended:
            self.working.release()
        return ended

    def end(self, code: int) -> None:
        """End the process as a signal would, with an exit code."""
        self.exit_code = code
        os.kill(os.getpid(), signal.SIGTERM)


def never_worked(app: App) -> bool:
    """Whether no login to the mailbox has ever succeeded."""
    with app.register() as register:
        return register.meta("login_worked") is None


def told(report: PassReport, today: date) -> None:
    """Log what a pass did: counts, references and folders only. today: the controller's local day."""
    polled, delivered = report.poll, report.delivered
    for folder, left in polled.baselines if polled else ():
        _log.info("folder %s: watching from now on; %d mails of the last 30 days are left alone", folder, left)
        if left:
            _log.info(
                "to see the requests among them: inbox-bot import --since %s --dry-run", today - timedelta(days=30)
            )
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
    """Work until a signal comes; the exit code. The signals stay blocked: what follows is the end of the process.

    Raises:
        RegisterBusy: another instance works on the same state folder.
    """
    # Blocked before any thread starts, so that only sigwait receives them; a second one has nothing left to end.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    with app.held():
        run_ = _Run(app)
        scheduler = _scheduler(run_)
        mode = "watching" if app.policy.live else "observing, answering nobody"
        notify(f"READY=1\n{_status(mode)}")
        _log.info(mode)
        scheduler.start()
        signal.sigwait(_SIGNALS)
        notify("STOPPING=1")
        _end(scheduler, run_)
    return run_.exit_code


def _scheduler(run_: _Run) -> BackgroundScheduler:
    """A pass at once and then in the rhythm set, one at the hour of the digest, and a sign of life in between."""
    # It would log each tick that a long pass swallows, and the texts of exceptions, which may hold mail.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    settings, zone = run_.app.settings, run_.app.settings.law.zone
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=zone,
    )
    scheduler.add_listener(run_.failed, EVENT_JOB_ERROR)
    every = IntervalTrigger(seconds=int(settings.poll.every.total_seconds()), timezone=zone)
    run_.job = scheduler.add_job(run_.cycle, every, next_run_time=run_.app.local(run_.app.clock()))
    # In the midst of a long pause, too: the owner's mail may well get through where the mailbox cannot be read.
    at = settings.digest.at
    scheduler.add_job(run_.cycle, CronTrigger(hour=at.hour, minute=at.minute, timezone=zone))
    patience = int(os.environ.get("WATCHDOG_USEC") or 0) // 1_000_000
    if patience:
        # From the worker's own thread: only while that is free does it count.
        scheduler.add_job(notify, IntervalTrigger(seconds=max(1, patience // 3), timezone=zone), ["WATCHDOG=1"])
    return scheduler


def _end(scheduler: BackgroundScheduler, run_: _Run) -> None:
    """Let the batch or letter in hand be finished; if that takes long, cut the line it waits on.

    A reply to the dot may take ten minutes: the letter is uncertain then, and is looked for at the next start.
    """
    run_.stopping.set()
    scheduler.shutdown(wait=False)
    if not run_.ended():
        run_.app.abort()
        if not run_.ended():
            # A server that says nothing, a password command: what was committed stands, the rest is for the next start.
            _log.warning("stopped without waiting any longer for an answer")
            logging.shutdown()
            os._exit(run_.exit_code)
    _log.info("stopped")
