"""An update brings what the template changed, and nothing of the team's changes with it."""

import os
from pathlib import Path

import pytest

from tests.small_template import FOLDER
from tests.template_versions import LINES, PROJECT, Versions, commit, create

pytestmark = pytest.mark.slow

SECOND = LINES.replace("line_3 = 3", "line_3 = 33")
WITH_SKIP = PROJECT.replace("{%", "{{").replace("%}", "}}")


def test_changed_added_deleted_and_moved_files_arrive(versions: Versions) -> None:
    versions.release({"app/old.py": "old = 1\n", "app/was.py": LINES.replace("line", "name")})
    versions.update()
    commit(versions.service)
    moved = {"app/was.py": None, "app/now.py": LINES.replace("line", "name")}
    versions.release({"app/core.py": SECOND, "app/new.py": "", "app/old.py": None, **moved})
    outcome = versions.update(check=True)
    assert outcome.applied
    assert outcome.checked
    assert outcome.changes.added == ("app/new.py",)
    assert outcome.changes.changed == (".env.example", "app/core.py")
    assert outcome.changes.deleted == ("app/old.py",)
    assert outcome.changes.moved == (("app/was.py", "app/now.py"),)
    assert versions.read("app/core.py") == SECOND
    assert not (versions.service / "app/was.py").exists()


def test_what_is_updated_is_what_a_fresh_service_has(versions: Versions) -> None:
    versions.release({"app/core.py": SECOND, "app/new.py": "new = 1\n", "logo.png": b"\0\xff\r\n"})
    versions.update()
    fresh = create(versions.template, versions.template.parent / "fresh")
    for name in ("app/core.py", "app/new.py", "logo.png", "pyproject.toml", ".cruft.json"):
        assert (versions.service / name).read_bytes() == (fresh / name).read_bytes(), name


def test_nothing_is_committed_and_all_of_it_is_staged(versions: Versions) -> None:
    before = versions.git("rev-parse", "HEAD")
    versions.release({"app/core.py": SECOND})
    versions.update()
    assert versions.git("rev-parse", "HEAD") == before
    assert versions.git("diff", "--name-only") == ""
    assert ".cruft.json\n" in versions.git("diff", "--cached", "--name-only")


def test_it_is_undone_by_the_command_that_is_told(versions: Versions) -> None:
    versions.release({"app/core.py": None, "app/new.py": ""})
    versions.update()
    versions.git("restore", "--staged", "--worktree", ".")
    assert versions.git("status", "--porcelain") == ""
    assert versions.read("app/core.py") == LINES


def test_edits_of_other_lines_stay(versions: Versions) -> None:
    versions.edit({"app/core.py": LINES.replace("line_18 = 18", "line_18 = 'ours'")})
    versions.release({"app/core.py": SECOND})
    assert versions.update().conflicts == ()
    assert versions.read("app/core.py") == SECOND.replace("line_18 = 18", "line_18 = 'ours'")


def test_edits_from_before_the_first_commit_stay(versions: Versions) -> None:
    # git has never seen what the template rendered.
    made = create(versions.template, versions.template.parent / "edited")
    (made / "app/core.py").write_text(LINES.replace("line_18 = 18", "line_18 = 'ours'"))
    commit(made)
    versions.service = made
    versions.release({"app/core.py": SECOND})
    assert versions.update().conflicts == ()
    assert versions.read("app/core.py") == SECOND.replace("line_18 = 18", "line_18 = 'ours'")


def test_an_edit_follows_a_file_that_moves(versions: Versions) -> None:
    versions.edit({"app/core.py": LINES + "ours = 1\n"})
    versions.release({"app/core.py": None, "app/kernel.py": LINES})
    versions.update()
    assert versions.read("app/kernel.py") == LINES + "ours = 1\n"
    assert not (versions.service / "app/core.py").exists()


def test_the_teams_files_are_never_touched(versions: Versions) -> None:
    ours = {"app/domain/rules.py": "ours = 1\n", "app/domain/more.py": "", "README.md": "ours\n"}
    versions.edit({**ours, "app/extra/mine.py": "mine = 1\n"})
    versions.release({"app/domain/rules.py": "theirs = 1\n", "README.md": "theirs\n"})
    versions.release({"app/core.py": SECOND})
    versions.update()
    changed = versions.git("diff", "--cached", "--name-only").split()
    assert changed == [".cruft.json", "app/core.py"]
    assert versions.read("app/domain/rules.py") == "ours = 1\n"


def test_files_of_the_team_stay_where_the_template_moves_a_folder(versions: Versions) -> None:
    versions.release({"lib/one.py": LINES, "lib/two.py": SECOND})
    versions.update()
    versions.edit({"lib/mine.py": "mine = 1\n"})
    moved = {"lib/one.py": None, "lib/two.py": None, "kit/one.py": LINES, "kit/two.py": SECOND}
    versions.release(moved)
    assert versions.update().conflicts == ()
    assert versions.read("lib/mine.py") == "mine = 1\n"
    assert not (versions.service / "kit/mine.py").exists()


def test_a_file_that_becomes_the_teams_is_not_overwritten(versions: Versions) -> None:
    versions.edit({"app/core.py": "ours = 1\n"})
    longer = WITH_SKIP.replace('"app/domain"', '"app/domain", "app/core.py"')
    versions.release({"pyproject.toml": longer, "app/core.py": SECOND})
    assert versions.update().conflicts == ()
    assert versions.read("app/core.py") == "ours = 1\n"


def test_a_file_that_the_team_has_taken_over_is_not_touched(versions: Versions) -> None:
    text = versions.read(".cruft.json").replace("{", '{\n  "skip": ["app/core.py"],', 1)
    versions.edit({".cruft.json": text, "app/core.py": "ours = 1\n"})
    versions.release({"app/core.py": SECOND})
    assert versions.update().conflicts == ()
    assert versions.read("app/core.py") == "ours = 1\n"
    assert versions.state()["skip"] == ["app/core.py"]


def test_a_new_seam_comes_with_its_starter(versions: Versions) -> None:
    longer = WITH_SKIP.replace('"app/domain"', '"app/domain", "app/resources.py"')
    clear = 'def clear(service):\n    (service / "app/resources.py").write_text("bare = 1\\n")\n'
    starter = {"app/resources.py": "sample = 1\n", "tools/clear_starter.py": clear}
    versions.release({"pyproject.toml": longer, **starter})
    versions.update()
    assert versions.read("app/resources.py") == "bare = 1\n"


def test_a_file_that_moves_into_the_teams_zone_arrives_there(versions: Versions) -> None:
    versions.release({"app/core.py": None, "app/domain/core.py": LINES})
    versions.update()
    assert versions.read("app/domain/core.py") == LINES
    assert not (versions.service / "app/core.py").exists()


def test_what_the_team_deleted_stays_deleted(versions: Versions) -> None:
    versions.edit({"app/core.py": None, "app/kept.py": "kept = 1\n"})
    versions.release({"app/core.py": SECOND, "app/new.py": ""})
    outcome = versions.update()
    assert outcome.kept_deleted == ("app/core.py",)
    assert not (versions.service / "app/core.py").exists()
    commit(versions.service)
    versions.release({"app/core.py": None, "app/kernel.py": SECOND})
    versions.update()
    assert not (versions.service / "app/kernel.py").exists()


def test_a_file_becomes_executable(versions: Versions) -> None:
    versions.release({"run.sh": "true\n"})
    versions.update()
    commit(versions.service)
    (versions.template / FOLDER / "run.sh").chmod(0o755)
    versions.release({})
    versions.update()
    assert os.access(versions.service / "run.sh", os.X_OK)
    assert os.access(versions.service / "just", os.X_OK)


def test_binary_files_and_line_ends_arrive_as_they_are(versions: Versions) -> None:
    versions.release(
        {".gitattributes": "*.bat -text\n", "logo.png": b"\0\xff\r\n\n", "run.bat": "a\r\nb\r\n"}
    )
    versions.update()
    assert (versions.service / "logo.png").read_bytes() == b"\0\xff\r\n\n"
    assert (versions.service / "run.bat").read_bytes() == b"a\r\nb\r\n"


def test_a_checkout_with_other_line_ends_is_no_edit(versions: Versions) -> None:
    versions.git("config", "core.autocrlf", "true")
    (versions.service / "app/core.py").write_bytes(LINES.replace("\n", "\r\n").encode())
    versions.git("add", "--renormalize", ".")
    versions.release({"app/core.py": SECOND})
    assert versions.update().conflicts == ()
    assert versions.git("show", ":app/core.py") == SECOND


def test_hooks_of_the_template_run_in_temporary_folders(versions: Versions) -> None:
    hook = versions.template / "hooks" / "post_gen_project.py"
    record = versions.template.parent / "ran.txt"
    text = hook.read_text().replace(
        "    root = Path.cwd()\n",
        f"    root = Path.cwd()\n    open({str(record)!r}, 'a').write(f'{{root}}\\n')\n",
    )
    hook.write_text(text)
    commit(versions.template)
    versions.update()
    commit(versions.service)
    versions.release({"app/core.py": SECOND})
    record.unlink()
    versions.update()
    folders = record.read_text().splitlines()
    assert len(folders) == 2
    assert not any(Path(folder).is_relative_to(versions.service) for folder in folders)
    assert not any(Path(folder).exists() for folder in folders)


def test_a_version_that_renders_the_same_changes_nothing(versions: Versions) -> None:
    (versions.template / "README.md").write_text("documents only\n")
    commit(versions.template)
    assert not versions.update().needed
    assert versions.git("status", "--porcelain") == ""


def test_the_new_address_of_a_template_that_moved_is_kept(versions: Versions) -> None:
    versions.update()
    commit(versions.service)
    assert versions.update(address="https://example.org/moved").applied
    assert versions.state()["template"] == "https://example.org/moved"


def test_news_are_the_lines_that_the_changelog_has_got(versions: Versions) -> None:
    (versions.template / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- One.\n")
    versions.release({"app/core.py": SECOND})
    versions.update()
    commit(versions.service)
    entries = "# Changelog\n\n## 1.1.0\n\n- Two.\n\n## 1.0.0\n\n- One.\n"
    (versions.template / "CHANGELOG.md").write_text(entries)
    versions.release({"app/core.py": LINES})
    assert versions.update().news == ("- Two.",)
