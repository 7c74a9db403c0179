"""HTTP as the server reads it, with limits: a head that is too large or too slow is refused."""

from asyncio import TimerHandle, Transport
from collections.abc import Callable
from typing import Any, ClassVar

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.utils.logger import Logger

logger = Logger("app.access")

# A target of 8000 bytes has to be understood (RFC 9110); all fields together, and each of them.
TARGET_BYTES = 8192
HEAD_BYTES = 32_768
FIELDS = 100
# From the first byte of a request to the end of its head.
HEAD_SECONDS = 10.0
# How long the rest of a body is read that nobody wants, because the answer is given. Closed at
# once, the connection would be reset, and an answer on its way lost.
REST_SECONDS = 5.0

TOO_LARGE = 431, "the header fields are too large, or too many"
TOO_LONG = 414, "the target is too long"
TOO_SLOW = 408, "sending the request took too long"

MakeResponse = Callable[[int, str], Response]


class HttpProtocol(HttpToolsProtocol):
    """The library's protocol, which would take heads of any size, and wait for them for ever.

    How long a body may take is `Deadline`'s to say, until the answer begins.
    """

    make_problem: ClassVar[MakeResponse]
    """How the service words its errors."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what the library's own takes."""
        super().__init__(*arguments, **options)
        self._in_head = self._in_body = self._is_refused = False
        self._reason: tuple[int, str] | None = None
        self._fields = self._head_bytes = 0
        # What was received since the parser gave the last part: it keeps a field until that ends.
        self._kept_bytes = 0
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin to wait for a request, not for ever."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, within the limits."""
        if self._is_refused:
            return
        self._kept_bytes += len(data)
        super().data_received(data)
        # Nearly always: all that was sent is a request, which is being answered.
        if not self._kept_bytes and not self._in_head and self._is_answering:
            return
        if self._is_refused or self.transport.is_closing():
            return
        # A WebSocket has taken it over.
        if self.transport.get_protocol() is not self:
            return
        if self._in_head and len(self.url) > TARGET_BYTES:
            self._refuse(*TOO_LONG)
        elif self._kept_bytes > HEAD_BYTES:
            self._refuse(*TOO_LARGE)
        elif self._timer is None and (self._in_head or not (self._in_body or self._is_answering)):
            self._timer = self.loop.call_later(HEAD_SECONDS, self._end_slow_head)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not read, or did not go on with."""
        self._refuse(*(self._reason or (400, msg)))

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._fields = self._head_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of the head; refuse fields that are too many or too large.

        The last lines are the library's own: calling those for each field would double what the
        fields of a browser cost here.
        """
        self._kept_bytes = 0
        self._fields += 1
        self._head_bytes += len(name) + len(value)
        if self._fields > FIELDS or self._head_bytes > HEAD_BYTES:
            self._stop_parsing(TOO_LARGE)
        # Those behind a body come when the request is being answered: nothing has checked them.
        if self._in_head:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer; refuse a target that is too long."""
        if len(self.url) > TARGET_BYTES:
            self._stop_parsing(TOO_LONG)
        self._kept_bytes = 0
        self._in_head, self._in_body = False, True
        if self._timer is not None:
            self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body."""
        self._kept_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next request."""
        self._kept_bytes = 0
        self._in_body = False
        if self._timer is not None:
            self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Read the rest of a body that nobody wants, but not for long."""
        super().on_response_complete()
        if self._in_body and not self._is_answering and not self.transport.is_closing():
            self._stop_timer()
            self._timer = self.loop.call_later(REST_SECONDS, self.transport.close)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_parsing(self, reason: tuple[int, str]) -> None:
        self._reason = reason
        raise ValueError(reason[1])  # The parser ends, and the library answers with a 400.

    def _end_slow_head(self) -> None:
        self._timer = None
        if self._is_answering:
            # Behind a request that is being answered, nothing may be read at all.
            self._timer = self.loop.call_later(HEAD_SECONDS, self._end_slow_head)
        else:
            self._refuse(*TOO_SLOW)

    def _refuse(self, status: int, detail: str) -> None:
        """Answer without the application, and take nothing more from this connection."""
        self._is_refused = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        logger.info("request refused", status=status, reason=detail)
        if self._is_answering and (self._in_head or self.cycle.response_started):
            # The answer of the request before it comes first, and is the last one.
            self.cycle.keep_alive = False
            if self._in_body:
                self.transport.close()
            return
        if self._is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        response = type(self).make_problem(status, detail)
        headers = [
            *self.server_state.default_headers,
            *response.raw_headers,
            (b"connection", b"close"),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + bytes(response.body))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(REST_SECONDS, self.transport.abort)
