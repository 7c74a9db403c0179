"""What updates render, each version with the same answers once: it takes most of their time."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from unittest.mock import patch

from tools.updates import drift, rendering, updating
from tools.updates.outcome import Answers, Version
from tools.updates.rendering import Render


class RenderedOnce:
    """Stand in for the renderer of updates."""

    def __init__(self, home: Path) -> None:
        """Keep renders in a folder."""
        self._home = home
        self._turn = Lock()
        self._kept: dict[tuple[str, str], Render] = {}

    def render(self, template: Path, version: Version, answers: Answers, home: Path) -> Render:
        """Return a copy of what is rendered now, or has been before."""
        key = (version.commit, json.dumps(dict(answers)))
        with self._turn:
            if key not in self._kept:
                self._home.mkdir(exist_ok=True)
                place = self._home / str(len(self._kept))
                self._kept[key] = rendering.render(template, version, answers, place)
            kept = self._kept[key]
        shutil.copytree(kept.folder, home / kept.folder.name, symlinks=True)
        return Render(home / kept.folder.name, kept.state, kept.paths)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Let updates and looks at services render with this."""
        with (
            patch.object(updating, "render", self.render),
            patch.object(drift, "render", self.render),
        ):
            yield
