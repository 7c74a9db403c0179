"""Roles, which those with the permission give."""

from app.api.exceptions import problems
from app.api.routes.auth.dependencies import ServiceSessions
from app.api.routes.auth.schemas import RolesView, RoleUpdate
from app.api.routing import Router
from app.api.viewer import require_permission
from app.domain.auth import endings
from app.domain.auth.roles import set_roles
from app.web.units import Unit

router = Router(tags=["Roles"])


@router.put(
    "/users/{username}/roles",
    response_model=RolesView,
    summary="+ Give a user roles",
    responses=problems(401, 403, 404),
    dependencies=[require_permission("roles:write")],
)
async def change_roles(
    username: str, body: RoleUpdate, uow: Unit, sessions: ServiceSessions
) -> RolesView:
    """Give a user these roles and no others; they have to log in again, for tokens hold roles."""
    user = await set_roles(uow, username, body.roles)
    endings.end_sessions(uow, sessions, user.id, await sessions.list_ids(user.id))
    return RolesView(roles=sorted(set(body.roles)))
