"""A template under git whose versions are made one after the other, as maintainers would."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.programs import check
from tests.recipes import IDENTITY
from tests.renders import take_snapshot
from tests.small_template import FOLDER


@dataclass(frozen=True)
class Draft:
    """The files of the next version."""

    root: Path

    def replace(self, name: str, *pairs: tuple[str, str]) -> None:
        """Change texts, each of which stands once in a file of the template."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        for old, new in pairs:
            assert text.count(old) == 1, f"{name} no longer holds this once, write another: {old}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, *pairs: tuple[str, str]) -> None:
        """Change texts of a file that services have."""
        self.replace(f"{FOLDER}/{name}", *pairs)

    def add(self, name: str, content: str | bytes) -> None:
        """Write a file that services get."""
        path = self.root / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def append(self, name: str, text: str) -> None:
        """Write at the end of a file that services have."""
        path = self.root / FOLDER / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def delete(self, name: str) -> None:
        """Take a file away from services."""
        (self.root / FOLDER / name).unlink()

    def move(self, was: str, now: str) -> None:
        """Move a module, and change who imports it."""
        (self.root / FOLDER / was).rename(self.root / FOLDER / now)
        old, new = (name.removesuffix(".py").replace("/", ".") for name in (was, now))
        for path in self.list("**/*.py"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(old, new), encoding="utf-8")

    def list(self, pattern: str) -> Iterable[Path]:
        """List files that services have."""
        return sorted((self.root / FOLDER).glob(pattern))

    def ask(self, questions: dict[str, object]) -> None:
        """Change what is asked, each question with its default or its choices."""
        path = self.root / "cookiecutter.json"
        asked = json.loads(path.read_text(encoding="utf-8")) | questions
        path.write_text(json.dumps(asked, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


Step = Callable[[Draft], None]


def make_line(root: Path, first: Step, steps: Iterable[Step]) -> Path:
    """Make a template with a version for each step, each with a tag: v1, v2 and so on."""
    shutil.copytree(take_snapshot() / "template", root)
    (root / "CHANGELOG.md").write_text("# Changelog\n")
    check("git", "init", "--quiet", cwd=root)
    draft = Draft(root)
    for number, step in enumerate((first, *steps), start=1):
        step(draft)
        draft.ask({"__version": f"{number}.0.0"})
        note = f"\n## {number}.0.0\n\n- {step.__doc__}\n"
        with (root / "CHANGELOG.md").open("a") as changelog:
            changelog.write(note)
        check("git", "add", "--all", cwd=root)
        check("git", *IDENTITY, "commit", "--quiet", "--message", step.__doc__ or "", cwd=root)
        check("git", "tag", f"v{number}", cwd=root)
    return root
