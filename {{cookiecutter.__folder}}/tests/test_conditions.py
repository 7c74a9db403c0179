"""Conditional requests: nobody overwrites what they have not seen."""

import pytest
from starlette.exceptions import HTTPException

from app.web.conditions import Conditions, make_etag

ETAG = make_etag(7)


@pytest.mark.parametrize("header", ['"7"', '"6", "7"', "*", ' "7" '])
def test_a_change_of_the_version_that_it_names_passes(header: str) -> None:
    Conditions(match=header).require_match(ETAG)


@pytest.mark.parametrize("header", ['"6"', 'W/"7"', "7", '"6", "8"', "\x00", '"'])
def test_a_change_of_another_version_is_refused(header: str) -> None:
    with pytest.raises(HTTPException) as caught:
        Conditions(match=header).require_match(ETAG)
    assert caught.value.status_code == 412


@pytest.mark.parametrize("header", [None, "", " , "])
def test_a_change_that_names_no_version_is_refused(header: str | None) -> None:
    with pytest.raises(HTTPException) as caught:
        Conditions(match=header).require_match(ETAG)
    assert caught.value.status_code == 428


@pytest.mark.parametrize("header", ['"7"', 'W/"7"', "*", '"6", "7"'])
def test_a_version_that_the_client_has_is_not_sent_again(header: str) -> None:
    with pytest.raises(HTTPException) as caught:
        Conditions(none_match=header).check_none_match(ETAG)
    assert caught.value.status_code == 304
    assert caught.value.headers == {"etag": ETAG}


@pytest.mark.parametrize("header", [None, "", '"6"'])
def test_a_version_that_the_client_has_not_is_sent(header: str | None) -> None:
    Conditions(none_match=header).check_none_match(ETAG)
