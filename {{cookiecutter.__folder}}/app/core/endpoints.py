"""The endpoints that operators ask: live, ready and metrics."""

import secrets

from fastapi import APIRouter, Request, Response, status
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from app.core.config import CoreSettings
from app.core.health import ask_all

CHALLENGE = {"www-authenticate": "Bearer"}

router = APIRouter(tags=["operation"])


@router.get("/health/live", summary="Is the process alive?")
async def get_live() -> dict[str, str]:
    """Answer as long as the event loop turns."""
    return {"status": "ok"}


@router.get("/health/ready", summary="Can requests be served?")
async def get_ready(request: Request, response: Response) -> dict[str, str]:
    """Ask every dependency; 503 when one does not answer that the service cannot do without."""
    opened = request.state.opened
    answers = await ask_all(opened.probes)
    if any(answer != "ok" for name, answer in answers.items() if name not in opened.optional):
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return answers


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """Return the metrics of this process in Prometheus' text format; 401 without METRICS_TOKEN."""
    token = request.state.opened[CoreSettings].http.metrics_token
    if token is not None:
        wanted = f"Bearer {token.get_secret_value()}".encode()
        given = request.headers.get("authorization", "").encode()
        # In constant time: how long it takes to refuse tells nothing about the token.
        if not secrets.compare_digest(given, wanted):
            raise HTTPException(401, "this needs the token of METRICS_TOKEN", CHALLENGE)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
