"""The routes of this service: those of users, under /api, and the public keys."""

from fastapi import APIRouter

from app.api.routes import auth

router = APIRouter()
router.include_router(auth.router, prefix="/api")
router.include_router(auth.key_router)
