"""Notes through every seam."""

from httpx import AsyncClient

from app.database import Database
from app.domain.events import NoteWritten
from app.domain.models import Note
from app.lifespan import run_tasks
from app.tasks.worker import worker
from app.utils.container import Container
from tests.kit.events import DeliverEvent, ReadEmitted


async def test_a_note_is_written_told_and_read(
    client: AsyncClient, emitted: ReadEmitted, deliver: DeliverEvent
) -> None:
    written = await client.post("/v1/notes", json={"title": "Good News"})
    assert written.headers["x-signature"] == "notes"
    assert written.json() == {"id": 1, "slug": "good-news-by-the-team", "readers": 0}
    (event,) = await emitted(NoteWritten)
    await deliver(event, times=2)
    assert (await client.get("/v1/notes")).json()[0]["readers"] == 1


async def test_every_error_has_the_body_that_the_team_chose(client: AsyncClient) -> None:
    for answer in (
        await client.get("/nowhere"),
        await client.put("/v1/notes"),
        await client.post("/v1/notes", json={}),
        await client.post("/v1/notes", content=b"x" * 2_000_000),
    ):
        assert answer.status_code in (404, 405, 413, 422)
        assert list(answer.json()) == ["error"]


async def test_the_job_runs_with_the_worker(opened: Container) -> None:
    assert [job.name for job in worker.jobs] == ["write-daily-note"]
    async with run_tasks(opened):
        note = None
        while note is None:
            async with opened[Database].sessions() as session:
                note = await session.get(Note, 1)
        assert note.slug == "the-daily-note"
