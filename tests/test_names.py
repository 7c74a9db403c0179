"""A bad service name is refused in one sentence that says what to write instead."""

import json
import re
from pathlib import Path

import pytest

from hooks.pre_gen_project import LONGEST_NAME, check_name, suggest_name
from tests.small_template import make_template, render

GOOD_NAMES = ["ab", "tasks", "my-service", "auth2", "a1-b2-c3", "type", "x" * LONGEST_NAME]

BAD_NAMES = {
    "empty": "",
    "blank": "   ",
    "one letter": "a",
    "upper case": "MyService",
    "spaces": "my service",
    "underscore": "my_service",
    "leading digit": "2fast",
    "leading hyphen": "-service",
    "double hyphen": "my--service",
    "trailing hyphen": "my-service-",
    "trailing newline": "my-service\n",
    "slash": "my/service",
    "backslash": "my\\service",
    "parent folder": "..",
    "path upwards": "../../my-service",
    "absolute path": "/my-service",
    "home folder": "~",
    "keyword": "class",
    "folder of the code": "app",
    "folder of tests": "test",
    "server": "postgres",
    "accents": "café",
    "other script": "сервис",
    "emoji": "🚀",
    "single quote": "it's",
    "double quotes": '"quoted"',
    "triple quotes": '"""',
    "percent": "100%",
    "200 characters": "a" * 200,
    "200 words": "a-" * 200,
}


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_good_name_is_accepted(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_bad_name_is_refused_in_one_sentence(name: str) -> None:
    sentence = check_name(name)
    assert sentence is not None
    assert re.fullmatch(r"service_name [^\n]{1,220}\.", sentence)


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_name_to_write_instead_is_shown_and_is_good(name: str) -> None:
    suggestion = suggest_name(name)
    assert f'"{suggestion}"' in str(check_name(name))
    assert check_name(suggestion) is None


@pytest.mark.parametrize("name", [None, 7, True, ["my-service"], {"a": "b"}])
def test_name_that_is_no_text_is_refused(name: object) -> None:
    assert 'write a name such as "my-service"' in str(check_name(name))


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_cookiecutter_stops_at_a_bad_name_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    template = make_template(tmp_path / "template", {"README.md": "text\n"})
    output_dir = tmp_path / "made"
    result = render(template, f"service_name={name}", home=tmp_path, output_dir=output_dir)
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == check_name(name)
    assert list(output_dir.iterdir()) == []
    replay = json.loads((tmp_path / ".cookiecutter_replay" / "template.json").read_text())
    assert replay["cookiecutter"]["service_name"] == name


@pytest.mark.parametrize("name", ["ab", "my-service", "x" * LONGEST_NAME])
def test_folder_is_named_like_the_service(name: str, tmp_path: Path) -> None:
    template = make_template(tmp_path / "template", {"README.md": "text\n"})
    result = render(template, f"service_name={name}", home=tmp_path, output_dir=tmp_path / "made")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "made" / name / "README.md").is_file()


def test_existing_folder_is_not_touched_by_a_bad_name(tmp_path: Path) -> None:
    template = make_template(tmp_path / "template", {"README.md": "text\n"})
    kept = tmp_path / "made" / "my-service" / "kept.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    result = render(
        template,
        "service_name=My Service",
        "--overwrite-if-exists",
        home=tmp_path,
        output_dir=tmp_path / "made",
    )
    assert result.returncode != 0
    assert [path.name for path in kept.parent.iterdir()] == ["kept.txt"]
