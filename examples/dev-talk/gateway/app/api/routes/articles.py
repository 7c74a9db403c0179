"""What the service articles answers."""

from app.api.proxy import make_router

router = make_router(
    "articles",
    [
        "/articles",
        "/articles/feed",
        "/articles/popular",
        "/articles/{slug}",
        "/articles/{slug}/favorite",
        "/articles/{rest:path}",
        "/tags",
    ],
)
