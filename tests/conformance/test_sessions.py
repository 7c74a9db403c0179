"""Sessions: + another access token, + logging out here and everywhere."""

from tests.conformance.api import Api, User

REVOKED = (401, {"token": ["is revoked"]})


def test_a_refresh_token_brings_another_access_token(api: Api, eve: User) -> None:
    sent = {"refreshToken": eve.refresh_token}
    user = api.insist(200, "POST", "/users/refresh", sent)["user"]
    assert user["refreshToken"] != eve.refresh_token
    header = f"Token {user['token']}"
    assert api.insist(200, "GET", "/user", authorization=header)["user"]["email"] == eve.email


def test_a_refresh_token_from_long_ago_ends_the_session(api: Api, eve: User) -> None:
    token = eve.refresh_token
    for _ in range(2):
        sent = {"refreshToken": token}
        token = api.insist(200, "POST", "/users/refresh", sent)["user"]["refreshToken"]
    for each in (eve.refresh_token, token):
        assert api.ask("POST", "/users/refresh", {"refreshToken": each}).status == 401
    assert api.ask("GET", "/user", by=eve).refusal == REVOKED


def test_a_refresh_token_of_nobody_is_refused(api: Api) -> None:
    assert api.ask("POST", "/users/refresh", {"refreshToken": "nonsense"}).status == 401


def test_logging_out_ends_this_session_and_no_other(api: Api, eve: User) -> None:
    other = api.log_in(eve)
    api.insist(204, "DELETE", "/user/session", by=eve)
    for path in ("/user", "/articles/feed", "/articles"):
        assert api.ask("GET", path, by=eve).refusal == REVOKED
    api.insist(200, "GET", "/user", by=other)


def test_logging_out_everywhere_ends_all_sessions(api: Api, eve: User) -> None:
    other = api.log_in(eve)
    api.insist(204, "DELETE", "/user/sessions", by=eve)
    for each in (eve, other):
        assert api.ask("GET", "/user", by=each).refusal == REVOKED
    api.insist(200, "GET", "/user", by=api.log_in(eve))


def test_another_password_ends_all_other_sessions(api: Api, eve: User) -> None:
    other = api.log_in(eve)
    api.insist(200, "PUT", "/user", {"user": {"password": "another password"}}, by=eve)
    api.insist(200, "GET", "/user", by=eve)
    assert api.ask("GET", "/user", by=other).refusal == REVOKED


def test_nobody_gives_themselves_a_role(api: Api, eve: User) -> None:
    answer = api.ask("PUT", f"/users/{eve.username}/roles", {"roles": ["admin"]}, by=eve)
    assert answer.status == 403
