"""A collector of spans: takes OTLP over HTTP, and prints a line of JSON for each span."""

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def read(body: bytes) -> Iterator[dict[str, object]]:
    """Yield what is known of each span."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = {each.key: each.value.string_value for each in resource.resource.attributes}
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            yield {
                "service": names["service.name"],
                "name": span.name,
                "kind": span.kind,
                "trace": span.trace_id.hex(),
                "id": span.span_id.hex(),
                "parent": span.parent_span_id.hex(),
                "attributes": {each.key: each.value.string_value for each in span.attributes},
            }


class Handler(BaseHTTPRequestHandler):
    """Takes every batch."""

    def do_POST(self) -> None:
        """Print the spans of a batch."""
        for span in read(self.rfile.read(int(self.headers["content-length"]))):
            sys.stdout.write(f"{json.dumps(span)}\n")
        sys.stdout.flush()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing else."""


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
