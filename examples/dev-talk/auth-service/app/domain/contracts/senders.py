"""Who sends which events; this service sends those of auth."""

AUTH: str | None = None
ARTICLES: str | None = "articles"
COMMENTS: str | None = "comments"
