"""Slugs: what an article is called in its address, made from its title."""

import secrets
import unicodedata

from sqlalchemy import select

from app.domain.articles.models import LONGEST_SLUG, Article
from app.unit_of_work import UnitOfWork

# What stands in the place of a slug in the API.
RESERVED = {"feed", "popular"}
SUFFIX_BYTES = 4
LONGEST_WORDS = LONGEST_SLUG - 2 * SUFFIX_BYTES - 1


def make_words(title: str) -> str:
    """Return the letters and digits of a title in small letters, with hyphens between words."""
    letters = (
        letter if unicodedata.category(letter)[0] in "LMN" else " "
        for letter in unicodedata.normalize("NFKC", title).lower()
    )
    return "-".join("".join(letters).split())[:LONGEST_WORDS].strip("-")


async def choose_slug(uow: UnitOfWork, title: str) -> str:
    """Return the slug for a title: its words.

    When another article has them, random letters make the difference.
    """
    words = make_words(title)
    if words and words not in RESERVED and not await is_taken(uow, words):
        return words
    return "-".join(filter(None, (words, secrets.token_hex(SUFFIX_BYTES))))


async def is_taken(uow: UnitOfWork, slug: str) -> bool:
    """Tell whether an article has the slug."""
    return await uow.session.scalar(select(Article.id).where(Article.slug == slug)) is not None
