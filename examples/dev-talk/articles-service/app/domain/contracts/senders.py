"""Who sends which events: this service, named None, those of articles."""

AUTH: str | None = "auth"
ARTICLES: str | None = None
COMMENTS: str | None = "comments"
