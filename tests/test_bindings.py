"""`just topology check` compares the bindings of a real RabbitMQ, or says that it could not."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.combinations import DEFAULT
from tests.connecting import attach_secure
from tests.programs import check, miss
from tests.recipes import make_service
from tools.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.servers]

# The server of the tests does not listen where one does by itself.
PROGRAM = """
import asyncio, contextlib, io, json, os, sys
import aio_pika
from app.commands import topology
from app.core.errors import StartupError
from app.core.logger_config import quieten_libraries
from app.services.rabbitmq import bindings

async def tell(action, port):
    bindings.PORTS["amqp"] = port
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            await topology.run(action)
        except StartupError as error:
            return [1, str(error).splitlines()]
    return [0, said.getvalue().splitlines()]

async def main(queue, port):
    async with await aio_pika.connect(os.environ["BROKER_URL"]) as connection:
        channel = await connection.channel()
        found = []
        for action, key in json.load(sys.stdin):
            if key:
                bound = await channel.get_queue(queue, ensure=False)
                await getattr(bound, action)("events", key)
            else:
                asked = 1 if action == "check elsewhere" else port
                found.append(await tell(action.split()[0], asked))
        print(json.dumps(found))

quieten_libraries()
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""
APPLY, CHECK, CHECK_ELSEWHERE = ("apply", ""), ("check", ""), ("check elsewhere", "")
KEY, MORE, OTHER = "item.created", "item.#", "item.deleted"
TO_APPLY = "run `just topology apply` to create what is missing"

Told = tuple[int, list[str]]


class Declared:
    """A service that declares a queue and its binding, and what its command says of it."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder = folder
        self._server = server
        self._name = f"test-{uuid4().hex[:12]}"
        self.queue = f"{self._name}.record_item"

    def run(self, *steps: tuple[str, str]) -> Iterator[Told]:
        """Yield the exit status and the lines of each command; other steps change bindings."""
        program = f"import io, sys\nsys.stdin = io.StringIO({json.dumps(json.dumps(steps))})\n"
        told = check(
            *(self._folder / ".venv/bin/python", "-c", f"{program}{PROGRAM}"),
            *(self.queue, str(self._server.ports["management"])),
            cwd=self._folder,
            BROKER_URL=self._server.url,
            SERVICE_NAME=self._name,
        )
        return ((status, lines) for status, lines in json.loads(told.splitlines()[-1]))


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    server = attach_secure("rabbitmq")
    if "management" not in server.ports:
        miss("this RabbitMQ has no management API: `./just servers-stop`, then `./just servers`")
    folder = make_service(tmp_path_factory.mktemp("bindings") / "shop", DEFAULT)
    return Declared(folder, server)


def test_each_binding_that_differs_is_told(declared: Declared) -> None:
    applied, fine, deleted, again, added, other = declared.run(
        APPLY,
        CHECK,
        ("unbind", KEY),
        CHECK,
        APPLY,
        ("bind", MORE),
        CHECK,
        ("unbind", MORE),
        ("unbind", KEY),
        ("bind", OTHER),
        CHECK,
    )
    assert applied == fine == again
    assert fine[0] == 0
    assert len(fine[1]) == 1
    missing = f"the queue {declared.queue} is not bound to the exchange events by {KEY}"
    assert deleted == (1, [missing, TO_APPLY])
    status, (more, _) = added
    assert status == 1
    assert f"the queue {declared.queue} is bound to the exchange events by {MORE}, too" in more
    status, (first, second, _) = other
    assert (status, first) == (1, missing)
    assert f"by {OTHER}, too" in second


def test_where_no_management_api_answers_one_line_says_so(declared: Declared) -> None:
    _, (status, lines) = declared.run(APPLY, ("unbind", KEY), CHECK_ELSEWHERE)
    assert status == 0
    assert lines[0].startswith("as declared: ")
    [line] = lines[1:]
    assert line.startswith("bindings were not compared: no management API answers (127.0.0.1:1 ")
