"""Unpacking what others compressed, with a bound: some KB can stand for gigabytes."""

import gzip
import io
import mmap
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import cramjam
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

from app.services.kafka.client import MAX_BYTES
from app.services.kafka.memory import Memory

MAX_UNPACKED = MAX_BYTES
"""The most bytes that are unpacked for one read: what a dead-letter topic takes at most.

A server limits what is sent, 1 MiB as a rule. That may stand for 1 GiB in gzip, and 32 in zstd.
"""
MEMORY = Memory(2 * MAX_UNPACKED)
"""What a process holds of what it has unpacked: each of its partitions may have as much at once."""
ALWAYS = 1024 * 1024
"""The bytes that each read may have unpacked whatever others hold: most need no more."""
XERIAL = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"
LENGTH = struct.Struct(">i")


class UnpackedSizeError(ValueError):
    """What was compressed is larger than may be unpacked."""

    def __init__(self, room: int) -> None:
        """Say how much room there was."""
        super().__init__(f"it unpacks to more than {room} bytes")


class NoMemoryLeftError(Exception):
    """What was compressed may be unpacked, but others hold too much at the moment."""


class Share:
    """What the reader of one partition holds of what it had unpacked.

    It gives that back before it waits for more.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.keeps = False
        """Whether the client still has some of what it unpacked last."""
        self._held = self._reserved = self._unpacked = 0

    @property
    def room(self) -> int:
        """How many more bytes may be unpacked for this read, whatever others hold."""
        return MAX_UNPACKED - self._unpacked

    @property
    def room_now(self) -> int:
        """How many of them may be unpacked at once."""
        return min(self.room, max(MEMORY.free, ALWAYS - self._unpacked))

    def begin(self) -> None:
        """Begin to read: whatever was read before is done with, but for what the client keeps."""
        self._unpacked = 0
        if not self.keeps:
            self.give_back()

    def take(self, size: int) -> None:
        """Hold what was unpacked; it comes behind what the client has kept, so that is gone."""
        if self.keeps:
            self.keeps = False
            self.give_back()
        self._unpacked += size
        self._held += size
        MEMORY.take(size)

    def give_back(self) -> None:
        """Hold nothing any more."""
        held, self._held = self._held, 0
        MEMORY.give_back(held)

    @asynccontextmanager
    async def reserve(self) -> AsyncIterator[None]:
        """Hold nothing but room for one read, however large, as soon as there is any."""
        self.keeps = False
        self.give_back()
        size = MAX_UNPACKED
        await MEMORY.reserve(size)
        try:
            yield
        finally:
            MEMORY.give_back(size)


@contextmanager
def holding() -> Iterator[Share]:
    """Give a reader its share, and take it back."""
    share = Share()
    try:
        yield share
    finally:
        share.give_back()


_share: ContextVar[Share | None] = ContextVar("share", default=None)


@contextmanager
def limit_unpacking(share: Share) -> Iterator[None]:
    """Have all batches that are unpacked meanwhile, in this task, share one bound.

    Otherwise each has its own, and a hundred of them can be taken at once.
    """
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


def bound(unpack: Callable[[bytes, int], bytes]) -> Callable[[Any], bytes]:
    """Return a decoder as the client has it, of one that takes the most bytes to return."""

    def decode(packed: Any) -> bytes:
        share = _share.get()
        if share is None:
            return unpack(bytes(packed), MAX_UNPACKED)
        room = share.room_now
        try:
            unpacked = unpack(bytes(packed), room)
        except UnpackedSizeError:
            if room < share.room:
                raise NoMemoryLeftError from None
            raise
        share.take(len(unpacked))
        return unpacked

    return decode


def unpack_gzip(packed: bytes, room: int) -> bytes:
    """Return what was compressed with gzip."""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        # To its end if there is room, where what does not belong to it is found.
        unpacked = file.read(room + 1)
    if len(unpacked) > room:
        raise UnpackedSizeError(room)
    return unpacked


def unpack_snappy(packed: bytes, room: int) -> bytes:
    """Return what was compressed with snappy, in blocks or at once; each begins with its size."""
    blocks = list(split_xerial(packed)) if packed.startswith(XERIAL) else [packed]
    if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > room:
        raise UnpackedSizeError(room)
    return b"".join(bytes(cramjam.snappy.decompress_raw(each)) for each in blocks)


def split_xerial(packed: bytes) -> Iterator[bytes]:
    """Yield the blocks of a stream as Java writes it."""
    start = len(XERIAL)
    while start < len(packed):
        (length,) = LENGTH.unpack_from(packed, start)
        start += LENGTH.size
        if not 0 < length <= len(packed) - start:
            raise ValueError("a block of snappy is longer than what is there")
        yield packed[start : start + length]
        start += length


def unpack_into(decompress: Callable[[bytes, Any], int]) -> Callable[[bytes, int], bytes]:
    """Return how to unpack with a function that fills a buffer, and fails when that is full."""

    def unpack(packed: bytes, room: int) -> bytes:
        # The system gives memory to those pages only that are written to.
        with mmap.mmap(-1, room + 1) as buffer:
            try:
                size = decompress(packed, buffer)
            except cramjam.DecompressionError as error:
                if "whole buffer" in str(error):
                    raise UnpackedSizeError(room) from error
                raise
            if size > room:
                raise UnpackedSizeError(room)
            return buffer[:size]

    return unpack


gzip_decode = bound(unpack_gzip)
snappy_decode = bound(unpack_snappy)
lz4_decode = bound(unpack_into(cramjam.lz4.decompress_into))
zstd_decode = bound(unpack_into(cramjam.zstd.decompress_into))


def replace_decoders() -> None:
    """Have the client's records unpacked here: it asks its modules for the functions by name."""
    decoders = {
        "gzip_decode": gzip_decode,
        "snappy_decode": snappy_decode,
        "lz4_decode": lz4_decode,
        "zstd_decode": zstd_decode,
    }
    for kind in (DefaultRecordBatch, LegacyRecordBatch):
        # Written in C where that is installed, otherwise in Python.
        module = sys.modules[kind.__module__]
        for name, decode in decoders.items():
            if hasattr(module, name):
                setattr(module, name, decode)


replace_decoders()
