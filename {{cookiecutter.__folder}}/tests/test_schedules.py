"""Schedules: periods that do not drift, and cron expressions in time zones."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.utils.schedules import Cron, Every


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def list_runs(cron: Cron, start: str, count: int) -> list[str]:
    """Return the next moments in the schedule's own time zone."""
    moments, moment = [], at(start)
    for _ in range(count):
        moment = cron.find_next(moment, moment)
        moments.append(moment.astimezone(cron.zone).isoformat())
    return moments


@pytest.mark.parametrize("late", [0, 0.4, 1.999, 2, 7.3, 86400.5])
def test_a_period_is_counted_from_the_first_run_however_late_a_run_begins(late: float) -> None:
    planned = at("2026-03-01T00:00:00Z")
    moment = planned + timedelta(seconds=late)
    found = Every(2).find_next(planned, moment)
    assert (found - planned) % timedelta(seconds=2) == timedelta()
    assert timedelta() < found - moment <= timedelta(seconds=2)


def test_a_clock_that_was_set_back_does_not_repeat_runs() -> None:
    planned = at("2026-03-01T00:00:00Z")
    found = Every(60).find_next(planned, planned - timedelta(hours=3))
    assert found == planned + timedelta(seconds=60)


def test_a_cron_expression_is_read_in_its_time_zone() -> None:
    cron = Cron("30 6 * * mon-fri", "America/New_York")
    assert list_runs(cron, "2026-01-02T12:00:00Z", 2) == [
        "2026-01-05T06:30:00-05:00",
        "2026-01-06T06:30:00-05:00",
    ]


@pytest.mark.parametrize(
    ("zone", "expression", "start", "runs"),
    [
        # Berlin: from 02:00 to 03:00 on 29 March.
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-03-28T03:00+01:00",
            ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        # New York: from 02:00 to 03:00 on 8 March.
        (
            "America/New_York",
            "15 2 * * *",
            "2026-03-07T12:00-05:00",
            ["2026-03-08T03:00:00-04:00", "2026-03-09T02:15:00-04:00"],
        ),
        # Lord Howe: half an hour, from 02:00 to 02:30 on 4 October.
        (
            "Australia/Lord_Howe",
            "10 2 * * *",
            "2026-10-03T12:00+10:30",
            ["2026-10-04T02:30:00+11:00", "2026-10-05T02:10:00+11:00"],
        ),
    ],
)
def test_a_run_whose_hour_is_skipped_comes_right_after_the_gap(
    zone: str, expression: str, start: str, runs: list[str]
) -> None:
    assert list_runs(Cron(expression, zone), start, 2) == runs


@pytest.mark.parametrize(
    ("zone", "expression", "start", "runs"),
    [
        # Berlin: from 03:00 to 02:00 on 25 October.
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-24T12:00+02:00",
            ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        # Asked in the second of the two hours.
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-25T02:10+01:00",
            ["2026-10-26T02:30:00+01:00", "2026-10-27T02:30:00+01:00"],
        ),
        # Two runs in that hour.
        (
            "Europe/Berlin",
            "0,30 2 * * *",
            "2026-10-24T12:00+02:00",
            ["2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:00:00+01:00"],
        ),
        # Lord Howe: half an hour comes twice on 5 April.
        (
            "Australia/Lord_Howe",
            "45 1 * * *",
            "2026-04-04T12:00+11:00",
            ["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"],
        ),
    ],
)
def test_a_run_whose_hour_comes_twice_is_made_once(
    zone: str, expression: str, start: str, runs: list[str]
) -> None:
    assert list_runs(Cron(expression, zone), start, len(runs)) == runs


@pytest.mark.parametrize("start", ["2026-03-28T23:00Z", "2026-10-24T23:00Z"])
@pytest.mark.parametrize("expression", ["*/20 * * * *", "7 * * * *"])
def test_what_runs_every_hour_follows_time_as_it_passes(expression: str, start: str) -> None:
    runs = map(at, list_runs(Cron(expression, "Europe/Berlin"), start, 12))
    assert len({later - earlier for earlier, later in pairwise(runs)}) == 1


def test_a_star_in_the_minutes_runs_in_no_skipped_hour_and_in_both_that_are_doubled() -> None:
    cron = Cron("*/30 2 * * *", "Europe/Berlin")
    assert list_runs(cron, "2026-03-28T12:00+01:00", 1) == ["2026-03-30T02:00:00+02:00"]
    assert list_runs(cron, "2026-10-24T12:00+02:00", 4) == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T02:30:00+01:00",
    ]
