"""What is due for a job: decided from its row, its last run and the database's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf

from app.tables import JobRun, JobSchedule
from app.utils.jobs import Job, Misfire

FIRST_PAUSE_SECONDS = 5.0
PAUSE_FACTOR = 4
LONGEST_PAUSE_SECONDS = 600.0


class Outcome(StrEnum):
    """How an attempt to run a job ended."""

    RUNNING = "running"
    DONE = "done"
    RETRIED = "retried"
    """It failed, and is tried again."""
    FAILED = "failed"
    """It failed, and the next run is the one planned next."""
    LOST = "lost"
    """Its lease ended: its process died, stood still or lost the database."""
    HANDED_BACK = "handed back"
    """Its process was stopped; another goes on at once, and this was no attempt."""
    MISSED = "missed"
    """It would have begun too late, and was left out."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A run that begins now, or is left out."""

    planned_at: datetime
    attempt: int = 1
    is_missed: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What begins now, and which outcomes of earlier runs are known only now."""

    start: Start | None = None
    ended: tuple[Outcome, ...] = ()


def find_wait(row: JobSchedule, moment: datetime) -> float:
    """Return in how many seconds there is something to do, 0 for now."""
    if row.lease_until is not None:
        return count_seconds(moment, row.lease_until)
    if row.requested_at is not None:
        return 0.0
    # A run that has begun comes to its end, with all its attempts, in a pause too.
    moments = filter(None, (None if row.paused_at else row.next_run_at, row.retry_at))
    return min((count_seconds(moment, each) for each in moments), default=inf)


def count_seconds(start: datetime, end: datetime) -> float:
    """Return how many seconds it is until then, 0 for what is past."""
    return max(0.0, (end - start).total_seconds())


def decide(row: JobSchedule, last: JobRun | None, job: Job, moment: datetime) -> Decision:
    """Decide what begins now, and move the row on."""
    if row.schedule != str(job.schedule):
        row.schedule = str(job.schedule)
        if row.next_run_at > moment:
            row.next_run_at = job.schedule.adopt(row.next_run_at, moment)
    if find_wait(row, moment) > 0:
        return Decision()
    if row.lease_until is not None and last is not None:
        return take_over(row, last, job, moment)
    row.lease_until = None
    if row.requested_at is not None:
        start = Start(planned_at=row.requested_at)
        row.requested_at = row.retry_at = None
        return Decision(start=start)
    if row.paused_at is None and row.next_run_at <= moment:
        return Decision(start=start_planned(row, job, moment))
    row.retry_at = None
    if last is None:
        return Decision()
    # A run that was handed back has not had its attempt.
    attempt = last.attempt + (last.outcome != Outcome.HANDED_BACK)
    return Decision(start=Start(planned_at=last.planned_at, attempt=attempt))


def take_over(row: JobSchedule, last: JobRun, job: Job, moment: datetime) -> Decision:
    """Try again what its process did not bring to its end, unless that was the last attempt."""
    row.lease_until = row.retry_at = None
    last.outcome, last.ended_at = Outcome.LOST, moment
    if last.attempt >= job.attempts:
        return Decision(ended=(Outcome.LOST, Outcome.FAILED))
    start = Start(planned_at=last.planned_at, attempt=last.attempt + 1)
    return Decision(start=start, ended=(Outcome.LOST,))


def start_planned(row: JobSchedule, job: Job, moment: datetime) -> Start:
    """Begin the run that is due, or leave it out; the next one is the first still to come."""
    planned_at = row.next_run_at
    row.next_run_at = job.schedule.find_next(planned_at, moment)
    row.retry_at = None
    is_late = count_seconds(planned_at, moment) > job.misfire_seconds
    return Start(planned_at=planned_at, is_missed=is_late and job.misfire is Misfire.SKIP)


def find_retry(row: JobSchedule, attempt: int, job: Job, moment: datetime) -> datetime | None:
    """Return when a run that failed is tried again; None when the next one has to do.

    No planned run begins in a pause, so that none takes its place.
    """
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * PAUSE_FACTOR ** (attempt - 1))
    retry_at = moment + timedelta(seconds=pause)
    comes_first = row.paused_at is not None or retry_at < row.next_run_at
    return retry_at if attempt < job.attempts and comes_first else None
