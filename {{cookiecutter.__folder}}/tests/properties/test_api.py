"""The API does what its OpenAPI document says, to requests that nobody thought of."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.main import app
from tests.kit.container import hide_environment

ABSENT = HTTPStatus.SERVICE_UNAVAILABLE
# On a busy machine the API may take half a minute to start, and gives an answer up to as much.
START_SECONDS, ANSWER_SECONDS = 120, 30

schema = schemathesis.openapi.from_dict(app.openapi())


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the API, which needs no server, and return where.

    It is a process of its own: hypothesis minds when others use `random`, as the relay does.
    """
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listener:
        patch.setenv("PYTHONPATH", str(Path.cwd()))
        hide_environment(patch, tmp_path_factory.mktemp("served"))
        patch.setenv("ENVIRONMENT", "development")
        file = listener.fileno()
        command = [sys.executable, "-m", "uvicorn", "app.main:app", "--fd", str(file)]
        with subprocess.Popen(command, pass_fds=[file]) as server:
            place = f"http://127.0.0.1:{listener.getsockname()[1]}"
            try:
                httpx.get(f"{place}/health/live", timeout=START_SECONDS)
                yield place
            finally:
                server.terminate()


# The same requests each time: what fails once fails again. That every request which fits the
# document is taken is not asked for: a document cannot say which cursors there are. Nor is a 503 a
# mistake, for other services, and servers, are not there.
@schema.parametrize()
@settings(max_examples=50, derandomize=True, deadline=None)
def test_every_answer_is_one_that_the_document_tells_of(
    case: schemathesis.Case[Any], address: str
) -> None:
    answer = case.call(base_url=address, timeout=ANSWER_SECONDS)
    # What is no HTTP at all is refused by the server, before the application sees it.
    if answer.status_code != 400 or "x-request-id" in answer.headers:
        case.validate_response(
            answer, excluded_checks=[positive_data_acceptance, not_a_server_error]
        )
    assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == ABSENT
