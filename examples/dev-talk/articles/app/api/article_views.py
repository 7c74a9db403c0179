"""Articles as clients send and receive them."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from app.api.exceptions import BLANK
from app.api.people import view_person
from app.api.views import (
    Form,
    Line,
    Moment,
    ProfileView,
    Text,
    refuse_control,
    refuse_null,
)
from app.domain.articles.lists import Page
from app.domain.articles.models import (
    LONGEST_DESCRIPTION,
    LONGEST_TAG,
    LONGEST_TITLE,
    Article,
)
from app.domain.articles.popular import PopularArticle
from app.domain.articles.showing import Surroundings
from app.utils.base_model import Model

LARGEST_PAGE = 100
MOST_TAGS = 20


def clean_tag(tag: str) -> str:
    """Return a tag without spaces around it; raises ValueError for one of nothing else."""
    tag = tag.strip()
    if not tag:
        raise ValueError(BLANK)
    return tag


def drop_repeated(tags: list[str]) -> list[str]:
    """Return the tags, each once."""
    return list(dict.fromkeys(tags))


Title = Annotated[Line, Field(max_length=LONGEST_TITLE, examples=["How to train your dragon"])]
Description = Annotated[Text, Field(max_length=LONGEST_DESCRIPTION, examples=["Ever wonder how?"])]
Body = Annotated[Text, Field(examples=["It takes patience."])]
Tag = Annotated[
    str, Field(max_length=LONGEST_TAG), AfterValidator(clean_tag), AfterValidator(refuse_control)
]
TagList = Annotated[
    list[Tag],
    Field(max_length=MOST_TAGS, examples=[["dragons", "training"]]),
    BeforeValidator(refuse_null),
    AfterValidator(drop_repeated),
]


class NewArticle(Form):
    """An article to be published."""

    title: Title
    description: Description
    body: Body
    tags: TagList = Field(default=[], alias="tagList")


class NewArticleRequest(Form):
    """A request to publish an article."""

    article: NewArticle


class UpdateArticle(Form):
    """What is to be changed of an article; what is left out stays."""

    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    body: Body = Field(default_factory=str)
    tags: TagList = Field(default_factory=list, alias="tagList")


class UpdateArticleRequest(Form):
    """A request to change an article."""

    article: UpdateArticle


class PageQuery(Form):
    """Which part of a list is wanted."""

    limit: int = Field(default=20, ge=1, description=f"At most {LARGEST_PAGE} come at once.")
    offset: int = Field(default=0, ge=0, description="How many to skip.")

    @property
    def page(self) -> Page:
        """The part, no larger than allowed."""
        return Page(limit=min(self.limit, LARGEST_PAGE), offset=self.offset)


class ArticleQuery(PageQuery):
    """Which articles are wanted: those that pass all of it."""

    tag: str | None = Field(default=None, description="Articles with this tag.")
    author: str | None = Field(default=None, description="Articles of the user of this name.")
    favorited: str | None = Field(default=None, description="The favourites of this user.")


class ArticleCard(Model):
    """An article in a list."""

    slug: str = Field(examples=["how-to-train-your-dragon"])
    title: str
    description: str
    tag_list: list[str] = Field(alias="tagList")
    created_at: Moment = Field(alias="createdAt")
    updated_at: Moment = Field(alias="updatedAt")
    favorited: bool
    favorites_count: int = Field(alias="favoritesCount")
    author: ProfileView


class ArticleView(ArticleCard):
    """An article."""

    body: str


class SingleArticle(Model):
    """The answer with one article."""

    article: ArticleView


class MultipleArticles(Model):
    """The answer with some articles, and how many there are in all."""

    articles: list[ArticleCard]
    articles_count: int = Field(alias="articlesCount")


class TagsView(Model):
    """The answer with tags."""

    tags: list[str]


def view_card(article: Article | PopularArticle, around: Surroundings) -> ArticleCard:
    """Return an article as its reader sees it in a list."""
    author = around.people[article.author_id]
    return ArticleCard(
        slug=article.slug,
        title=article.title,
        description=article.description,
        tag_list=article.tags,
        created_at=article.created_at,
        updated_at=article.updated_at,
        favorited=article.id in around.favorites,
        favorites_count=article.favorites_count,
        author=view_person(author, following=author.id in around.followed),
    )


def view_article(article: Article, around: Surroundings) -> SingleArticle:
    """Return an article as its reader sees it."""
    card = view_card(article, around)
    return SingleArticle(article=ArticleView(**dict(card), body=article.body))
