"""Drills in which the messages themselves do the harm."""

from drills.catalogue import Check, drill
from drills.scene import Scene

# Of the policy in the overlay's consumer.
ATTEMPTS = 4
# Until a message is suspected, its deaths are not told from those of its neighbours.
UNNOTICED_DEATHS = 2
REFUSED_BYTES = 2_000_000
# Of all orders together, and the most that one may have.
SLOW_BYTES = 150_000_000
SLOW_ORDER_BYTES = 500_000
SLOW_ORDERS = 3000
# Less than what waits, more than a worker needs that takes a few messages at a time.
MEMORY_BYTES = 64_000_000


@drill()
def poison(scene: Scene) -> None:
    """Messages that no handler can handle are put aside after exactly their attempts."""
    scene.load.start(scene.orders)
    for moment in (0.1, 0.5):
        scene.wait_for_share(moment)
        numbers = scene.load.place(10, "poison")
        scene.say(f"orders {numbers[0]} to {numbers[-1]} are poison")
        scene.expect_dead(numbers, "failed", ATTEMPTS)
    scene.end_harm()


@drill()
def killer(scene: Scene) -> Check:
    """Messages that kill their process are put aside as "died" after their attempts."""
    scene.expected.may_bury_twice = True
    scene.load.start(scene.orders)
    for moment in (0.1, 0.5):
        scene.wait_for_share(moment)
        numbers = scene.load.place(1, "killer")
        scene.say(f"order {numbers[0]} kills its process")
        scene.expect_dead(numbers, "died", ATTEMPTS, extra=UNNOTICED_DEATHS)
    scene.end_harm()

    def check_deaths() -> None:
        wanted = sum(scene.read_attempts().values())
        if scene.crew.deaths != wanted:
            scene.notes.append(f"{scene.crew.deaths} processes died, not {wanted}")

    return check_deaths


@drill(DRILL_TIMEOUT="5")
def hang(scene: Scene) -> None:
    """Messages whose handler never ends are put aside after exactly their attempts."""
    scene.load.start(scene.orders)
    scene.wait_for_share(0.2)
    numbers = scene.load.place(3, "hang")
    scene.say(f"orders {numbers[0]} to {numbers[-1]} hang")
    # On a busy machine others may take so long too: they are tried again, and succeed.
    scene.expected.may_fail = True
    scene.expect_dead(numbers, "failed", ATTEMPTS)
    scene.end_harm()


@drill()
def refused(scene: Scene) -> None:
    """Messages that the broker refuses stay in the outbox and hold up no others."""
    scene.load.start(scene.orders)
    for moment in (0.1, 0.5):
        scene.wait_for_share(moment)
        # RabbitMQ has no queue for them; for Kafka they are too large.
        numbers = scene.load.place(5, "refused", padding=REFUSED_BYTES)
        scene.say(f"orders {numbers[0]} to {numbers[-1]} say what will be refused")
        scene.expected.unsent += len(numbers)
    scene.end_harm()


@drill(DRILL_SLOW_SECONDS="0.05")
def slow_consumer(scene: Scene) -> Check:
    """A consumer that is far slower than its producer leaves the backlog to the broker."""
    scene.orders = min(scene.orders, SLOW_ORDERS)
    size = min(SLOW_BYTES // scene.orders, SLOW_ORDER_BYTES)
    idle = {member.name: member.peak for member in scene.crew.find("worker")}
    scene.load.start(scene.orders, behaviour="slow", padding=size, hurried=True)
    scene.wait(lambda: scene.load.is_placed and scene.counts["outbox"] < scene.orders // 10)
    backlog = scene.observer.ask("count_messages")["waiting"] * size
    scene.say(f"{backlog / 1e6:.0f} MB wait in the broker")
    if backlog < MEMORY_BYTES:
        scene.notes.append(f"a backlog of {backlog / 1e6:.0f} MB proves nothing: raise --messages")

    def check_memory() -> None:
        for member in scene.crew.find("worker"):
            grown = member.peak - idle[member.name]
            scene.say(f"{member.name} grew by {grown / 1e6:.0f} MB")
            if grown > MEMORY_BYTES:
                scene.notes.append(f"{member.name} grew by {grown / 1e6:.0f} MB")

    return check_memory
