"""Batches that unpack to many MiB, made without having them in memory."""

import zlib
from collections.abc import Callable, Iterable

import cramjam

from tests.kafka_raw import GZIP, LZ4, SNAPPY, ZSTD, make_batch, write_bytes, write_varint

PIECE = bytes(1024 * 1024)
MIB = len(PIECE)
XERIAL = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"
CODECS = {"gzip": GZIP, "snappy": SNAPPY, "snappy at once": SNAPPY, "lz4": LZ4, "zstd": ZSTD}


def pack_gzip(pieces: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def pack_snappy(pieces: Iterable[bytes]) -> bytes:
    blocks = [bytes(cramjam.snappy.compress_raw(each)) for each in pieces]
    return XERIAL + b"".join(len(each).to_bytes(4) + each for each in blocks)


def pack_with(
    packer: cramjam.lz4.Compressor | cramjam.zstd.Compressor, pieces: Iterable[bytes]
) -> bytes:
    for piece in pieces:
        packer.compress(piece)
    return bytes(packer.finish())


PACKERS: dict[str, Callable[[Iterable[bytes]], bytes]] = {
    "gzip": pack_gzip,
    "snappy": pack_snappy,
    "snappy at once": lambda pieces: bytes(cramjam.snappy.compress_raw(b"".join(pieces))),
    # As Kafka wants it: no block refers to the one before.
    "lz4": lambda pieces: pack_with(cramjam.lz4.Compressor(block_linked=False), pieces),
    "zstd": lambda pieces: pack_with(cramjam.zstd.Compressor(), pieces),
}


def make_zeros(codec: str, size: int) -> bytes:
    """Return a batch of one record with so many MiB of zeros, which is nowhere as a whole."""
    head = b"\0" + write_varint(0) + write_varint(0) + write_bytes(None) + write_varint(size * MIB)
    tail = write_varint(0)
    start = write_varint(len(head) + size * MIB + len(tail)) + head
    pieces = (start, *([PIECE] * size), tail)
    return make_batch(PACKERS[codec](pieces), attributes=CODECS[codec])
