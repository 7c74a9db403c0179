"""The endpoints that operators ask: live, ready and metrics."""

from fastapi import APIRouter, Request, Response, status
from starlette.exceptions import HTTPException

from app.core.config import CoreSettings
from app.core.exposition import CONTENT_TYPE_LATEST, may_read, write_metrics
from app.core.health import Health

CHALLENGE = {"www-authenticate": "Bearer"}

router = APIRouter(tags=["operation"])


@router.get("/health/live", summary="Is the process alive?")
async def get_live() -> dict[str, str]:
    """Answer as long as the event loop turns."""
    return {"status": "ok"}


@router.get("/health/ready", summary="Can requests be served?")
async def get_ready(request: Request, response: Response) -> dict[str, str]:
    """Ask every dependency; 503 when one is silent that is needed, or the process ends."""
    health: Health = request.state.opened[Health]
    report = await health.check()
    if not report.is_ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return report.answers


@router.get("/metrics", include_in_schema=False)
def get_metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format; 401 without METRICS_TOKEN, if that is set."""
    # In a thread, because those of several processes take long to add up.
    token = request.state.opened[CoreSettings].process.metrics_token
    if not may_read(token, request.headers.get("authorization", "").encode()):
        raise HTTPException(401, "this needs the token of METRICS_TOKEN", CHALLENGE)
    return Response(write_metrics(), media_type=CONTENT_TYPE_LATEST)
