"""The routes of this service."""

from app.api.routes import comments
from app.api.routing import Router

router = Router()
router.include_router(comments.router)
