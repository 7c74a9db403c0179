"""What the service comments answers."""

from app.api.proxy import make_router

router = make_router(
    "comments",
    [
        "/articles/{slug}/comments",
        "/articles/{slug}/comments/{id}",
        "/articles/{slug}/comments/{rest:path}",
    ],
)
