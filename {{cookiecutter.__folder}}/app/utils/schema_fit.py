"""Whether those who take what one JSON Schema describes can bear what another one describes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]

COMPUTED_DEFAULT = "x-computed-default"
"""Marks a field whose default is made anew each time, so that no schema can name it."""
DEFAULTS = frozenset({"default", COMPUTED_DEFAULT})


@dataclass(frozen=True)
class Misfit:
    """Something that does not fit; `path` leads to it, as in `lines[].price`."""

    path: str
    reason: str


@dataclass(kw_only=True)
class Fit:
    """Compares what is given with what is taken; each schema refers into a document of its own.

    `is_newer_given`: the writers have changed, and readers so far must bear it. Otherwise the
    readers have, and must bear what was written so far.
    """

    given: Schema
    taken: Schema
    is_newer_given: bool
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def find_misfits(self, given: Schema, taken: Schema, path: str = "") -> Iterator[Misfit]:
        """Yield what is given and cannot be taken: types, formats, choices and fields."""
        takers = list_alternatives(taken, self.taken)
        for each in list_alternatives(given, self.given):
            attempts = [
                list(self._compare(each, taker, path)) for taker in takers if is_alike(each, taker)
            ]
            if attempts:
                yield from min(attempts, key=len)
                continue
            texts = name_kind(given, self.given), name_kind(taken, self.taken)
            new, old = texts if self.is_newer_given else reversed(texts)
            yield Misfit(path, f"was {old} and is now {new}")
            return

    def _compare(self, given: Schema, taken: Schema, path: str) -> Iterator[Misfit]:
        """Yield what does not fit inside two alternatives of the same type."""
        pair = (id(given), id(taken))
        if pair in self._seen:  # they contain themselves
            return
        self._seen.add(pair)
        match taken.get("type"):
            case "object":
                yield from self._compare_fields(given, taken, path)
            case "array":
                items, wanted = list_items(given), list_items(taken)
                if len(items) != len(wanted):
                    yield Misfit(path, "has another length")
                for mine, other in zip(items, wanted, strict=False):
                    yield from self.find_misfits(mine, other, f"{path}[]")
        self._seen.remove(pair)

    def _compare_fields(self, given: Schema, taken: Schema, path: str) -> Iterator[Misfit]:
        prefix = f"{path}." if path else ""
        there, wanted = given.get("properties", {}), taken.get("properties", {})
        for name in self._list_required(taken):
            if name not in there:
                yield Misfit(f"{prefix}{name}", self._choose("is gone", "is required now"))
            elif name not in given.get("required", ()):
                yield Misfit(f"{prefix}{name}", self._choose("may be missing", "is required now"))
        for name in there:
            if name in wanted:
                yield from self.find_misfits(there[name], wanted[name], f"{prefix}{name}")
            elif taken.get("additionalProperties") is False:
                yield Misfit(f"{prefix}{name}", self._choose("is new", "is refused now"))
        values = taken.get("additionalProperties")
        if isinstance(values, Mapping):
            mine = given.get("additionalProperties", {})
            mine = mine if isinstance(mine, Mapping) else {}
            yield from self.find_misfits(mine, values, f"{prefix}*")

    def _list_required(self, taken: Schema) -> list[str]:
        """List the fields that readers cannot do without; those with a default they can."""
        required = taken.get("required", [])
        if self.is_newer_given:
            return list(required)
        return [name for name in required if DEFAULTS.isdisjoint(taken["properties"][name])]

    def _choose(self, of_writers: str, of_readers: str) -> str:
        return of_writers if self.is_newer_given else of_readers


def list_alternatives(schema: Schema, document: Schema) -> list[Schema]:
    """Return what a schema allows, without references."""
    if "$ref" in schema:
        return list_alternatives(follow(schema["$ref"], document), document)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return [each for choice in choices for each in list_alternatives(choice, document)]
    return [schema]


def follow(reference: str, document: Schema) -> Schema:
    """Return what a reference leads to."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found  # type: ignore[no-any-return]  # JSON has no types


def is_alike(given: Schema, taken: Schema) -> bool:
    """Tell whether the type, the format and the choice of values can be taken."""
    kind, wanted_kind = given.get("type"), taken.get("type")
    if wanted_kind not in (None, kind) and (kind, wanted_kind) != ("integer", "number"):
        return False
    if taken.get("format") not in (None, given.get("format")):
        return False
    values, wanted = list_values(given), list_values(taken)
    return wanted is None or (values is not None and all(value in wanted for value in values))


def list_values(schema: Schema) -> list[Any] | None:
    """Return the only values that a schema allows, or None when it names none."""
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def list_items(schema: Schema) -> list[Schema]:
    """Return the schemas of what a list holds: one, or one for each place."""
    return list(schema.get("prefixItems", [schema.get("items", {})]))


def name_kind(schema: Schema, document: Schema) -> str:
    """Return what a schema allows, in a few words."""
    return " or ".join(name_alternative(each) for each in list_alternatives(schema, document))


def name_alternative(schema: Schema) -> str:
    """Return one thing that a schema allows, in a few words."""
    values = list_values(schema)
    if values is not None:
        return " or ".join(map(repr, values))
    kind = str(schema.get("type", "anything"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
