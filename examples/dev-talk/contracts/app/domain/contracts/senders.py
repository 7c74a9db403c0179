"""Who sends which events; a service replaces this file, with None in the place of itself."""

AUTH: str | None = "auth"
ARTICLES: str | None = "articles"
COMMENTS: str | None = "comments"
