"""Passwords are made once, stand in .env alone, and stay."""

from pathlib import Path

from tools.system.passwords import add_missing

COMPOSE = "A=${ONE_PASSWORD:?} B=${TWO_PASSWORD:?} C=${ONE_PASSWORD:?} D=${PORT:-1}"


def read_variables(path: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, equals, value in lines if equals}


def test_each_is_another_and_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert add_missing(path, COMPOSE, []) == []
    made = read_variables(path)
    assert made.keys() == {"ONE_PASSWORD", "TWO_PASSWORD"}
    assert len(set(made.values())) == 2
    assert min(map(len, made.values())) == 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_run_keeps_them_and_adds_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nexport ONE_PASSWORD=chosen\nLOG_LEVEL=DEBUG")
    add_missing(path, COMPOSE, [])
    begin = "# mine\nexport ONE_PASSWORD=chosen\nLOG_LEVEL=DEBUG\nTWO_PASSWORD="
    assert path.read_text().startswith(begin)
    before = path.read_text()
    add_missing(path, COMPOSE, [])
    assert path.read_text() == before


def test_what_only_the_author_knows_is_left_empty_and_named(tmp_path: Path) -> None:
    told = ["https://${SITE:?}", "plain"]
    assert add_missing(tmp_path / ".env", f"{COMPOSE} ${{SITE:?}}", told) == ["SITE"]
    assert read_variables(tmp_path / ".env")["SITE"] == ""
