"""The hooks delete what was not chosen, say what comes next, and are harmless when run twice."""

import ast
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from hooks import post_gen_project, pre_gen_project
from hooks.post_gen_project import REMOVALS, list_steps, remove, unwanted
from tests.small_template import FOLDER, ROOT, make_template, render

HOOKS = [Path(module.__file__ or "") for module in (pre_gen_project, post_gen_project)]
ALL_PATHS = sorted({path for feature in REMOVALS for path in feature.paths})

EVERYTHING: dict[str, object] = {
    "interface": "api-and-worker",
    "broker": "both",
    "database": "postgresql",
    "cache": "redis",
    "ci": "github",
    "kubernetes": True,
}


@pytest.mark.parametrize("path", ALL_PATHS)
def test_path_in_the_table_exists_in_the_template(path: str) -> None:
    assert any((ROOT / FOLDER).glob(path))


@pytest.mark.parametrize("feature", REMOVALS, ids=lambda feature: feature.name)
def test_feature_is_chosen_by_some_answers_and_left_out_by_others(
    feature: post_gen_project.Feature,
) -> None:
    choices = {**pre_gen_project.CHOICES, "kubernetes": (True, False)}
    answers = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    assert {bool(feature.chosen(each)) for each in answers} == {True, False}


@pytest.mark.parametrize("feature", REMOVALS, ids=lambda feature: feature.name)
def test_path_of_a_feature_is_relative_and_named_once(feature: post_gen_project.Feature) -> None:
    assert len(set(feature.paths)) == len(feature.paths)
    for path in map(Path, feature.paths):
        assert not path.is_absolute()
        assert ".." not in path.parts


def test_what_was_not_chosen_is_listed_once() -> None:
    answers = {**EVERYTHING, "interface": "api", "broker": "none", "ci": "none"}
    paths = unwanted(answers)
    assert len(set(paths)) == len(paths)
    assert {"app/tasks", "app/tasks/consumer.py", "tests/test_kafka*.py", ".github"} <= set(paths)
    assert {"app/main.py", "app/database.py", "deploy/kubernetes"}.isdisjoint(paths)


def test_removal_takes_the_folders_that_it_leaves_empty(tmp_path: Path) -> None:
    for name in ("a/b/one.py", "a/b/two.py", "a/kept.py", "c/d/e/three.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    paths = ["a/b/one.py", "a/b/two.py", "c/d"]
    for _ in range(2):
        remove(tmp_path, paths)
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "kept.py"]


def test_removal_of_a_link_keeps_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to("kept", target_is_directory=True)
    remove(tmp_path, ["link"])
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept"]


def test_render_holds_only_what_was_chosen_and_runs_its_programs(tmp_path: Path) -> None:
    template = make_template(
        tmp_path / "template",
        {"README.md": "text\n", "app/services/redis.py": "x = 1\n", "app/database.py": "x = 1\n"},
    )
    answers = ("cache=none", "database=sqlite")
    result = render(template, *answers, home=tmp_path, output_dir=tmp_path / "made")
    assert result.returncode == 0, result.stderr
    made = tmp_path / "made" / "my-service"
    names = sorted(path.relative_to(made).as_posix() for path in made.rglob("*"))
    assert names == ["README.md", "app", "app/database.py", "just"]
    assert os.access(made / "just", os.X_OK)
    assert (made / "just").read_bytes() == (ROOT / "just").read_bytes()


def test_program_that_lost_its_permission_gets_it_back(tmp_path: Path) -> None:
    template = make_template(tmp_path / "template", {})
    (template / FOLDER / "just").chmod(0o644)
    render(template, home=tmp_path, output_dir=tmp_path / "made")
    assert os.access(tmp_path / "made" / "my-service" / "just", os.X_OK)


def test_hooks_run_twice_change_nothing_more(tmp_path: Path) -> None:
    template = make_template(tmp_path / "template", {"app/services/redis.py": "x = 1\n"})
    arguments = ("cache=none", "--overwrite-if-exists")
    for _ in range(2):
        result = render(template, *arguments, home=tmp_path, output_dir=tmp_path / "made")
        assert result.returncode == 0, result.stderr
        assert [path.name for path in (tmp_path / "made" / "my-service").iterdir()] == ["just"]


@pytest.mark.parametrize(
    ("changes", "expected", "absent"),
    [
        ({}, "on PostgreSQL, RabbitMQ, Kafka and Redis", "./just worker"),
        ({"database": "sqlite", "cache": "none", "broker": "kafka"}, "on Kafka, in", "RabbitMQ"),
        ({"database": "sqlite", "cache": "none", "broker": "none"}, "(jobs)", "./just up"),
        ({"interface": "worker"}, "./just worker", "app/api"),
        ({"interface": "api"}, "./just run", "app/tasks"),
        ({"database": "mysql", "broker": "rabbitmq"}, "MySQL, RabbitMQ and Redis", "PostgreSQL"),
    ],
)
def test_next_steps_fit_the_answers(changes: dict[str, object], expected: str, absent: str) -> None:
    steps = "\n".join(list_steps({**EVERYTHING, **changes}, "my-service"))
    assert steps.startswith("cd my-service\n./just install")
    assert "./just test" in steps
    assert expected in steps
    assert absent not in steps


@pytest.mark.parametrize("near", [True, False], ids=["in this folder", "elsewhere"])
def test_next_steps_are_printed_in_order(tmp_path: Path, *, near: bool) -> None:
    template = make_template(tmp_path / "template", {"README.md": "text\n"})
    output_dir = tmp_path if near else tmp_path / "made"
    result = render(template, home=tmp_path, output_dir=output_dir)
    folder = "my-service" if near else str(output_dir / "my-service")
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    assert lines[:2] == ["my-service is ready. Next:", f"1. cd {folder}"]
    assert [line[:2] for line in lines[1:]] == [f"{n}." for n in range(1, len(lines))]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.stem)
def test_hook_needs_the_standard_library_only(hook: Path) -> None:
    tree = ast.parse(hook.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        name.split(".")[0]
        for node in imports
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert names <= sys.stdlib_module_names
    assert names.isdisjoint({"socket", "subprocess", "urllib", "http"})


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.stem)
def test_hook_can_be_imported_before_it_is_rendered(hook: Path) -> None:
    code = f"import runpy; runpy.run_path({str(hook)!r})"
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
