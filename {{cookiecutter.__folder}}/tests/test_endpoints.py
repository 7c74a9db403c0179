"""The endpoints that every service has, and what they say when something is wrong."""

import pytest
from httpx import AsyncClient

from app.utils.container import Container


class Broken:
    """A resource that does not answer."""

    async def ping(self) -> None:
        """Fail."""
        raise ConnectionError("user service is refused at 10.1.2.3:5432")


class Spare(Broken):
    """One that the service does without."""

    is_optional = True


async def test_a_running_process_is_alive(client: AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}


async def test_a_service_whose_dependencies_answer_is_ready(client: AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert response.status_code == 200
    assert set(response.json().values()) <= {"ok"}


async def test_a_service_with_a_broken_dependency_is_not_ready(
    client: AsyncClient, opened: Container
) -> None:
    opened.add(Broken, Broken())
    response = await client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["Broken"] == "failing"


async def test_the_reason_is_in_the_log_and_in_no_answer(
    client: AsyncClient, opened: Container, caplog: pytest.LogCaptureFixture
) -> None:
    opened.add(Broken, Broken())
    response = await client.get("/health/ready")
    assert set(response.json().values()) <= {"ok", "failing"}
    assert "10.1.2.3" not in response.text
    [record] = [each for each in caplog.records if each.name == "app.core.health"]
    assert "10.1.2.3:5432" in vars(record)["fields"]["error"]


async def test_a_service_is_ready_without_what_it_can_do_without(
    client: AsyncClient, opened: Container
) -> None:
    opened.add(Spare, Spare())
    response = await client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["Spare"] == "failing"


async def test_requests_are_counted_by_route(client: AsyncClient) -> None:
    await client.get("/health/live")
    await client.get("/nowhere/at/all")
    metrics = (await client.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/health/live",status="200"}' in metrics
    assert 'http_requests_total{method="GET",route="unmatched",status="404"}' in metrics


async def test_methods_that_clients_make_up_are_counted_as_one(client: AsyncClient) -> None:
    await client.request("BREW", "/nowhere")
    metrics = (await client.get("/metrics")).text
    assert 'method="OTHER"' in metrics
    assert "BREW" not in metrics


async def test_a_request_id_is_kept_when_it_is_harmless(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"x-request-id": "abc-1"})
    assert response.headers["x-request-id"] == "abc-1"


async def test_a_request_id_is_replaced_when_it_is_not(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"x-request-id": "a b;c"})
    assert response.headers["x-request-id"] not in ("", "a b;c")


@pytest.mark.usefixtures("plain_problems")
async def test_an_unknown_path_is_a_problem(client: AsyncClient) -> None:
    response = await client.get("/nowhere")
    assert response.status_code == 404
    assert response.json() == {"status": 404, "detail": "Not Found"}


@pytest.mark.usefixtures("plain_problems")
async def test_a_wrong_method_is_a_problem(client: AsyncClient) -> None:
    response = await client.put("/health/live")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.json()["detail"] == "Method Not Allowed"


class TestMetricsWithToken:
    """METRICS_TOKEN keeps the metrics from everybody else."""

    @pytest.fixture(autouse=True)
    def token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("METRICS_TOKEN", "hunter2")

    @pytest.mark.parametrize(
        "header", ["", "hunter2", "Bearer", "Bearer hunter", "Bearer hunter22", "Bearer ünter"]
    )
    async def test_others_are_refused(self, client: AsyncClient, header: str) -> None:
        headers = {b"authorization": header.encode()}
        response = await client.get("/metrics", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_whoever_has_it_reads_them(self, client: AsyncClient) -> None:
        response = await client.get("/metrics", headers={"authorization": "Bearer hunter2"})
        assert response.status_code == 200
