"""What comes back from a service."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)

    @property
    def errors(self) -> dict[str, list[str]]:
        """What the body says is wrong."""
        errors: dict[str, list[str]] = self.json["errors"]
        return errors

    @property
    def refusal(self) -> tuple[int, dict[str, list[str]]]:
        """Its status, and what is wrong."""
        return self.status, self.errors
