"""A dead letter tells of its end, and can be as it was before."""

from app.utils.dead_letter import Reason, mark_dead, revive
from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming


def make_dead() -> Envelope:
    message = Envelope(
        id="id-1",
        topic="order.placed",
        body=b"{}",
        source="tests",
        attempt=5,
        headers={"tenant": "acme"},
    )
    return mark_dead(Incoming(message=message, origin="here"), Reason.FAILED, ValueError("a\nb"))


def test_what_is_known_of_its_end_fits_a_header() -> None:
    assert make_dead().headers["dead-letter-error"] == "ValueError('a\\nb')"
    assert make_dead().headers["dead-letter-attempts"] == "5"


def test_a_revived_message_is_as_it_was() -> None:
    revived = revive(make_dead(), as_new=False)
    assert (revived.id, revived.attempt, revived.topic) == ("id-1", 1, "order.placed")
    assert revived.headers == {"tenant": "acme", "retry-topic": "order.placed"}


def test_as_new_it_has_another_id() -> None:
    assert revive(make_dead(), as_new=True).id != "id-1"
