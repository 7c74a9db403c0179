"""Tasks over HTTP: what is asked of the service that computes, and what clients are told."""

import pytest
from httpx import AsyncClient

from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.domain.events import CancelTask, CreateTask, GetTask, ListTasks, StartTask, Status
from app.domain.settings import Settings
from tests.service.kit import COMPUTATIONS, PAGE, Tasks, make_task

CREATE = {"kind": "primes", "parameters": {"limit": 1000}}
ROUTES = [
    ("POST", "/v1/tasks"),
    ("GET", "/v1/tasks"),
    ("GET", "/v1/tasks/7"),
    ("POST", "/v1/tasks/7/start"),
    ("POST", "/v1/tasks/7/cancel"),
    ("GET", "/v1/tasks/7/progress"),
    ("GET", "/v1/computations"),
]


async def test_a_task_is_created_and_located(client: AsyncClient, tasks: Tasks) -> None:
    answer = await client.post("/v1/tasks", json=CREATE)
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/tasks/7")
    assert answer.json()["parameters"] == {"limit": 1000}
    assert tasks.asked == [CreateTask(kind="primes", parameters={"limit": 1000})]


@pytest.mark.parametrize("key", ["a-1", '"a-1"'])
async def test_the_key_of_a_creation_goes_along(
    client: AsyncClient, tasks: Tasks, key: str
) -> None:
    headers = {"idempotency-key": key}
    answer = await client.post("/v1/tasks", json=CREATE, headers=headers)
    assert answer.status_code == 201
    assert tasks.asked == [CreateTask(kind="primes", parameters={"limit": 1000}, key="a-1")]


@pytest.mark.parametrize("key", ["", '""', "two words", "x" * 256, '"open', "a\\b", "\u00e4"])
async def test_a_key_that_is_none_is_refused(client: AsyncClient, tasks: Tasks, key: str) -> None:
    headers = {b"idempotency-key": key.encode("latin-1")}
    answer = await client.post("/v1/tasks", json=CREATE, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"
    assert tasks.asked == []


@pytest.mark.parametrize(
    "parameters", ['{"a": 1e999}', '{"a": [[-1e999]]}', '{"a": {"b": NaN}}', '{"a": Infinity}']
)
async def test_a_number_that_is_too_large_is_said_to_be_so(
    client: AsyncClient, tasks: Tasks, parameters: str
) -> None:
    body = f'{{"kind": "equations", "parameters": {parameters}}}'
    headers = {"content-type": "application/json"}
    answer = await client.post("/v1/tasks", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "body.parameters.a", "message": "Value error, a number is too large, or none"}
    ]
    assert tasks.asked == []


async def test_a_task_is_started_without_waiting_for_it(client: AsyncClient, tasks: Tasks) -> None:
    tasks.answers = [make_task(status=Status.QUEUED)]
    answer = await client.post("/v1/tasks/7/start")
    assert (answer.status_code, answer.headers["location"]) == (202, "/v1/tasks/7")
    assert answer.json()["status"] == "queued"
    assert tasks.asked == [StartTask(number=7)]


async def test_a_task_is_read_with_its_result(client: AsyncClient, tasks: Tasks) -> None:
    tasks.answers = [make_task(status=Status.FINISHED, progress=1.0, result={"count": 168})]
    answer = await client.get("/v1/tasks/7")
    assert answer.status_code == 200
    assert answer.json().items() >= {"status": "finished", "result": {"count": 168}}.items()
    assert tasks.asked == [GetTask(number=7)]


async def test_a_task_is_cancelled(client: AsyncClient, tasks: Tasks) -> None:
    tasks.answers = [make_task(status=Status.CANCELLED)]
    assert (await client.post("/v1/tasks/7/cancel")).json()["status"] == "cancelled"
    assert tasks.asked == [CancelTask(number=7)]


async def test_tasks_are_listed_in_pages(client: AsyncClient, tasks: Tasks) -> None:
    tasks.answers = [PAGE]
    answer = await client.get("/v1/tasks?limit=2&status=created&sort=number&cursor=abc")
    assert [task["number"] for task in answer.json()["items"]] == [8, 7]
    assert answer.json()["next"] == "after 7"
    assert "parameters" not in answer.json()["items"][0]
    asked = ListTasks(limit=2, status=Status.CREATED, sort="number", cursor="abc", offset=0)
    assert tasks.asked == [asked]


async def test_what_can_be_computed_is_told(client: AsyncClient, tasks: Tasks) -> None:
    tasks.answers = [COMPUTATIONS]
    assert (await client.get("/v1/computations")).json()["items"][0]["kind"] == "primes"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("there is no task 7"), 404),
        (ConflictError("task 7 has finished: create another one"), 409),
        (InvalidInputError("parameters.limit: Field required"), 422),
        (RuntimeError("a bug"), 502),
    ],
)
async def test_what_the_other_service_refuses_is_a_problem(
    client: AsyncClient, tasks: Tasks, error: Exception, status: int
) -> None:
    tasks.answers = [error]
    answer = await client.post("/v1/tasks/7/start")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if status != 502:
        assert answer.json()["detail"] == str(error)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_the_other_service_everything_is_unavailable(
    client: AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path, json=CREATE if path == "/v1/tasks" else None)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["detail"].endswith("nobody is there to answer")


class TestLate:
    """The other service takes too long."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(reply_seconds=0.05)

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_a_reply_that_does_not_come_is_a_timeout(
        self, client: AsyncClient, tasks: Tasks, method: str, path: str
    ) -> None:
        tasks.seconds = 60
        answer = await client.request(method, path, json=CREATE if path == "/v1/tasks" else None)
        assert answer.status_code == 504
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "number",
    ["0", "-1", "abc", "1.5", str(2**63), "7%00", "07", "+7", "7_0", "7.0", "%207", "%D9%A7"],
)
@pytest.mark.parametrize("route", ["GET {}", "POST {}/start", "POST {}/cancel", "GET {}/progress"])
async def test_a_number_of_another_form_is_refused_and_nobody_is_asked(
    client: AsyncClient, tasks: Tasks, route: str, number: str
) -> None:
    method, _, path = route.format(f"/v1/tasks/{number}").partition(" ")
    answer = await client.request(method, path)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "path.number"
    assert tasks.asked == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.kind"),
        ({**CREATE, "kind": "x" * 51}, "body.kind"),
        ({**CREATE, "kind": 7}, "body.kind"),
        ({**CREATE, "parameters": []}, "body.parameters"),
        ({**CREATE, "parameters": {"text": "nothing\0"}}, "body.parameters"),
        ({**CREATE, "priority": 1}, "body.priority"),
    ],
)
async def test_a_bad_task_is_a_problem_that_names_the_field(
    client: AsyncClient, tasks: Tasks, body: dict[str, object], field: str
) -> None:
    answer = await client.post("/v1/tasks", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert tasks.asked == []


async def test_an_enormous_task_is_refused(client: AsyncClient, tasks: Tasks) -> None:
    body = {"kind": "words", "parameters": {"text": "x" * 2_000_000}}
    assert (await client.post("/v1/tasks", json=body)).status_code == 413
    assert tasks.asked == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=1001", "status=lost", "sort=x"])
async def test_a_list_that_cannot_be_is_refused(
    client: AsyncClient, tasks: Tasks, query: str
) -> None:
    assert (await client.get(f"/v1/tasks?{query}")).status_code == 422
    assert tasks.asked == []
