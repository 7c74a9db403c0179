"""Drills in which processes of the service die, come and go."""

import os
import random
import signal
import time

from drills.catalogue import drill
from drills.crew import list_children
from drills.scene import STOP_SECONDS, Scene

MOMENTS = (0.15, 0.4, 0.65)
RELAY_KILLS = 4


@drill(core=True)
def kill_worker(scene: Scene) -> None:
    """Workers are killed, each time with messages in their hands."""
    scene.load.start(scene.orders)
    for moment in MOMENTS:
        scene.wait_for_share(moment)
        member = random.choice(scene.crew.find("worker"))
        scene.say(f"killing {member.name}")
        scene.crew.kill(member)
    scene.end_harm()


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
