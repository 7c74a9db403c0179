"""How many articles there are, kept in the transactions that change it."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from app.core.errors import TransactionConflictError
from app.domain.articles.models import Article, ArticleCount
from app.unit_of_work import UnitOfWork

Key = tuple[str, str]

ALL: Key = ("all", "")


def of_author(author_id: int) -> Key:
    """Return the key of the articles of an author."""
    return "author", str(author_id)


def of_tag(tag: str) -> Key:
    """Return the key of the articles with a tag."""
    return "tag", tag


def list_keys(article: Article) -> list[Key]:
    """List the keys under which an article counts."""
    return [ALL, of_author(article.author_id), *map(of_tag, article.tags)]


async def move_counts(
    uow: UnitOfWork, *, before: Iterable[Key] = (), after: Iterable[Key] = ()
) -> None:
    """Count an article no longer under what it was, and under what it is now.

    Everybody locks the rows in the same order, and last: whoever writes next waits but a moment.
    """
    changes = Counter(after)
    changes.subtract(before)
    await uow.session.flush()
    for (kind, subject), change in sorted(changes.items()):
        if change:
            await add(uow, kind, subject, change)


async def add(uow: UnitOfWork, kind: str, subject: str, change: int) -> None:
    """Change one count."""
    row = (ArticleCount.kind == kind, ArticleCount.subject == subject)
    raised = update(ArticleCount).where(*row).values(count=ArticleCount.count + change)
    connection = await uow.session.connection()
    if (await connection.execute(raised)).rowcount:
        return
    uow.session.add(ArticleCount(kind=kind, subject=subject, count=change))
    try:
        await uow.session.flush()
    except IntegrityError as error:
        # Somebody else counted the first one at the same moment: now there is a row.
        raise TransactionConflictError("the first article of its kind came twice") from error


async def read_count(uow: UnitOfWork, *keys: Key) -> int:
    """Return how many articles count under the keys, which have one kind."""
    if not keys:
        return 0
    [kind] = {kind for kind, _ in keys}
    total = select(func.sum(ArticleCount.count)).where(
        ArticleCount.kind == kind, ArticleCount.subject.in_([subject for _, subject in keys])
    )
    return int(await uow.session.scalar(total) or 0)


async def list_tags(uow: UnitOfWork, *, limit: int) -> list[str]:
    """List the tags of articles, those with most articles first."""
    tags = select(ArticleCount.subject).where(ArticleCount.kind == "tag", ArticleCount.count > 0)
    ordered = tags.order_by(ArticleCount.count.desc(), ArticleCount.subject).limit(limit)
    return list(await uow.session.scalars(ordered))
