"""What services rely on stays for as long as the major version does."""

import pytest

from tests.combinations import TELLING
from tests.interfaces import find_breaks, read_interface
from tests.small_template import ROOT
from tools import interface

METHOD = "name app.utils.consumer.Consumer.on"
FORM = "function (event: type[Event], *, name: str | None = None) -> None"
OLD = {
    "choice broker=kafka": "",
    "starter app/api/router.py": "",
    "expected app.api.router.router": "",
    METHOD: FORM,
    "name app.core.errors.ConflictError": "class (RuntimeError)",
}
BREAKS = {
    "a choice is gone": (
        {"choice broker=kafka": None},
        "choice broker=kafka is gone",
    ),
    "a function is gone": ({METHOD: None}, f"{METHOD} is gone"),
    "a parameter is gone": (
        {METHOD: "function (event: type[Event]) -> None"},
        f"{METHOD}: parameter was removed name",
    ),
    "a default is gone": (
        {METHOD: FORM.replace(" = None", "")},
        f"{METHOD}: parameter is now required name",
    ),
    "a parameter is required": (
        {METHOD: FORM.replace("*, ", "topic: str, *, ")},
        f"{METHOD}: parameter was added as required topic",
    ),
    "it must be awaited": (
        {METHOD: f"async {FORM}"},
        f"{METHOD}: it was {FORM}, and is async {FORM}",
    ),
    "it is no function any more": (
        {METHOD: "attribute"},
        f"{METHOD}: it was {FORM}, and is attribute",
    ),
    "a base is gone": (
        {"name app.core.errors.ConflictError": "class (LookupError)"},
        "name app.core.errors.ConflictError: it is no RuntimeError any more",
    ),
    "more is imported from a team's file": (
        {"expected app.api.router.routes": ""},
        "the template imports app.api.router.routes, which the team's file may lack",
    ),
}
ADDITIONS = {
    "nothing": {},
    "a parameter with a default": {METHOD: FORM.replace("*, ", "*, topic: str = '', ")},
    "a function": {"name app.utils.consumer.Consumer.off": "function () -> None"},
    "a base": {"name app.core.errors.ConflictError": "class (RuntimeError, ValueError)"},
    "a file of the team's": {"starter app/web.py": "", "expected app.web.pages": ""},
    "less is imported from a team's file": {"expected app.api.router.router": None},
}


def change(changes: dict[str, str | None]) -> interface.Interface:
    """Return the small interface with some parts changed, or gone where there is no form."""
    parts = {**OLD, **changes}
    return {"default": {part: form for part, form in parts.items() if form is not None}}


def test_nothing_breaks_and_everything_is_recorded() -> None:
    now = read_interface()
    record = (ROOT / interface.RECORD).read_text(encoding="utf-8")
    if breaks := find_breaks(now):
        pytest.fail("\n".join(breaks), pytrace=False)
    if record != interface.write(now):
        pytest.fail(f"{interface.RECORD} lacks what is new: ./just interface", pytrace=False)


def test_a_record_is_read_as_it_was_written() -> None:
    now = read_interface()
    assert interface.read(interface.write(now), TELLING) == now


def test_a_record_names_the_services_that_it_tells_of() -> None:
    record = (ROOT / interface.RECORD).read_text(encoding="utf-8")
    assert interface.list_services(record) == set(TELLING)


@pytest.mark.parametrize(("changes", "sentence"), BREAKS.values(), ids=BREAKS.keys())
def test_what_breaks_services_is_told(changes: dict[str, str | None], sentence: str) -> None:
    breaks = interface.find_breaks({"default": OLD}, change(changes))
    assert breaks == [f"{sentence} (in default)."]


@pytest.mark.parametrize("changes", ADDITIONS.values(), ids=ADDITIONS.keys())
def test_an_addition_breaks_nothing(changes: dict[str, str | None]) -> None:
    assert interface.find_breaks({"default": OLD}, change(changes)) == []


def test_a_break_is_told_once_for_all_services() -> None:
    without = change({METHOD: None})["default"]
    old, new = {"api": OLD, "worker": OLD}, {"api": without, "worker": without}
    assert interface.find_breaks(old, new) == [f"{METHOD} is gone (in api, worker)."]
