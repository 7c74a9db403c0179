"""Tokens that an issuer has signed, whatever they say: good, or refused, and never an error."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services.tokens import InvalidTokenError, TokenVerifier
from tests.kit.tokens import Issuer

CLAIMS = ("sub", "exp", "nbf", "iat", "iss", "aud", "jti", "scope", "other")
HEADERS = ("alg", "kid", "typ", "crit", "b64", "jwk", "x5c")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**20, -(10**400), 1e308])
    | st.floats()
    | st.text()
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
DEEP = b'{"sub": "ann", "exp": %d, "other": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
MANY = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def verifier(running_issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(running_issuer.settings)


async def is_good(verifier: TokenVerifier, token: str) -> bool:
    """Tell whether a token is good; anything but a refusal is raised."""
    try:
        caller = await verifier.verify(token)
    except InvalidTokenError:
        return False
    assert caller.subject.isprintable()
    return True


def make_payload(issuer: Issuer, changes: dict[str, Any]) -> bytes:
    usual = {"iss": issuer.settings.issuer, "aud": issuer.settings.audience, "sub": "ann"}
    return json.dumps({**usual, "exp": time.time() + 60, **changes}).encode()


@MANY
@given(changes=st.dictionaries(st.sampled_from(CLAIMS), ANYTHING))
async def test_claims_of_any_kind_never_fail(
    verifier: TokenVerifier, running_issuer: Issuer, changes: dict[str, Any]
) -> None:
    await is_good(verifier, running_issuer.sign(make_payload(running_issuer, changes)))


@MANY
@given(payload=st.binary() | ANYTHING.map(lambda each: json.dumps(each).encode()))
async def test_payloads_of_any_kind_are_refused(
    verifier: TokenVerifier, running_issuer: Issuer, payload: bytes
) -> None:
    assert not await is_good(verifier, running_issuer.sign(payload))


@MANY
@given(header=st.dictionaries(st.sampled_from(HEADERS), ANYTHING), token=st.text())
async def test_headers_and_texts_of_any_kind_never_fail(
    verifier: TokenVerifier, running_issuer: Issuer, header: dict[str, Any], token: str
) -> None:
    rest = running_issuer.issue().partition(".")[2]
    encoded = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    for each in (f"{encoded}.{rest}", token, f"{token}.{rest}"):
        assert not await is_good(verifier, each)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": ["ann"]},
        {"sub": ""},
        {"sub": "a" * 256},
        {"sub": "ann\n"},
        {"sub": "\ud800"},
        {"exp": str(time.time() + 60)},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 1e300},
        {"exp": 10**400},
        {"exp": {"at": 1}},
        {"nbf": "0"},
        {"iat": [0]},
        {"jti": 7},
        {"iss": ["https://issuer.test"]},
        {"aud": {"tests": 1}},
        {"aud": ["tests", 7]},
        {"scope": 7},
        {"scope": ["items:read"]},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_a_claim_of_another_type_is_refused(
    verifier: TokenVerifier, running_issuer: Issuer, changes: dict[str, Any]
) -> None:
    token = running_issuer.sign(make_payload(running_issuer, changes))
    assert not await is_good(verifier, token)


@pytest.mark.parametrize(
    "changes",
    [{"aud": ["others", "tests"]}, {"sub": "Änn 漢"}, {"scope": None}, {"other": [{"deep": []}]}],
    ids=lambda claims: next(iter(claims)),
)
async def test_what_the_standards_allow_is_good(
    verifier: TokenVerifier, running_issuer: Issuer, changes: dict[str, Any]
) -> None:
    token = running_issuer.sign(make_payload(running_issuer, changes))
    assert await is_good(verifier, token)


async def test_claims_that_are_nested_without_end_are_refused(
    verifier: TokenVerifier, running_issuer: Issuer
) -> None:
    assert not await is_good(verifier, running_issuer.sign(DEEP % (time.time() + 60)))
