"""The sample system Dev Talk answers as its contract says, as four services and as one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.api import Api
from tests.dev_talk_system import (
    DevTalk,
    check_conformance,
    list_failures,
    run_four,
    run_single,
)
from tests.processes import HOST

pytestmark = pytest.mark.slow


def test_the_single_service_keeps_the_contract_on_nothing(
    single_folder: Path, tmp_path: Path
) -> None:
    with run_single(single_folder, tmp_path) as address:
        check_conformance(address)
    assert list_failures(tmp_path) == []


@pytest.fixture(scope="module", params=["kafka", "rabbitmq"])
def four(
    request: pytest.FixtureRequest, four_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DevTalk]:
    """The four services at work; only the URL says which broker it is."""
    logs = tmp_path_factory.mktemp("four-logs")
    with run_four(four_folder, logs, request.param) as (system, _):
        yield system


@pytest.mark.servers
def test_the_four_services_keep_the_contract_on_real_servers(four: DevTalk) -> None:
    check_conformance(four.address)
    assert list_failures(four.logs) == []


@pytest.mark.servers
@pytest.mark.parametrize("service", ["articles", "comments"])
def test_a_call_that_goes_around_the_gateway_needs_a_good_token(
    four: DevTalk, service: str
) -> None:
    user = Api(four.address).register()
    slug = Api(four.address).publish(user)["slug"]
    around = Api(f"http://{HOST}:{four.ports[service]}/api")
    path = "/articles" if service == "articles" else f"/articles/{slug}/comments"
    body = {
        "article": {"title": "Around", "description": "about", "body": "text"},
        "comment": {"body": "nice"},
    }
    assert around.ask("POST", path, body).refusal == (401, {"token": ["is missing"]})
    forged = around.ask("POST", path, body, authorization=f"Token {user.token[:-4]}AAAA")
    assert forged.refusal == (401, {"token": ["is invalid"]})
    assert around.ask("POST", path, body, by=user).status == 201
    Api(four.address).insist(204, "DELETE", "/user/session", by=user)
    assert around.ask("POST", path, body, by=user).refusal == (401, {"token": ["is revoked"]})
