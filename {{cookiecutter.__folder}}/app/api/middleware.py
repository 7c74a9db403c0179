"""The middleware of this service's own; it runs inside the template's, first one outermost."""

from starlette.middleware import Middleware

MIDDLEWARE: list[Middleware] = []
