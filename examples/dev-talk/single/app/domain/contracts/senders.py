"""Who sends which events: this service, named None, all of them."""

AUTH: str | None = None
ARTICLES: str | None = None
COMMENTS: str | None = None
