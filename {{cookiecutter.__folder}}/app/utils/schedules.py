"""When a job runs: every so many seconds, or by a cron expression in a time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

FIELDS = 5
SHORTEST_SECONDS = 0.001
# Longer ones lead to days that no calendar has.
LONGEST_SECONDS = 100 * 366 * 86_400
# Any moment will do to see whether an expression has a next one.
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Every:
    """A run every so many seconds, counted from the first one."""

    seconds: float

    def __post_init__(self) -> None:
        """Raise ValueError for a period that is none."""
        if not SHORTEST_SECONDS <= self.seconds <= LONGEST_SECONDS:
            raise ValueError(
                f"seconds={self.seconds}: a job needs a period of 1 ms at least, 100 years at most"
            )

    def __str__(self) -> str:
        """Return what is stored with the job, and shown."""
        # With all of its digits: a job is planned anew when they change.
        return f"every {self.seconds:.15g} s"

    def find_first(self, moment: datetime) -> datetime:
        """Return when a new job runs first: at once."""
        return moment

    def find_next(self, planned: datetime, moment: datetime) -> datetime:
        """Return the first moment to come that is whole periods after the planned one.

        So a job keeps its times, however late a run begins and however often processes start.
        """
        period = timedelta(seconds=self.seconds)
        return planned + max(1, (moment - planned) // period + 1) * period

    def adopt(self, planned: datetime, moment: datetime) -> datetime:
        """Return when a job runs next whose schedule has changed to this one."""
        return min(planned, moment + timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class Cron:
    """A run at each moment that a cron expression of five fields names, in a time zone.

    Daylight saving time, as in Debian's cron: with a fixed minute and hour, a run whose hour is
    skipped comes right after the gap, and one whose hour comes twice is made in the first of
    them. With `*` in the minute or the hour a job runs as time passes: not in an hour that is
    skipped, and in both of those that come twice.
    """

    expression: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Raise ValueError for an expression or a time zone that is none."""
        if len(self.expression.split()) != FIELDS:
            raise ValueError(
                f"cron {self.expression!r}: it needs five fields: minute, hour, day of the month, "
                "month, day of the week"
            )
        try:
            self._find_after(SOME_DAY)
        except CronSimError as error:
            raise ValueError(f"cron {self.expression!r}: {str(error).lower()}") from error
        except StopIteration as error:
            raise ValueError(f"cron {self.expression!r}: there is no such day") from error

    def __str__(self) -> str:
        """Return what is stored with the job, and shown."""
        return f"{self.expression} {self.timezone}"

    @property
    def zone(self) -> tzinfo:
        """The time zone; raises ValueError when nobody knows it."""
        if self.timezone == "UTC":
            return UTC
        try:
            return ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"timezone={self.timezone!r}: there is no such time zone; "
                'write one of the IANA, such as "Europe/Berlin"'
            ) from error

    def find_first(self, moment: datetime) -> datetime:
        """Return when a new job runs first."""
        return self._find_after(moment)

    def find_next(self, planned: datetime, moment: datetime) -> datetime:
        """Return the first moment to come that the expression names."""
        return self._find_after(max(planned, moment))

    def adopt(self, planned: datetime, moment: datetime) -> datetime:
        """Return when a job runs next whose schedule has changed to this one."""
        del planned
        return self._find_after(moment)

    def _find_after(self, moment: datetime) -> datetime:
        found = CronSim(self.expression, moment.astimezone(self.zone))
        # Within the second of two equal hours, times in the first one come up again.
        while (each := next(found).astimezone(UTC)) <= moment:
            pass
        return each


Schedule = Every | Cron
