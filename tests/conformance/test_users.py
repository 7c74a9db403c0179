"""Registering, logging in, and the own profile."""

from typing import Any

import pytest

from tests.conformance.api import PASSWORD, Api, User, make_name

BLANK = ["can't be blank"]
TAKEN = ["has already been taken"]


def test_a_new_user_has_neither_bio_nor_image(api: Api) -> None:
    name = make_name("user")
    new = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    user = api.insist(201, "POST", "/users", {"user": new})["user"]
    assert (user["username"], user["email"]) == (name, f"{name}@example.com")
    assert (user["bio"], user["image"]) == (None, None)


@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
def test_a_token_says_who_asks(api: Api, ann: User, scheme: str) -> None:
    user = api.insist(200, "GET", "/user", authorization=f"{scheme} {ann.token}")["user"]
    assert (user["username"], user["email"]) == (ann.username, ann.email)


def test_logging_in_brings_a_token(api: Api, ann: User) -> None:
    again = api.log_in(ann)
    assert api.insist(200, "GET", "/user", by=again)["user"]["username"] == ann.username


@pytest.mark.parametrize(
    "login",
    [
        {"password": "wrong password"},
        {"email": "nobody@example.com"},
        {"password": "x"},
    ],
)
def test_wrong_credentials_are_told_apart_by_nothing(
    api: Api, ann: User, login: dict[str, str]
) -> None:
    sent = {"user": {"email": ann.email, "password": PASSWORD, **login}}
    answer = api.ask("POST", "/users/login", sent)
    assert answer.refusal == (401, {"credentials": ["invalid"]})


@pytest.mark.parametrize("field", ["username", "email", "password"])
@pytest.mark.parametrize("value", ["", " ", None, ...])
def test_nobody_registers_without_saying_who(api: Api, field: str, value: Any) -> None:
    name = make_name("user")
    user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, field: value}
    if value is ...:
        del user[field]
    assert api.ask("POST", "/users", {"user": user}).refusal == (422, {field: BLANK})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "x"),
        ("username", "x" * 300),
        ("username", "a b/c"),
        ("email", "nonsense"),
        ("username", 7),
    ],
)
def test_what_makes_no_user_is_refused(api: Api, field: str, value: object) -> None:
    name = make_name("user")
    user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, field: value}
    answer = api.ask("POST", "/users", {"user": user})
    assert (answer.status, list(answer.errors)) == (422, [field])


@pytest.mark.parametrize("field", ["username", "email"])
def test_a_name_and_an_address_belong_to_one_user(api: Api, ann: User, field: str) -> None:
    name = make_name("user")
    new = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    answer = api.ask("POST", "/users", {"user": {**new, field: getattr(ann, field)}})
    assert answer.refusal == (409, {field: TAKEN})


@pytest.mark.parametrize("field", ["username", "email"])
def test_nobody_is_renamed_to_a_name_that_is_taken(
    api: Api, ann: User, eve: User, field: str
) -> None:
    answer = api.ask("PUT", "/user", {"user": {field: getattr(ann, field)}}, by=eve)
    assert answer.refusal == (409, {field: TAKEN})


def test_what_is_left_out_of_a_change_stays(api: Api, eve: User) -> None:
    api.insist(200, "PUT", "/user", {"user": {"bio": "hello", "image": "http://x/y"}}, by=eve)
    user = api.insist(200, "PUT", "/user", {"user": {"bio": "hi"}}, by=eve)["user"]
    assert (user["bio"], user["image"], user["username"]) == ("hi", "http://x/y", eve.username)
    assert api.insist(200, "GET", "/user", by=eve)["user"] == {**user, "token": eve.token}


@pytest.mark.parametrize("nothing", ["", None])
@pytest.mark.parametrize("field", ["bio", "image"])
def test_nothing_is_null(api: Api, eve: User, field: str, nothing: str | None) -> None:
    api.insist(200, "PUT", "/user", {"user": {field: "something"}}, by=eve)
    user = api.insist(200, "PUT", "/user", {"user": {field: nothing}}, by=eve)["user"]
    assert user[field] is None


@pytest.mark.parametrize("field", ["username", "email", "password"])
@pytest.mark.parametrize("value", ["", None])
def test_a_change_does_not_empty_what_has_to_be_there(
    api: Api, ann: User, field: str, value: Any
) -> None:
    answer = api.ask("PUT", "/user", {"user": {field: value}}, by=ann)
    assert answer.refusal == (422, {field: BLANK})


def test_another_password_is_what_counts_from_then_on(api: Api, eve: User) -> None:
    api.insist(200, "PUT", "/user", {"user": {"password": "another password"}}, by=eve)
    login = {"email": eve.email, "password": "another password"}
    api.insist(200, "POST", "/users/login", {"user": login})
    login["password"] = eve.password
    assert api.ask("POST", "/users/login", {"user": login}).status == 401


def test_a_token_outlives_renames(api: Api, eve: User) -> None:
    name = make_name("renamed")
    api.insist(200, "PUT", "/user", {"user": {"username": name}}, by=eve)
    assert api.insist(200, "GET", "/user", by=eve)["user"]["username"] == name
    assert api.publish(eve)["author"]["username"] == name
    assert api.ask("GET", f"/profiles/{eve.username}").status == 404
