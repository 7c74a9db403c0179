"""The public keys that other services check access tokens with."""

from fastapi import Response

from app.api.routes.auth.dependencies import Keys
from app.api.routes.auth.schemas import KeysView
from app.api.routing import Router

router = Router(tags=["Keys"])


@router.get("/.well-known/jwks.json", response_model=KeysView, summary="Get the public keys")
async def get_keys(keys: Keys, response: Response) -> KeysView:
    """Return the keys of all access tokens that may still count."""
    response.headers["cache-control"] = "public, max-age=60"
    return KeysView(keys=await keys.publish())
