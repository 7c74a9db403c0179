"""The API does what its OpenAPI document says, to requests that nobody thought of."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import settings

from app.main import load_app


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Serve the API without any server, and read its document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("served"))
        server = uvicorn.Server(uvicorn.Config(load_app(), port=0, log_config=None))
        thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the API did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
        server.should_exit = True
        thread.join()


every_operation = schemathesis.pytest.from_fixture("schema")


# The same requests each time: what fails once fails again.
@every_operation.parametrize()
@settings(max_examples=50, derandomize=True, deadline=None)
def test_every_answer_is_one_that_the_document_tells_of(case: schemathesis.Case) -> None:
    case.call_and_validate()
