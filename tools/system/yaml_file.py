"""YAML as people write it, read without surprises."""

from pathlib import Path
from typing import Any

import yaml

from tools.system.errors import SystemRefusedError


class Loader(yaml.SafeLoader):
    """Reads YAML; a key that stands twice is a mistake, and a date is text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Read a mapping; raises a YAMLError for a key that stands twice."""
        keys: list[Any] = []
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in keys:
                mark = key_node.start_mark
                raise yaml.MarkedYAMLError(problem=f"{key} stands twice", problem_mark=mark)
            keys.append(key)
        return super().construct_mapping(node, deep=deep)


Loader.yaml_implicit_resolvers = {
    mark: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for mark, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds; raises SystemRefusedError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SystemRefusedError(f"{path} cannot be read: {reason}; name a system file.") from error
    if not text.strip():
        raise SystemRefusedError(f"{path} is empty: write name and services into it.")
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise SystemRefusedError(f"{path}{place}: {problem}: correct it.") from error
