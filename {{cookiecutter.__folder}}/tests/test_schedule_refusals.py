"""What is no schedule is refused where it is declared, in one sentence."""

import math
from datetime import datetime

import pytest

from app.utils.jobs import Worker
from app.utils.schedules import Every


@pytest.mark.parametrize(
    ("expression", "zone", "reason"),
    [
        ("* * * *", "UTC", "it needs five fields"),
        ("0 0 3 * * *", "UTC", "it needs five fields"),
        ("", "UTC", "it needs five fields"),
        ("61 * * * *", "UTC", "cron '61 .*: bad minute"),
        ("0 3 * * MOON", "UTC", "bad day-of-week"),
        ("0 3 31 2 *", "UTC", "bad day-of-month"),
        ("0 3 31 2 *#2", "UTC", "bad"),
        ("0 3 * * *", "Europe/Bern", "no such time zone; write one of the IANA"),
        ("0 3 * * *", "../localtime", "no such time zone"),
        ("0 3 * * *", "Europe", "no such time zone"),
        ("0 3 * * *", "", "no such time zone"),
    ],
)
def test_what_is_no_schedule_is_refused_where_it_is_declared(
    expression: str, zone: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Worker().cron(expression, timezone=zone)


@pytest.mark.parametrize("seconds", [0, -1, 1e-9, float("nan"), float("inf")])
def test_so_is_a_period_that_is_none(seconds: float) -> None:
    with pytest.raises(ValueError, match="a job needs a period"):
        Worker().every(seconds=seconds)


@pytest.mark.parametrize("timeout", [0, -1, math.nan])
def test_a_timeout_that_leaves_a_job_no_time_is_refused(timeout: float) -> None:
    async def tick() -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="'tick': timeout is above zero, or None for no limit"):
        Worker().every(seconds=1, timeout=timeout)(tick)


def test_a_period_is_told_with_all_of_its_digits() -> None:
    month, longer = 2_592_000, 2_592_001
    assert str(Every(month)) == "every 2592000 s"
    assert str(Every(month)) != str(Every(longer))
    assert str(Every(0.25)) == "every 0.25 s"


def test_a_period_that_no_calendar_has_is_refused_at_once() -> None:
    moment = datetime.fromisoformat("2026-03-01T00:00:00Z")
    assert Every(36_500 * 86_400).find_next(moment, moment).year == 2126
    with pytest.raises(ValueError, match="100 years at most"):
        Every(1e12)
