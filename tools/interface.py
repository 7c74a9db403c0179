"""The template's public interface, one line for each part of it, and what breaks it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import griffe

RECORD = "tests/interface.txt"
HEADING = """\
# What services rely on, written by `./just interface`: docs/adr/0043-compatibility-is-recorded.md.
# After a # the services that have it, where not all do; tests/combinations.py tells their answers.
"""
Parts = Mapping[str, str]
"""Each part of the interface, such as `recipe test`, with its form: a signature, or nothing."""
Interface = Mapping[str, Parts]
"""What each kind of service has."""
LINE = re.compile(r"(?P<part>\w+ [^:]+?)(?:: (?P<form>.+?))?(?:  # (?P<services>.+))?")
FUNCTION = re.compile(r"(?P<kind>(?:async )?function) (?P<signature>.*)")
CLASS = re.compile(r"class \((?P<bases>.*)\)")
# What the template imports from the team's files: more of it is what breaks services.
EXPECTED = "expected"
# The files of the team's that services begin with, and may keep for as long as they like.
STARTER = "starter"
SERVICES = re.compile(r"^[^#].*  # (.+)$", re.MULTILINE)


def write(interface: Interface) -> str:
    """Return the record of an interface."""
    having: dict[tuple[str, str], list[str]] = defaultdict(list)
    for service, parts in interface.items():
        for part, form in parts.items():
            having[part, form].append(service)
    lines = []
    for (part, form), services in sorted(having.items()):
        line = f"{part}: {form}" if form else part
        lines.append(
            line if len(services) == len(interface) else f"{line}  # {', '.join(services)}"
        )
    return HEADING + "".join(f"{line}\n" for line in lines)


def read(record: str, every: Iterable[str]) -> Interface:
    """Read what a record says of these kinds of services."""
    interface: dict[str, dict[str, str]] = {service: {} for service in every}
    for line in record.splitlines():
        if line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{RECORD} has a line that ./just interface does not write: {line}")
        services = match["services"].split(", ") if match["services"] else interface
        for service in interface.keys() & set(services):
            interface[service][match["part"]] = match["form"] or ""
    return interface


def list_services(record: str) -> set[str]:
    """Return the kinds of services that a record names."""
    return {name for names in SERVICES.findall(record) for name in names.split(", ")}


def find_breaks(old: Interface, new: Interface) -> list[str]:
    """Say in a sentence each what services that rely on the old interface miss in the new one."""
    having: dict[str, list[str]] = defaultdict(list)
    for service in old:
        for sentence in compare(old[service], new[service]):
            having[sentence].append(service)
    return [f"{sentence} (in {', '.join(services)})." for sentence, services in having.items()]


def compare(old: Parts, new: Parts) -> Iterator[str]:
    """Say what breaks in one kind of service."""
    for part, form in old.items():
        if part.startswith((EXPECTED, STARTER)):
            continue
        if part not in new:
            yield f"{part} is gone"
        elif new[part] != form:
            yield from (f"{part}: {change}" for change in compare_forms(form, new[part]))
    for part in new.keys() - old.keys():
        kind, _, name = part.partition(" ")
        path = name.replace(".", "/")
        files = {f"{STARTER} {each}.py" for each in (path, path.rpartition("/")[0])}
        # A file that is new comes with the update.
        if kind == EXPECTED and files & old.keys():
            yield f"the template imports {name}, which the team's file may lack"


def compare_forms(old: str, new: str) -> Iterator[str]:
    """Say what breaks where something has another form."""
    if (before := CLASS.fullmatch(old)) and (after := CLASS.fullmatch(new)):
        lost = set(before["bases"].split(", ")) - {"", *after["bases"].split(", ")}
        yield from (f"it is no {base} any more" for base in sorted(lost))
        return
    before, after = FUNCTION.fullmatch(old), FUNCTION.fullmatch(new)
    if before is None or after is None or before["kind"] != after["kind"]:
        yield f"it was {old}, and is {new}"
        return
    for change in griffe.find_breaking_changes(define(before), define(after)):
        parameter = getattr(change.old_value or change.new_value, "name", "")
        yield f"{change.kind.value.lower()} {parameter}".rstrip()


def define(function: re.Match[str]) -> griffe.Module:
    """Return a module that holds nothing but a function with this signature."""
    code = f"def function{function['signature']}: ..."
    return griffe.visit("module", filepath=Path("module.py"), code=code)
