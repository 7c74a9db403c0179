"""What a team does to a broker with the service's own commands, and how the service meets one."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.clients import send
from tests.parcel_service import ParcelService
from tests.processes import WORKER, find_port, wait_for
from tests.recipes import check_recipe

pytestmark = [pytest.mark.slow, pytest.mark.servers]

SUBSCRIPTION = "receive_parcel"
PASSWORD = "open-sesame"
# Nothing of it is asked before somebody sends a token.
PRODUCTION = {
    "ENVIRONMENT": "production",
    "AUTH_JWKS_URL": "https://issuer.example/jwks",
    "AUTH_AUDIENCE": "parcels",
}


def post(parcels: ParcelService, defect: str = "") -> str:
    """Send a parcel through the API and return its name."""
    parcel = f"parcel-{uuid4().hex[:8]}"
    body = {"parcel": parcel, "defect": defect}
    assert send(parcels.port, "POST", "/v1/parcels", body).status == 201
    return parcel


def bury(parcels: ParcelService, defect: str, count: int) -> dict[str, str]:
    """Send parcels that cannot be received, and return their ids when they are dead letters."""
    names = [post(parcels, defect) for _ in range(count)]

    def find() -> dict[str, str]:
        lines = parcels.list_dead(SUBSCRIPTION)
        found = {each: line.split()[0] for each in names for line in lines if each in line}
        return found if len(found) == count else {}

    wait_for(lambda: all(is_put_aside(parcels, name) for name in names), "their ends")
    ids: dict[str, str] = wait_for(find, "dead letters")
    return ids


def is_put_aside(parcels: ParcelService, parcel: str) -> bool:
    """Tell whether the worker says so; asking the log costs less than asking the broker."""
    lines = parcels.read_log("worker", "message put aside")
    return any(parcel in line["error"] for line in lines)


def list_ids(parcels: ParcelService) -> set[str]:
    return {line.split()[0] for line in parcels.list_dead(SUBSCRIPTION)}


def cure(parcels: ParcelService, defect: str) -> None:
    """Repair what the handler stumbled over, as a new release of it would."""
    Path(parcels.variables["CURES"], defect).touch()


def test_dead_letters_are_counted_listed_and_shown(parcels: ParcelService) -> None:
    [(parcel, identity)] = bury(parcels, "cracked", 1).items()
    [line] = [line for line in parcels.list_dead(SUBSCRIPTION) if line.startswith(identity)]
    assert f"failed after 3 attempts: RuntimeError('{parcel}: cracked')" in line
    counts = check_recipe(parcels.folder, "dlq", "list", **parcels.variables).splitlines()
    assert [line.split()[1] for line in counts] == [SUBSCRIPTION, "count_parcel"]
    for line in counts:
        number, subscription = line.split()
        assert int(number) == len(parcels.list_dead(subscription))
    shown = parcels.call("dead_letters", "show", SUBSCRIPTION, identity)
    assert f'"parcel":"{parcel}"' in shown.output
    lines = shown.output.partition("\n\n")[0].splitlines()
    assert all(len(line.split()) > 1 for line in lines), shown.output
    facts = dict(line.split(maxsplit=1) for line in lines)
    assert facts["topic"] == f"{parcels.topics}.parcel.sent"
    assert (facts["key"], facts["reason"], facts["attempts"]) == (parcel, "failed", "3")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", SUBSCRIPTION, "none"), "none is not among the dead letters of "),
        (("replay", SUBSCRIPTION, "none"), "not among the dead letters: none"),
        (("list", "none"), f"none is no subscription; there are: {SUBSCRIPTION}, count_parcel"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_not_there_is_said_in_one_line(
    parcels: ParcelService, arguments: tuple[str, ...], sentence: str
) -> None:
    outcome = parcels.call("dead_letters", *arguments)
    assert outcome.status == 1
    [line] = [line for line in outcome.output.splitlines() if not line.startswith("replayed: ")]
    assert line.startswith(sentence)


def test_replayed_letters_go_to_the_group_that_failed_and_to_no_other(
    parcels: ParcelService,
) -> None:
    letters = bury(parcels, "bent", 4)
    first, *some, last = letters
    cure(parcels, "bent")

    def replay(*arguments: str) -> list[str]:
        outcome = parcels.call("dead_letters", "replay", SUBSCRIPTION, *arguments)
        assert outcome.status == 0, outcome
        return outcome.output.splitlines()

    assert replay(letters[first], "--dry-run") == [letters[first], "would be replayed: 1"]
    assert set(letters.values()) <= list_ids(parcels)
    assert replay(letters[first]) == ["replayed: 1"]
    parcels.wait_until_done(first)
    assert replay(*(letters[each] for each in some)) == ["replayed: 2"]
    for each in some:
        parcels.wait_until_done(each)
    assert letters[last] in list_ids(parcels)
    replay("--all")
    parcels.wait_until_done(last)
    assert not set(letters.values()) & list_ids(parcels)
    for name, identity in letters.items():
        assert parcels.read_log("worker", "parcel received", parcel=name, id=identity)


def test_a_letter_that_fails_again_is_one_dead_letter_again(parcels: ParcelService) -> None:
    [(parcel, identity)] = bury(parcels, "torn", 1).items()
    before = len(parcels.read_log("worker", "handler failed", id=identity))
    assert parcels.call("dead_letters", "replay", SUBSCRIPTION, identity).status == 0
    wait_for(
        lambda: len(parcels.read_log("worker", "message put aside", id=identity)) == 2, "its end"
    )
    assert len(parcels.read_log("worker", "handler failed", id=identity)) == 2 * before
    parcels.wait_for_dead(identity)
    assert len([line for line in parcels.list_dead() if line.startswith(identity)]) == 1
    parcels.wait_until_done(parcel, "counted")


def test_a_letter_that_is_replayed_as_new_has_another_id(parcels: ParcelService) -> None:
    [(parcel, identity)] = bury(parcels, "wet", 1).items()
    cure(parcels, "wet")
    outcome = parcels.call("dead_letters", "replay", SUBSCRIPTION, identity, "--as-new")
    assert outcome.output == "replayed: 1"
    parcels.wait_until_done(parcel)
    [line] = parcels.read_log("worker", "parcel received", parcel=parcel)
    assert line["id"] != identity


def test_purged_letters_are_gone_and_the_others_stay(parcels: ParcelService) -> None:
    letters = list(bury(parcels, "lost", 3).values())

    def purge(*arguments: str) -> str:
        return parcels.call("dead_letters", "purge", SUBSCRIPTION, *arguments).output

    assert purge(letters[0], "--dry-run").endswith("would be deleted: 1")
    assert set(letters) <= list_ids(parcels)
    assert purge(letters[0]) == "deleted: 1"
    assert set(letters) & list_ids(parcels) == set(letters[1:])
    purge("--all")
    assert list_ids(parcels) == set()


def test_production_starts_only_with_the_topology_that_was_applied(
    parcels: ParcelService,
) -> None:
    name = f"test_{uuid4().hex[:12]}"
    variables = {**parcels.variables, **PRODUCTION, "SERVICE_NAME": name, "TOPICS": name}
    other = replace(parcels, variables=variables, port=find_port())
    missing = f"{name}.receive_parcel"
    with ExitStack() as stack:
        refused = other.begin(stack, *WORKER, log="refused")
        assert refused.wait() == 1
        assert len(refused.output.splitlines()) == 1, refused.output
        said = json.loads(refused.output)["message"]
        assert said.startswith("BROKER_URL: ")
        assert missing in said
        assert said.endswith(": run `just topology apply`")
        checked = other.call("topology", "check")
        assert checked.status == 1
        assert missing in checked.output
        assert checked.output.endswith("run `just topology apply` to create what is missing")
        applied = other.call("topology", "apply")
        assert applied.status == 0, applied
        assert applied.output.startswith("as declared: ")
        worker = other.begin(stack, *WORKER, log="accepted")
        wait_for(lambda: "worker started" in worker.output, "the worker")
        assert worker.stop() == 0, worker.output
    # What runs has what it needs too.
    assert "as declared: " in check_recipe(parcels.folder, "topology", "check", **parcels.variables)


def list_wrong_urls(parcels: ParcelService) -> list[str]:
    """Return URLs with which the broker lets nobody in."""
    url = urlsplit(parcels.variables["BROKER_URL"])
    place = url.netloc.rpartition("@")[2]
    stranger = url._replace(netloc=f"stranger:{PASSWORD}@{place}").geturl()
    if parcels.broker == "kafka":
        return [stranger]
    return [stranger, url._replace(path="/nowhere").geturl()]


def test_a_broker_that_lets_nobody_in_is_one_line_without_the_password(
    parcels: ParcelService, tmp_path: Path
) -> None:
    for url in list_wrong_urls(parcels):
        other = replace(parcels, logs=tmp_path, variables={**parcels.variables, "BROKER_URL": url})
        with ExitStack() as stack:
            worker = other.begin(stack, *WORKER, log="worker")
            assert worker.wait() == 1
            check = other.call("topology", "check")
            assert check.status == 1
            [line] = worker.output.splitlines()
            for output in (json.loads(line)["message"], check.output):
                assert len(output.splitlines()) == 1, output
                assert output.startswith("BROKER_URL: ")
                assert PASSWORD not in output + worker.output
