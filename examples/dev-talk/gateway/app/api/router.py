"""The routes of the system: each is answered by a service behind this one."""

from fastapi import APIRouter

from app.api import documents
from app.api.routes import articles, auth, comments

router = APIRouter(prefix="/api")
# The comments of an article first: the other paths of articles take in all that is left.
for each in (documents, auth, comments, articles):
    router.include_router(each.router)
