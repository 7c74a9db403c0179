"""Streams, which have no end of their own: server-sent events and WebSockets."""

import asyncio
import time

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from app.core.draining_server import streams
from app.core.metrics import HTTP_STREAMS, HTTP_STREAMS_ENDED
from app.core.middleware import name_route
from app.core.readings import show_zeros
