"""The tables of this service."""

from app.domain.auth.models import Follow, Role, SigningKey, User

__all__ = ["Follow", "Role", "SigningKey", "User"]
