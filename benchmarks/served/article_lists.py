"""Time lists of few and of many articles, in the service articles, and print JSON."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from app.database import Database
from app.domain.articles.lists import Filters, Page, list_articles, list_feed
from app.domain.articles.popular import find_popular
from app.domain.articles.showing import look_around
from app.services.migrations import ALEMBIC_INI
from app.unit_of_work import UnitOfWork
from benchmarks.errors import BenchmarkError
from benchmarks.rounds import Measure, measure_in_turns, report
from benchmarks.served.pages import open_own_database

LIMIT = 20
READS = 5
READER = 1
FIRST = Page(limit=LIMIT, offset=0)
Read = Callable[[UnitOfWork], Awaitable[int]]

# As many articles as asked for, by authors of whom each has written at least twenty; the reader
# follows twenty of them, and likes two hundred articles.
FILL = """
INSERT INTO people (id, username, version, heard_at)
SELECT seq, CONCAT('user-', seq), 1, NOW(6) FROM seq_1_to_{authors};
INSERT INTO followings (follower_id, followed_id, is_active, version)
SELECT 1, seq + 1, TRUE, seq FROM seq_1_to_20;
INSERT INTO articles (id, slug, title, description, body, tags, author_id, favorites_count,
    version, created_at, updated_at)
SELECT seq, CONCAT('title-', seq), CONCAT('Title ', seq), 'about', REPEAT('text ', 40),
    JSON_ARRAY(CONCAT('tag-', seq % 50), 'all'), seq % {authors} + 1, seq % 10, 1,
    NOW(6) + INTERVAL seq SECOND, NOW(6) FROM seq_1_to_{count};
INSERT INTO article_tags (article_id, tag, created_at)
SELECT id, CONCAT('tag-', id % 50), created_at FROM articles;
INSERT INTO favorites (article_id, user_id, created_at)
SELECT id, 1, created_at FROM articles WHERE id % ({count} DIV 200) = 0;
INSERT INTO article_counts VALUES ('all', '', {count});
INSERT INTO article_counts
SELECT 'author', author_id, COUNT(*) FROM articles GROUP BY author_id;
INSERT INTO article_counts SELECT 'tag', article_tags.tag, COUNT(*) FROM article_tags
GROUP BY article_tags.tag;
ANALYZE TABLE articles, article_tags, favorites, people, followings
"""


def choose_lists() -> dict[str, Read]:
    """Return what is measured."""

    def filtered(page: Page = FIRST, **filters: str) -> Read:
        async def read(uow: UnitOfWork) -> int:
            found = await list_articles(uow, Filters(**filters), page)
            await look_around(uow, found.articles, READER)
            return len(found.articles)

        return read

    async def feed(uow: UnitOfWork) -> int:
        found = await list_feed(uow, READER, FIRST)
        await look_around(uow, found.articles, READER)
        return len(found.articles)

    async def popular(uow: UnitOfWork) -> int:
        found = await find_popular(uow)
        await look_around(uow, found, READER)
        return len(found)

    return {
        "all": filtered(),
        "all, after 950": filtered(Page(limit=LIMIT, offset=950)),
        "of a tag": filtered(tag="tag-7"),
        "of an author": filtered(author="user-7"),
        "favourites of somebody": filtered(favorited="user-1"),
        "the feed": feed,
        "popular ones, when they are not in the cache": popular,
    }


async def fill(database: Database, count: int) -> None:
    """Make the tables, and so many articles."""

    def upgrade(connection: Connection) -> None:
        config = Config(ALEMBIC_INI)
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")

    async with database.engine.connect() as connection:
        await connection.run_sync(upgrade)
        await connection.commit()
        await connection.invalidate()
    statements = FILL.format(count=count, authors=max(50, count // 1000)).split(";")
    async with database.sessions.begin() as session:
        await session.execute(text("SET max_statement_time = 0"))
        for statement in statements:
            await session.execute(text(statement.replace(":", "\\:")))


async def prepare(
    runner: asyncio.Runner, stack: AsyncExitStack, server: str, count: int
) -> dict[str, Measure]:
    """Return what measures the seconds that each list takes."""
    report(f"articles: writing {count:,}")
    database = await stack.enter_async_context(open_own_database(server))
    await fill(database, count)

    async def measure(read: Read) -> float:
        started = time.perf_counter()
        for _ in range(READS):
            async with database.begin(read_only=True) as session:
                if await read(UnitOfWork(session, "benchmark")) != LIMIT:
                    raise BenchmarkError(f"not {LIMIT} articles on a page")
        return (time.perf_counter() - started) / READS

    def bind(read: Read) -> Measure:
        return lambda: runner.run(measure(read))

    return {f"{count}: {name}": bind(read) for name, read in choose_lists().items()}


def main(server: str, rounds: str, few: str, many: str) -> None:
    """Print the seconds that each list took in each round."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            measures = runner.run(prepare(runner, stack, server, int(few)))
            measures |= runner.run(prepare(runner, stack, server, int(many)))
            figures = measure_in_turns("articles", measures, int(rounds))
        finally:
            runner.run(stack.aclose())
    json.dump(
        [{name: figures[f"{n}: {name}"] for name in choose_lists()} for n in (few, many)],
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
