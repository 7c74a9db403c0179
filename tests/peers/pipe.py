"""What every peer does with its pipes: lines of JSON, orders in, answers and messages out."""

import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any


def say(kind: str, **facts: object) -> None:
    """Tell the test something."""
    print(json.dumps({"kind": kind, **facts}), flush=True)


def tell_message(topic: str, body: bytes, headers: Mapping[str, Any], **properties: object) -> None:
    """Tell the test of a message that came."""
    texts = {
        name: value.decode() if isinstance(value, bytes) else str(value)
        for name, value in headers.items()
    }
    coded = base64.b64encode(body).decode()
    say("message", topic=topic, body=coded, headers=texts, properties=properties)


async def obey(send: Callable[..., Awaitable[str | None]]) -> None:
    """Send what the test wants sent, until it closes the pipe; answer with what it is known by."""
    say("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        body = base64.b64decode(order.pop("body"))
        try:
            say("sent", id=await send(body=body, **order))
        except Exception as error:  # noqa: BLE001 - the test wants to know, whatever it is
            say("refused", error=f"{type(error).__name__}: {error}")
