"""The routes of this service: those of the contract, under /api, and the public keys."""

from fastapi import APIRouter

from app.api.routes import articles, auth, comments

router = APIRouter()
for each in (auth, articles, comments):
    router.include_router(each.router, prefix="/api")
router.include_router(auth.key_router)
