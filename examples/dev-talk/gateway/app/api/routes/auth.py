"""What the service auth answers."""

from app.api.proxy import make_router

router = make_router(
    "auth",
    [
        "/users",
        "/users/login",
        "/users/refresh",
        "/users/{username}/roles",
        "/users/{rest:path}",
        "/user",
        "/user/session",
        "/user/sessions",
        "/user/{rest:path}",
        "/profiles/{username}",
        "/profiles/{username}/follow",
        "/profiles/{rest:path}",
    ],
)
