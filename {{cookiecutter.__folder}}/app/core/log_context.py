"""What every line says of the work that it belongs to, beside the trace."""

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

# Whoever begins a piece of work sets it, and resets it at the end.
log_context: ContextVar[Mapping[str, object]] = ContextVar(
    "log_context", default=MappingProxyType({})
)
