"""What a thing is known by: a digest that is the same only for the same thing."""

from hashlib import sha256

NONE = b"\xff" * 8


def make_digest(*parts: str | bytes | None) -> bytes:
    """Return the SHA-256 of the parts, each behind its length: none runs into the next.

    32 bytes, whatever the parts are: they may be long, and hold what cannot be stored.
    """
    digest = sha256()
    for part in parts:
        if part is None:
            digest.update(NONE)
            continue
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8) + data)
    return digest.digest()
