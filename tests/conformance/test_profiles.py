"""Profiles, and following."""

from tests.conformance.api import Api, User

NOT_FOUND = (404, {"profile": ["not found"]})


def test_a_profile_is_what_others_see(api: Api, ann: User) -> None:
    profile = api.insist(200, "GET", f"/profiles/{ann.username}")["profile"]
    assert profile == {
        "username": ann.username,
        "bio": None,
        "image": None,
        "following": False,
    }


def test_following_twice_is_following_once(api: Api, ann: User, eve: User) -> None:
    place = f"/profiles/{ann.username}/follow"
    for method, following in (("POST", True), ("POST", True), ("DELETE", False), ("DELETE", False)):
        assert api.insist(200, method, place, by=eve)["profile"]["following"] is following
        seen = api.insist(200, "GET", f"/profiles/{ann.username}", by=eve)["profile"]
        assert seen["following"] is following


def test_who_follows_is_nobody_elses_business(api: Api, ann: User, bob: User, eve: User) -> None:
    api.insist(200, "POST", f"/profiles/{ann.username}/follow", by=eve)
    for reader in (None, bob):
        seen = api.insist(200, "GET", f"/profiles/{ann.username}", by=reader)["profile"]
        assert seen["following"] is False


def test_nobody_by_that_name_is_not_found(api: Api, ann: User) -> None:
    assert api.ask("GET", "/profiles/nobody-at-all").refusal == NOT_FOUND
    for method in ("POST", "DELETE"):
        answer = api.ask(method, "/profiles/nobody-at-all/follow", by=ann)
        assert answer.refusal == NOT_FOUND
