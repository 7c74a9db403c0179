"""Drills in which processes of the service die, come and go."""

import os
import random
import signal
import time

from drills.catalogue import Check, drill
from drills.crew import list_children
from drills.scene import STOP_SECONDS, Scene

MOMENTS = (0.15, 0.4, 0.65)
RELAY_KILLS = 4
# So many messages of a partition a consumer of Kafka commits one by one, again after each death;
# a rebalance may make it begin once more.
CAREFUL_MESSAGES = 100
FIRST_MOMENT, LATE_MOMENTS = 0.1, (0.4, 0.7)
COMMIT_SECONDS = 2.0
# Longer than the sessions of Kafka and the heartbeats of RabbitMQ.
SUSPENDED_SECONDS = 45.0


@drill(core=True, DRILL_PARTITIONS="1")
def kill_worker(scene: Scene) -> None:
    """Workers are killed with messages in their hands, at once and far into a partition."""
    scene.load.start(scene.orders)
    scene.wait_for_share(FIRST_MOMENT)
    member = random.choice(scene.crew.find("worker"))
    scene.say(f"killing {member.name}")
    scene.crew.kill(member)
    for moment in LATE_MOMENTS:
        scene.wait_for_share(moment)
        number, member = scene.place_long()
        # What is done is committed each second: whoever counts too early has done so by then.
        time.sleep(COMMIT_SECONDS)
        scene.say(f"killing {member.name}, which has order {number} in its hands")
        scene.crew.kill(member)
    scene.end_harm()
    if scene.orders * (LATE_MOMENTS[1] - LATE_MOMENTS[0]) < 2 * CAREFUL_MESSAGES:
        scene.say("all within the first messages of a partition, with which Kafka's are careful")


@drill(core=True)
def kill_api(scene: Scene) -> None:
    """One process of an API is killed, then all of it, with requests in their hands."""
    scene.load.start(scene.orders)
    (member,) = scene.crew.find("api")
    for moment in MOMENTS:
        scene.wait_for_share(moment)
        children = list_children(member.process.pid)
        if moment == MOMENTS[0]:
            scene.say("killing a process of the API")
            os.kill(children[0], signal.SIGKILL)
        else:
            scene.say("killing the API")
            scene.crew.kill(member)
    scene.end_harm()


@drill()
def kill_relay(scene: Scene) -> None:
    """Every process that relays is killed while the outbox is being emptied."""
    part = scene.orders // RELAY_KILLS
    seen = 0
    for _ in range(RELAY_KILLS):
        # However far behind the work is: the outbox must be full.
        scene.load.start(part, hurried=True)
        scene.crew.wait()
        seen += scene.wait_for_relay(part // 10)
        scene.say("killing everybody")
        for member in (*scene.crew.find("api"), *scene.crew.find("worker")):
            scene.crew.kill(member)
    scene.end_harm()
    if not seen:
        scene.notes.append("the outbox was never seen half empty: raise --messages")


@drill(core=True)
def rebalance(scene: Scene) -> None:
    """Workers come and go during the work."""
    scene.load.start(scene.orders)
    for moment in MOMENTS:
        scene.wait_for_share(moment)
        scene.say("one worker comes, another goes")
        leaving = random.choice(scene.crew.find("worker"))
        scene.crew.hire("worker")
        scene.crew.wait()
        scene.crew.stop(leaving, STOP_SECONDS)
    scene.wait_for_share(0.8)
    scene.say("one more comes")
    scene.crew.hire("worker")
    scene.crew.wait()
    scene.end_harm()


@drill(core=True)
def sigterm(scene: Scene) -> None:
    """Workers and APIs are asked to stop under load, which they do by themselves, with 0."""
    scene.load.start(scene.orders)
    for moment, role in zip((*MOMENTS, 0.8), ("worker", "api", "worker", "api"), strict=True):
        scene.wait_for_share(moment)
        member = random.choice(scene.crew.find(role))
        scene.say(f"asking {member.name} to stop")
        began = time.monotonic()
        scene.crew.stop(member, STOP_SECONDS)
        scene.say(f"{member.name} stopped in {time.monotonic() - began:.1f} s")
        scene.crew.resume(member)
    scene.end_harm()


@drill()
def suspended(scene: Scene) -> Check:
    """A worker with messages in its hands is suspended, and wakes when its session has ended."""
    scene.load.start(scene.orders)
    # It wakes beyond the limit of all that it has in hand: that is one attempt of each.
    scene.expected.may_fail = True
    held: list[int] = []
    for moment in (0.2, 0.6):
        scene.wait_for_share(moment)
        number, member = scene.place_long()
        held.append(number)
        scene.say(f"suspending {member.name}, which has order {number} in its hands")
        with scene.crew.suspended(member):
            time.sleep(SUSPENDED_SECONDS)
        scene.say(f"{member.name} wakes")
    scene.end_harm()

    def check_takeover() -> None:
        for number in held:
            if len(scene.read_pids(number)) < 2:  # noqa: PLR2004 - it and the one that took over
                scene.notes.append(f"order {number} was never taken over")
        if scene.crew.deaths:
            scene.notes.append(f"{scene.crew.deaths} processes died")

    return check_takeover
