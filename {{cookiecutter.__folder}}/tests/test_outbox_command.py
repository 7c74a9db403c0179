"""`just outbox`: what waits and why, in lines; and what the broker refused, tried again."""

import asyncio
from datetime import timedelta

import pytest

from app.commands.outbox import main
from app.core.config import CoreSettings
from app.database import open_database
from app.tables import OutboxMessage, OutboxState
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


@pytest.mark.usefixtures("clean_environment")
def test_a_database_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/service.db")
    with pytest.raises(SystemExit, match=r"^DATABASE_URL: there is no folder /nowhere ") as caught:
        main([])
    assert len(str(caught.value).splitlines()) == 1
