"""The routes of this service."""

from app.api.routes import articles
from app.api.routing import Router

router = Router()
router.include_router(articles.router)
