"""Users: registering, logging in, sessions, profiles, roles. What goes beyond the contract: +."""

from fastapi import APIRouter

from app.api.routes.auth import keys, profiles, roles, sessions, users

router = APIRouter()
for each in (users, sessions, profiles, roles):
    router.include_router(each.router)
key_router = keys.router

__all__ = ["key_router", "router"]
