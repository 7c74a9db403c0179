"""Drills in which others who use the broker do the harm."""

import time

from drills.catalogue import Check, drill
from drills.scene import Scene

# While a topic is held up: first what was on its way, then what is tried again now and then.
SETTLE_SECONDS, WATCH_SECONDS = 15.0, 15.0
# Tried again each half minute, one message for each topic and shard.
PROBES = 40


@drill(core=True)
def undecodable(scene: Scene) -> None:
    """Messages of others that nobody can decode are put aside, and hold up no other."""
    scene.load.start(scene.orders)
    for moment in (0.1, 0.5):
        scene.wait_for_share(moment)
        count = scene.observer.ask("send_undecodable")
        scene.say(f"{count} messages that nobody can decode")
        scene.expect_unreadable(count)
    scene.end_harm()


@drill(core=True)
def full_queue(scene: Scene) -> Check:
    """Another's queue is full: the broker takes nothing of one topic, which holds up no other."""
    scene.load.start(scene.orders)
    scene.wait_for_share(0.3)
    scene.say("the broker takes no confirmed orders any more")
    scene.observer.ask("block_confirmed")
    try:
        time.sleep(SETTLE_SECONDS)
        placed = len(scene.load.accepted)
        scene.require(lambda: scene.counts["confirmed"] >= placed, "another topic is held up")
        before = count_duplicates(scene)
        time.sleep(WATCH_SECONDS)
        duplicates = count_duplicates(scene) - before
        scene.say(f"{duplicates} duplicates in {WATCH_SECONDS:.0f} s")
    finally:
        scene.observer.ask("free_confirmed")
    scene.say("the broker takes them again")
    scene.end_harm()

    def check_duplicates() -> None:
        if duplicates > PROBES:
            scene.notes.append(f"{duplicates} duplicates came in {WATCH_SECONDS:.0f} s")

    return check_duplicates


def count_duplicates(scene: Scene) -> int:
    """Count the messages that came again after they were handled."""
    return scene.crew.count_lines('"message seen before"')
