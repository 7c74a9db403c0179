"""What is refused wherever it is sent."""

import pytest

from tests.conformance.api import Api, User

MISSING = (401, {"token": ["is missing"]})
INVALID = (401, {"token": ["is invalid"]})
# Everything that only somebody may do, each with what is wrong with it beside the token.
CLOSED = [
    ("GET", "/user"),
    ("PUT", "/user"),
    ("DELETE", "/user/session"),
    ("DELETE", "/user/sessions"),
    ("POST", "/profiles/nobody-at-all/follow"),
    ("DELETE", "/profiles/nobody-at-all/follow"),
    ("GET", "/articles/feed"),
    ("POST", "/articles"),
    ("PUT", "/articles/unknown"),
    ("DELETE", "/articles/unknown"),
    ("POST", "/articles/unknown/favorite"),
    ("DELETE", "/articles/unknown/favorite"),
    ("POST", "/articles/unknown/comments"),
    ("PUT", "/articles/unknown/comments/1"),
    ("DELETE", "/articles/unknown/comments/x"),
]
OPEN = ["/articles", "/articles/unknown", "/articles/popular", "/profiles/nobody-at-all"]
LARGE = b'{"article": {"title": "x", "description": "x", "body": "' + b"x" * 1_100_000 + b'"}}'


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize("raw", [None, b"{no json"])
def test_without_a_token_nothing_else_is_looked_at(
    api: Api, method: str, path: str, raw: bytes | None
) -> None:
    if method in {"PUT", "POST"}:
        assert api.ask(method, path, raw=raw).refusal == MISSING
    else:
        assert api.ask(method, path).refusal == MISSING


@pytest.mark.parametrize("header", ["Token", "Token nonsense", "Basic YTpi", "Bearer a.b.c"])
@pytest.mark.parametrize("path", ["/user", "/articles/feed", *OPEN])
def test_a_malformed_token_is_refused_everywhere(api: Api, path: str, header: str) -> None:
    assert api.ask("GET", path, authorization=header).refusal == INVALID


def test_a_token_that_somebody_changed_is_refused(api: Api, ann: User) -> None:
    head, body, signature = ann.token.split(".")
    for token in (f"{head}.{body}.", f"{head}.{body[:-4]}AAAA.{signature}", f"{head}.{body}"):
        assert api.ask("GET", "/user", authorization=f"Token {token}").refusal == INVALID


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/users"),
        ("POST", "/users/login"),
        ("PUT", "/user"),
        ("POST", "/articles"),
    ],
)
@pytest.mark.parametrize("raw", [b"{no json", b"", b"[]", b'"text"', b"{}", b"\xff\xfe", b"null"])
def test_what_is_no_request_is_refused(
    api: Api, ann: User, method: str, path: str, raw: bytes
) -> None:
    answer = api.ask(method, path, raw=raw, by=ann)
    assert answer.status in {400, 422}, answer


@pytest.mark.parametrize("path", ["/articles", "/users", "/articles/unknown/comments"])
def test_a_body_of_a_megabyte_is_too_large(api: Api, ann: User, path: str) -> None:
    assert api.ask("POST", path, raw=LARGE, by=ann).status == 413


def test_another_path_and_another_method_are_refused_in_the_same_form(api: Api) -> None:
    assert api.ask("GET", "/nothing-here").status == 404
    assert api.ask("PATCH", "/articles").status == 405
