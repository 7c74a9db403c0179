"""Identities: different things have different digests, and one thing has one."""

from app.utils.identity import make_digest

PARTS: list[tuple[str | bytes | None, ...]] = [
    (),
    ("",),
    (None,),
    ("", ""),
    ("", None),
    (None, ""),
    ("ab", "c"),
    ("a", "bc"),
    ("abc",),
    ("abc", ""),
    ("a\nb", "c"),
    ("a", "b\nc"),
    ("A", "BC"),
    ("a", "bc "),
    ("a", "bc\t"),
    ("a", "bc\x00"),
    ("\u00e9",),
    ("e\u0301",),
    ("e",),
    ("\ud83d",),
    ("\N{GRINNING FACE}",),
    ("a\u200bb",),
    ("x" * 300,),
    ("x" * 300 + "y",),
    ("\x00" * 8,),
    ("\xff" * 8,),
    (b"\xff" * 8,),
]


def test_different_things_have_different_digests() -> None:
    assert len({make_digest(*parts) for parts in PARTS}) == len(PARTS)


def test_a_thing_has_one_digest_of_32_bytes() -> None:
    assert make_digest("shop", None, b"7") == make_digest("shop", None, b"7")
    assert {len(make_digest(*parts)) for parts in PARTS} == {32}
