"""The events of this service: what it listens to."""

from app.domain.contracts.sessions import SessionRevoked

__all__ = ["SessionRevoked"]
