"""The benchmark of the gateway: it asks the service directly, and through gateways before it."""

import pytest

from benchmarks import gateway


def test_a_request_brings_a_token_only_when_there_is_one() -> None:
    assert b"Authorization" not in gateway.make_request()
    assert gateway.make_request("x.y.z").endswith(b"Authorization: Token x.y.z\r\n\r\n")


@pytest.mark.slow
@pytest.mark.weekly
@pytest.mark.servers
def test_the_gateway_is_measured() -> None:
    rows = gateway.run(1).rows
    assert [row.what for row in rows] == [
        gateway.DIRECT,
        gateway.WITHOUT,
        gateway.WITH,
        gateway.LOOKING,
    ]
    assert all(row.ratio > 0 for row in rows[1:])
