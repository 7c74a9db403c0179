"""The routes of this service, under /api."""

from fastapi import APIRouter

from app.api.routes import articles

router = APIRouter()
router.include_router(articles.router, prefix="/api")
