"""The inbox: messages are told apart by source and id, byte by byte, in every database."""

from itertools import permutations

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.services.inbox import DuplicateMessageError, find_reply, record_message
from app.utils.container import Container
from app.utils.envelope import Envelope

IDS = [
    "straße",
    "strasse",
    "STRASSE",
    "Straße",
    "order-7",
    "Order-7",
    "order-7 ",
    "order-7  ",
    "order-7\t",
    "order-7\x00",
    " order-7",
    "órder-7",
    "o\u0301rder-7",
    "order\u200b-7",
    "order\u00ad-7",
    "\uff4frder-7",
    "\N{GRINNING FACE}",
    "\N{WINKING FACE}",
    "\u0131",
    "i",
    "\u0130",
    "",
    "x" * 255,
    "x" * 256,
    "x" * 70_000,
    "x" * 69_999 + "X",
    "\udcff",
    "\udcfe",
]


def make(identity: str, source: str = "shop") -> Envelope:
    return Envelope(topic="order.placed", body=b"{}", id=identity, source=source)


async def record(session: AsyncSession, subscription: str, message: Envelope) -> bool:
    """Return whether the message is new."""
    try:
        async with session.begin_nested():
            await record_message(session, subscription, message)
    except DuplicateMessageError:
        return False
    return True


async def test_different_ids_are_different_messages(opened: Container) -> None:
    async with opened[Database].begin() as session:
        assert [each for each in IDS if not await record(session, "test", make(each))] == []
    async with opened[Database].begin() as session:
        assert [each for each in IDS if await record(session, "test", make(each))] == [""]


async def test_two_sources_may_use_the_same_id(opened: Container) -> None:
    messages = [make("7", source) for source in ("shop", "Shop", "shop ", "unknown", "")]
    async with opened[Database].begin() as session:
        assert [await record(session, "test", each) for each in messages] == [True] * 5
        assert [await record(session, "test", each) for each in messages] == [False] * 5


async def test_source_and_id_do_not_run_into_each_other(opened: Container) -> None:
    pairs = permutations(["a", "ab", "b7", "7", "a7"], 2)
    async with opened[Database].begin() as session:
        for source, identity in pairs:
            assert await record(session, "test", make(identity, source))


async def test_subscriptions_are_told_apart_to_the_letter(opened: Container) -> None:
    names = ["record", "Record", "récord", "record ", "record\t"]
    async with opened[Database].begin() as session:
        assert [each for each in names if not await record(session, each, make("7"))] == []


async def test_replies_are_kept_by_the_same_key(opened: Container) -> None:
    async with opened[Database].begin() as session:
        for source in ("shop", "Shop", "shop "):
            row = await record_message(session, "test", make("7", source))
            assert row is not None
            row.reply = source.encode()
    async with opened[Database].begin(read_only=True) as session:
        for source in ("shop", "Shop", "shop "):
            assert await find_reply(session, "test", make("7", source)) == source.encode()
