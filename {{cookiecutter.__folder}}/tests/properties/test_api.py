"""The API does what its OpenAPI document says, to requests that nobody thought of."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.main import app, load_app
from tests.kit.container import hide_environment

schema = schemathesis.openapi.from_dict(app.openapi())


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the API, which needs no server, and return where."""
    with pytest.MonkeyPatch.context() as patch:
        hide_environment(patch, tmp_path_factory.mktemp("served"))
        patch.setenv("ENVIRONMENT", "development")
        server = uvicorn.Server(uvicorn.Config(load_app(), port=0, log_config=None))
        thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the API did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()


# The same requests each time: what fails once fails again. That every request which fits the
# document is taken is not asked for: a document cannot say which cursors there are.
@schema.parametrize()
@settings(max_examples=50, derandomize=True, deadline=None)
def test_every_answer_is_one_that_the_document_tells_of(
    case: schemathesis.Case[Any], address: str
) -> None:
    answer = case.call(base_url=address)
    # What is no HTTP at all is refused by the server, before the application sees it.
    if answer.status_code != 400 or "x-request-id" in answer.headers:
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])
