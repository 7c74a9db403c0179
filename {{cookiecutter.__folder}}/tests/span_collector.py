"""A collector of spans for tests, which takes them or not as it is told."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Takes spans over HTTP in the way that it is told to."""

    def __init__(self) -> None:
        """Listen on a port of its own."""
        self.status = 200
        self.names: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.hangs = Event()
        self.hangs.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.hangs.wait()
                collector.headers.append({**self.headers, "path": self.path})
                if collector.status == 200:
                    collector.names += read_names(body)
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def read_names(body: bytes) -> list[str]:
    """Return the names of the spans that a collector was sent."""
    sent = ExportTraceServiceRequest.FromString(body)
    scopes = [scope for resource in sent.resource_spans for scope in resource.scope_spans]
    return [span.name for scope in scopes for span in scope.spans]
