"""Attempts: at once, later, and no more of them than the policy says."""

from app.utils.container import Container
from tests.delivery_kit import Failing, list_messages, make_delivery, make_message


async def test_a_failing_handler_is_tried_again_at_once_and_then_later(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message())
    assert failing.calls == 2
    [waiting] = await list_messages(opened, "retry.10ms")
    assert waiting.attempt == 3
    assert waiting.topic == "order.placed"


async def test_each_later_attempt_waits_longer(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(attempt=3))
    assert failing.calls == 1
    [waiting] = await list_messages(opened, "retry.20ms")
    assert waiting.attempt == 4


async def test_after_the_last_attempt_it_is_a_dead_letter(opened: Container) -> None:
    await make_delivery(Failing().__call__, opened)(make_message(attempt=4))
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "failed"
    assert dead.headers["dead-letter-error"] == "RuntimeError('never 7')"
    assert dead.headers["dead-letter-attempts"] == "4"
    assert dead.headers["dead-letter-origin"] == "here"


async def test_in_order_all_attempts_hold_the_others_up(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened, ordered=True)(make_message())
    assert failing.calls == 4
    assert len(await list_messages(opened, "dead")) == 1


async def test_a_process_that_died_counts_as_an_attempt(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(deaths=3))
    assert failing.calls == 1
    assert len(await list_messages(opened, "dead")) == 1


async def test_a_message_that_kills_each_process_is_not_tried_for_ever(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(deaths=4))
    assert failing.calls == 0
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "died"
