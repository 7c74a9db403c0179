"""What the tests of the contract share; they run against whatever `--api` names."""

import pytest

from tests.conformance.api import Api, User


def pytest_addoption(parser: pytest.Parser) -> None:
    """Ask where the API is."""
    parser.addoption("--api", default="http://127.0.0.1:8000/api", help="the API's address")


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest) -> Api:
    """The API."""
    return Api(request.config.getoption("--api"))


@pytest.fixture(scope="session")
def ann(api: Api) -> User:
    """Somebody who changes nothing of herself."""
    return api.register()


@pytest.fixture(scope="session")
def bob(api: Api) -> User:
    """Somebody else who does not."""
    return api.register()


@pytest.fixture
def eve(api: Api) -> User:
    """Somebody new in each test, who may change."""
    return api.register()
