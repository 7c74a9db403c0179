"""Drills in which servers do not answer for a while."""

import time

from drills.catalogue import Check, drill
from drills.scene import Scene

# Longer than all attempts of a message together: whoever spends attempts runs out of them.
OUTAGE_SECONDS = 6.0
# Longer than heartbeats and sessions.
SILENCE_SECONDS = 20.0
# Longer than a handler may take, which is longer than a statement may.
TIMEOUT_SECONDS = "6"
FAILED, UNAVAILABLE = 500, 503
# Orders that clients place while nobody can write.
REFUSED_ORDERS = 40
# Statements that keep everybody from writing, as a server that was demoted does, and that end it.
READ_ONLY = {
    "postgresql": (
        ("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"),
        ("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"),
    ),
    "mariadb": (("SET GLOBAL read_only = 1",), ("SET GLOBAL read_only = 0",)),
}


@drill(core=True)
def broker_restart(scene: Scene) -> None:
    """The broker is stopped, and later killed; each time it comes back some seconds later."""
    scene.load.start(scene.orders)
    scene.wait_for_share(0.2)
    scene.say("stopping the broker")
    scene.broker.stop()
    time.sleep(OUTAGE_SECONDS)
    scene.broker.start()
    scene.say("the broker is back")
    scene.wait_for_share(0.6)
    scene.say("killing the broker")
    scene.broker.kill()
    time.sleep(OUTAGE_SECONDS)
    scene.broker.start()
    scene.say("the broker is back")
    scene.end_harm()


@drill()
def broker_silence(scene: Scene) -> None:
    """The broker answers nothing for a while, and all connections stay open."""
    scene.load.start(scene.orders)
    for moment in (0.2, 0.6):
        scene.wait_for_share(moment)
        scene.say("the broker falls silent")
        with scene.broker.paused():
            time.sleep(SILENCE_SECONDS)
        scene.say("the broker answers again")
    scene.end_harm()


@drill(proxied=True)
def cut(scene: Scene) -> None:
    """All connections to RabbitMQ are cut, again and again; Kafka is paused for as long."""
    scene.load.start(scene.orders)
    for moment in (0.1, 0.3, 0.5, 0.7):
        scene.wait_for_share(moment)
        if scene.proxy is not None:
            scene.say(f"{scene.proxy.cut()} connections cut")
            continue
        scene.say("the broker is paused for a moment")
        with scene.broker.paused():
            time.sleep(OUTAGE_SECONDS)
    scene.end_harm()


@drill()
def database_restart(scene: Scene) -> None:
    """The database is stopped, and later killed, for longer than all attempts of a message."""
    scene.load.start(scene.orders)
    scene.wait_for_share(0.2)
    scene.say("stopping the database")
    scene.database.stop()
    time.sleep(OUTAGE_SECONDS)
    scene.database.start()
    scene.say("the database is back")
    scene.wait_for_share(0.6)
    scene.say("killing the database")
    scene.database.kill()
    time.sleep(OUTAGE_SECONDS)
    scene.database.start()
    scene.say("the database is back")
    scene.end_harm()


@drill()
def database_silence(scene: Scene) -> None:
    """The database answers nothing for a while, and all connections stay open."""
    scene.load.start(scene.orders)
    for moment in (0.2, 0.6):
        scene.wait_for_share(moment)
        scene.say("the database falls silent")
        with scene.database.paused():
            time.sleep(SILENCE_SECONDS)
        scene.say("the database answers again")
    scene.end_harm()


@drill(core=True, DRILL_TIMEOUT=TIMEOUT_SECONDS)
def silence(scene: Scene) -> None:
    """The database answers nothing for longer than a handler may take, which is no failure."""
    scene.load.start(scene.orders)
    scene.wait_for_share(0.3)
    scene.say("the database falls silent")
    with scene.database.paused():
        time.sleep(SILENCE_SECONDS)
    scene.say("the database answers again")
    scene.end_harm()


@drill()
def read_only(scene: Scene) -> Check:
    """The database answers, but nobody may write, as on a server that was demoted."""
    begin, end = READ_ONLY[scene.database.name]
    scene.load.start(scene.orders)
    for moment in (0.2, 0.6):
        scene.wait_for_share(moment)
        scene.say("the database becomes read-only")
        scene.administer(*begin)
        try:
            scene.load.start(REFUSED_ORDERS, hurried=True)
            time.sleep(OUTAGE_SECONDS)
            scene.require(lambda: not scene.is_ready(), "ready while nobody could write")
        finally:
            scene.administer(*end)
        scene.say("the database can be written again")
        scene.require(scene.is_ready, "not ready again")
    scene.end_harm()

    def check_answers() -> None:
        if failed := scene.load.statuses[FAILED]:
            scene.notes.append(f"{failed} requests were answered with {FAILED}")
        if not scene.load.statuses[UNAVAILABLE]:
            scene.notes.append("nobody was asked to come back")

    return check_answers
