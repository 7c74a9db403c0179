"""What the service auth answers."""

from app.api.proxy import make_router

router = make_router(
    "auth",
    ["/users", "/users/{rest:path}", "/user", "/user/{rest:path}", "/profiles/{rest:path}"],
)
