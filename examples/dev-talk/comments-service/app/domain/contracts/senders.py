"""Who sends which events: this service, named None, those of comments."""

AUTH: str | None = "auth"
ARTICLES: str | None = "articles"
COMMENTS: str | None = None
