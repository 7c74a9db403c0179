"""`just outbox`: what waits and why, in lines; and what the broker refused, tried again."""

import asyncio
from datetime import timedelta

import pytest

from app.commands.outbox import main
from app.core.config import CoreSettings
from app.database import open_database
from app.services.outbox.deferral import begin_deferral
from app.tables import OutboxMessage, OutboxShard, OutboxState
from app.utils.broker_errors import TopicUnavailableError
from app.utils.clock import now
from app.utils.envelope import Envelope


async def fill(core: CoreSettings) -> None:
    old = now() - timedelta(seconds=600)
    states = (OutboxState.WAITING, OutboxState.WAITING, OutboxState.PUT_OFF, OutboxState.FAILED)
    async with open_database(core.database, connections=1) as database, database.begin() as session:
        for state in states:
            message = Envelope(topic=f"it.{state.name.lower()}", body=b"", source="me", time=old)
            row = OutboxMessage.from_envelope(message)
            row.state = state
            row.error = "too large" if state is OutboxState.FAILED else None
            session.add(row)


def test_it_shows_how_much_waits_and_what_does_not_go_out(
    core: CoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(core))
    main([])
    waiting, oldest, *lines = capsys.readouterr().out.splitlines()
    assert waiting == "waiting    2"
    assert int(oldest.split()[1]) >= 600
    assert lines == [
        "put off    1",
        "failed     1",
        "failed     1 it.failed: too large",
        "put off    1 it.put_off",
        "waiting    2 it.waiting",
    ]


async def defer(core: CoreSettings) -> None:
    error = TopicUnavailableError("it.happened: a queue refuses this message, is it full?")
    begun = begin_deferral(None, error, now().timestamp())
    deferred = {"it.happened": {**begun, "since": begun["since"] - 90, "delay": 50.0}}
    async with open_database(core.database, connections=1) as database, database.begin() as session:
        (await session.get_one(OutboxShard, 7)).deferred = dict(deferred)


@pytest.mark.usefixtures("clock")
def test_it_shows_why_a_topic_is_deferred_and_when_it_is_tried_again(
    core: CoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(defer(core))
    main([])
    assert capsys.readouterr().out.splitlines()[4:] == [
        "deferred   it.happened for 90 seconds, tried again in 50: unavailable: "
        "it.happened: a queue refuses this message, is it full?"
    ]


def test_it_makes_what_failed_due_again(
    core: CoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(core))
    main(["retry"])
    main([])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 failed messages are due again"
    assert lines[1] == "waiting    3"
    assert lines[4] == "failed     0"
