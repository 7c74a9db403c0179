"""The contract of the RealWorld API: which answers it knows, and what they look like."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.conformance.answers import Answer

FILE = Path(__file__).parents[2] / "examples" / "dev-talk" / "openapi.yml"
ERROR = "#/components/schemas/GenericErrorModel"
JSON = "application/json"
# What no contract names, because any server may answer it; a token that is not good counts nowhere.
ALWAYS = {400, 401, 404, 405, 413, 429, 503, 504}
# What goes beyond the contract, where that would take it for an article.
EXTENSIONS = {"/articles/popular"}
# A name or an address that somebody else has is a conflict in a change as in a registration.
MORE = {("PUT", "/user"): {409}}


@cache
def read() -> dict[str, Any]:
    """Return the document."""
    document: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return document


@cache
def find_path(path: str) -> str | None:
    """Return the path of the contract that a request's path is one of, the plainest first."""
    place = path.partition("?")[0]
    if place in EXTENSIONS:
        return None
    templates = sorted(read()["paths"], key=lambda each: each.count("{"))
    for template in templates:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), place):
            return str(template)
    return None


def check(method: str, path: str, answer: Answer) -> None:
    """Fail unless the answer is one that the contract knows for the request."""
    asked = f"{method} {path}: {answer}"
    template = find_path(path)
    operation = read()["paths"].get(template, {}).get(method.lower())
    if answer.status >= 400:
        check_schema({"$ref": ERROR}, answer, asked)
    if operation is None:
        return
    known = {int(status) for status in operation["responses"]}
    assert answer.status in known | ALWAYS | MORE.get((method, str(template)), set()), asked
    if str(answer.status) not in operation["responses"]:
        return
    response = resolve(operation["responses"][str(answer.status)])
    content = response.get("content", {})
    if JSON in content:
        check_schema(content[JSON]["schema"], answer, asked)
    else:
        assert answer.body == b"", asked


def check_schema(schema: dict[str, Any], answer: Answer, asked: str) -> None:
    """Fail unless the body is JSON of a schema of the contract."""
    assert answer.headers.get("content-type") == JSON, asked
    whole = {**schema, "components": read()["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    errors = [error.message for error in validator.iter_errors(answer.json)]
    assert errors == [], asked


def resolve(part: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference of the document refers to, or the part itself."""
    if "$ref" not in part:
        return part
    found: dict[str, Any] = read()
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found
