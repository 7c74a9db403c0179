"""cruft creates a service and updates it, with text that needs escaping."""

import json
import subprocess
from pathlib import Path

from tests.small_template import FOLDER, make_template, run_module

ANSWERS = {"description": 'say "hi" \\ {x} 🚀', "author": "it's\nus", "kubernetes": True}
IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")


def commit(folder: Path, message: str) -> None:
    """Commit all of a folder."""
    git = ("git", *IDENTITY, "-C", str(folder))
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)


def create(template: Path, answers: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Create a service beside its template."""
    home = template.parent
    extra_context = ("--extra-context", json.dumps(answers))
    arguments = ("create", "--no-input", "--output-dir", str(home), str(template), *extra_context)
    return run_module("cruft", *arguments, home=home, cwd=home)


def test_update_keeps_the_answers_and_takes_the_new_template(tmp_path: Path) -> None:
    text = '"{' + '{ cookiecutter.__description }}" "{' + '{ cookiecutter.__author }}"\n'
    template = make_template(tmp_path / "template", {"text.txt": text, "README.md": "one\n"})
    commit(template, "one")
    made = tmp_path / "my-service"
    result = create(template, ANSWERS)
    assert result.returncode == 0, result.stdout + result.stderr
    commit(made, "rendered")
    before = (made / "text.txt").read_text(encoding="utf-8")
    (template / FOLDER / "README.md").write_text("two\n")
    commit(template, "two")
    result = run_module("cruft", "update", "--skip-apply-ask", home=tmp_path, cwd=made)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (made / "README.md").read_text() == "two\n"
    assert (made / "text.txt").read_text(encoding="utf-8") == before
    assert "\\u0022hi\\u0022 \\\\ {x} 🚀" in before


def test_bad_answer_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    template = make_template(tmp_path / "template", {"README.md": "one\n"})
    commit(template, "one")
    before = sorted(tmp_path.iterdir())
    result = create(template, {"service_name": "My Service"})
    assert result.returncode != 0
    assert result.stderr.startswith('service_name "My Service" cannot be used: write "my-service"')
    new = set(tmp_path.iterdir()) - set(before)
    assert {path.name for path in new} <= {".config", ".cache"}
