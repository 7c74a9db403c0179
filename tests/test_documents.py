"""The documents tell the truth, and every command in them is run by a test."""

import re
from pathlib import Path

import pytest

from tests.documents import (
    TEMPLATE,
    list_documents,
    read_blocks,
    read_code,
    read_commands,
    read_mentioned_commands,
    read_recipes,
    read_rows,
)
from tests.small_template import ROOT

GUIDE = ROOT / "docs" / "guide.md"
QUOTED = ("cache", "database", "http", "jobs", "messaging", "testing")
QUOTING = [ROOT / "docs" / f"{name}.md" for name in QUOTED]
GUIDE_TEST = "tests/test_guide.py::test_the_guide_can_be_followed"
TOOLS = "tests/test_messaging_tools.py"
LONGEST_README = 150

# Each command that a document shows, by how it begins, and what runs it.
TEMPLATE_RECIPES = "tests/test_template_recipes.py"
RUN_BY = {
    "./just demo": ".ci/run",
    "./just drills": ".ci/run",
    "./just mutants": "tests/test_mutants.py::test_the_command_lists_what_is_chosen",
    "./just example dev-talk": ".ci/run",
    "./just fleet": "tests/test_fleet.py::test_the_recipe_takes_folders_from_where_it_is_called",
    "./just example tasks": ".ci/run",
    "./just lint": ".ci/run",
    "./just matrix": ".github/workflows/weekly.yml",
    "./just measure": ".ci/run",
    "./just servers": ".ci/run",
    "./just test": ".ci/run",
    "./just up": ".github/workflows/ci.yml",
    "./just observe": ".github/workflows/ci.yml",
    "bash .ci/run": ".github/workflows/ci.yml",
    "./just pins": ".github/workflows/weekly.yml",
    "./just asyncapi": "tests/test_seams.py::test_its_messages_are_promised",
    "./just bench": "tests/test_benchmarks.py::test_requests_are_measured_beside_a_peer",
    "./just bench consume": "tests/test_benchmarks.py::test_messages_are_measured_on_both_brokers",
    "./just bench publish": "tests/test_benchmarks.py::test_messages_are_measured_on_both_brokers",
    "./just bench outbox": "tests/test_benchmarks.py::test_outbox_and_inbox_are_measured",
    "./just bench tasks": "tests/test_benchmarks.py::test_tasks_are_measured_beside_few_and_many",
    "./just bench loki": "tests/test_benchmarks.py::test_a_log_line_to_loki_is_measured",
    "./just bench gateway": "tests/test_gateway_benchmark.py::test_the_gateway_is_measured",
    "./just bench articles": (
        "tests/test_articles_benchmark.py::test_lists_of_articles_are_measured"
    ),
    "python -m pytest --confcutdir=tests/conformance": (
        "tests/test_dev_talk.py::test_the_single_service_keeps_the_contract_on_nothing"
    ),
    "./just bench lists": "tests/test_benchmarks.py::test_lists_are_measured_on_every_database",
    "./just clear-starter": "tests/test_starter.py::test_what_remains_passes_its_checks",
    "./just dlq list": f"{TOOLS}::test_dead_letters_are_counted_listed_and_shown",
    "./just dlq show": f"{TOOLS}::test_dead_letters_are_counted_listed_and_shown",
    "./just dlq replay": f"{TOOLS}::test_a_letter_that_is_replayed_as_new_has_another_id",
    "./just dlq purge": f"{TOOLS}::test_purged_letters_are_gone_and_the_others_stay",
    "./just topology": f"{TOOLS}::test_production_starts_only_with_the_topology_that_was_applied",
    "./just outbox": "tests/test_gates.py::test_recipes_are_listed_and_formatted",
    "./just doctor": "tests/test_processes.py::test_the_doctor_says_what_is_not_reachable",
    "./just migrate": "tests/test_seams.py::test_its_migration_runs_after_the_templates",
    "./just check": "tests/test_seams.py::test_its_checks_pass",
    "./just properties": "tests/test_seams.py::test_its_checks_pass",
    "./just new": "tests/test_ways.py::test_just_new",
    "./just settings": "tests/test_processes.py::test_settings_are_shown_with_where_they_came_from",
    "./just system": ("tests/test_system.py::test_the_recipe_takes_a_path_from_where_it_is_called"),
    "docker compose": "tests/test_system_compose.py::test_it_follows_the_schema_of_compose_files",
    "./just jobs": "tests/test_processes.py::test_a_worker_runs_its_jobs_and_stops_cleanly",
    "./just worker": "tests/test_processes.py::test_a_worker_runs_its_jobs_and_stops_cleanly",
    "cookiecutter": "tests/test_ways.py::test_cookiecutter_with_a_path",
    "cruft create": "tests/test_ways.py::test_cruft_create",
    "cruft update": (
        "tests/test_cruft.py::test_update_keeps_the_answers_and_takes_the_new_template"
    ),
    "git clone": "tests/test_ways.py::test_cookiecutter_with_a_git_url",
    "./just template-check": f"{TEMPLATE_RECIPES}::test_an_update_is_checked_applied_and_told",
    "./just template-diff": (
        f"{TEMPLATE_RECIPES}::test_a_change_in_a_file_of_the_template_is_shown"
    ),
    "./just template-update": f"{TEMPLATE_RECIPES}::test_an_update_is_checked_applied_and_told",
    "git add": f"{TEMPLATE_RECIPES}::test_conflicts_are_told_and_resolved_in_the_files",
    "git commit": f"{TEMPLATE_RECIPES}::test_conflicts_are_told_and_resolved_in_the_files",
    "git diff --cached": "tests/test_updates.py::test_nothing_is_committed_and_all_of_it_is_staged",
    "git restore --staged --worktree .": (
        "tests/test_updates.py::test_it_is_undone_by_the_command_that_is_told"
    ),
    "uvx cookiecutter": "tests/test_ways.py::test_uvx_cookiecutter",
    "kubectl apply": "tests/test_manifests.py::test_manifests_follow_the_schemas_of_kubernetes",
    "kubectl kustomize": "tests/test_manifests.py::test_manifests_follow_the_schemas_of_kubernetes",
    "kubectl -n my-service-staging create secret": (
        "tests/test_manifests.py"
        "::test_every_reference_leads_to_what_is_built_or_what_the_team_creates"
    ),
    "kubectl -n my-service-production apply": (
        "tests/test_applying.py"
        "::test_the_number_of_workers_is_handed_over_to_keda_before_it_is_left_out"
    ),
    "./just audit": "tests/test_audit.py::test_what_the_image_installs_is_asked_about_and_no_tool",
    "./just patch": "tests/test_patching.py::test_a_pin_is_locked_installed_audited_and_tested",
    "./just lock": (
        "tests/test_patching.py::test_a_library_of_the_team_is_locked_with_what_it_needs"
    ),
    "./just sbom": "tests/test_sbom.py::test_it_follows_the_schema_of_cyclonedx",
    "./just release --pins": "tests/test_release.py::test_a_release_of_pins_is_one_command",
    # On GitHub alone.
    "gh attestation verify": "tests/test_schemas.py::test_workflows_have_no_known_weakness",
    # For people at work: that they are there is all that is tested.
    "./just --list": "tests/test_gates.py::test_recipes_are_listed_and_formatted",
    "./just NAME": "tests/test_gates.py::test_recipes_are_listed_and_formatted",
    "./just dashboards": (
        "tests/test_observability.py::test_dashboard_is_what_the_generator_writes"
    ),
    "./just interface": "tests/test_interface.py::test_nothing_breaks_and_everything_is_recorded",
    "./just release": "tests/test_release.py::test_a_release_is_a_commit_and_a_tag",
    "./just format": "tests/test_documents.py::test_every_recipe_of_the_repository_is_told",
    "./just snapshots": "tests/test_documents.py::test_every_recipe_of_the_repository_is_told",
}


@pytest.mark.parametrize("document", list_documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_run_by_a_test(document: Path) -> None:
    known = tuple({*RUN_BY, *read_commands(GUIDE), "cd "})
    for command in [*read_commands(document), *read_mentioned_commands(document)]:
        assert command.startswith(known), command


@pytest.mark.parametrize("runner", sorted(set(RUN_BY.values()) | {GUIDE_TEST}))
def test_what_runs_a_command_exists(runner: str) -> None:
    name, _, function = runner.partition("::")
    text = (ROOT / name).read_text(encoding="utf-8")
    assert f"def {function}" in text if function else text


@pytest.mark.parametrize(
    ("command", "runner"), [pair for pair in RUN_BY.items() if "::" not in pair[1]]
)
def test_ci_runs_the_commands_that_are_said_to_be_run_there(command: str, runner: str) -> None:
    assert command in (ROOT / runner).read_text(encoding="utf-8")


def test_every_recipe_of_the_repository_is_told() -> None:
    told = {cells[0].strip("`") for cells in read_rows(ROOT / "CONTRIBUTING.md", "Commands")}
    names = {command.split()[1] for command in told if command.startswith("./just ")}
    assert names | {"default", "install", "new"} == read_recipes(ROOT / "justfile")


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    readme = ROOT / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines()
    first = next(read_blocks(readme)).text
    assert len(lines) < LONGEST_README
    assert re.search(r"^\./just demo\b.*\n\./just test\b", first, re.MULTILINE)


@pytest.mark.parametrize("document", QUOTING, ids=lambda path: path.stem)
def test_code_that_is_quoted_stands_where_tests_run_it(document: Path) -> None:
    quoted = [block for block in read_blocks(document) if block.target]
    assert quoted
    for block in quoted:
        places = (TEMPLATE / str(block.target), ROOT / str(block.target))
        place = next(path for path in places if path.exists())
        assert block.text in place.read_text(encoding="utf-8")


def test_what_shows_how_a_threat_is_met_is_in_the_template() -> None:
    rows = read_rows(ROOT / "docs" / "security.md", "Security")
    shown = [path for cells in rows for path in read_code(cells[-1])]
    assert len(shown) >= len(rows)
    assert [path for path in shown if not (TEMPLATE / path).is_file()] == []


@pytest.mark.parametrize("document", list_documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert "://" in target or (document.parent / target).exists(), target
