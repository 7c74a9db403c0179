"""Versions of the template that change what stands around the code of services."""

from tests.line.template import Draft
from tests.small_template import FOLDER

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))

RECIPE = """\
# Say which version of the template this is
[group("setup")]
made-of:
    @grep --max-count=1 "^version = " pyproject.toml

"""

WOODPECKER = """\
steps:
  check:
    image: python:3.13-slim
    commands: [./just check]
"""


def ask_who_reviews(draft: Draft) -> None:
    """Ask a question that has a file of its own."""
    draft.ask({"reviewers": True})
    draft.add("CODEOWNERS", "* @{{ cookiecutter.service_name }}/reviewers\n")
    kubernetes = '    "kubernetes": lambda answers: answers["kubernetes"] is True,\n'
    reviewers = kubernetes.replace("kubernetes", "reviewers")
    row = "kubernetes: deploy/kubernetes\n"
    draft.replace(
        "hooks/post_gen_project.py",
        (kubernetes, kubernetes + reviewers),
        (row, f"{row}reviewers: CODEOWNERS\n"),
    )
    line = 'ci = "{{ cookiecutter.ci }}"\n'
    asked = 'reviewers = "{{ cookiecutter.reviewers | string | lower }}"\n'
    draft.edit("pyproject.toml", (line, line + asked))


def offer_another_ci(draft: Draft) -> None:
    """Offer another choice."""
    draft.ask({"ci": ["github", "gitlab", "woodpecker", "none"]})
    draft.add(".woodpecker.yml", WOODPECKER)
    gitlab = '    "gitlab": lambda answers: answers["ci"] == "gitlab",\n'
    row = "gitlab: .gitlab-ci.yml renovate.json\n"
    draft.replace(
        "hooks/post_gen_project.py",
        (gitlab, gitlab + gitlab.replace("gitlab", "woodpecker")),
        (row, f"{row}woodpecker: .woodpecker.yml\n"),
    )
    choices = '"ci": ("github", "gitlab", '
    draft.replace("hooks/pre_gen_project.py", (choices, f'{choices}"woodpecker", '))


def add_recipe(draft: Draft) -> None:
    """Add a recipe."""
    hooks = "# Run the checks of changed files before every commit\n"
    draft.edit("justfile", (hooks, RECIPE + hooks))


def give_away_editorconfig(draft: Draft) -> None:
    """Give a file to the team."""
    draft.edit("pyproject.toml", ('    "README.md",\n', '    "README.md",\n    ".editorconfig",\n'))


def open_seam(draft: Draft) -> None:
    """Open a seam: alerts of the team's own, in a file to begin with."""
    rules = "deploy/observability/rules/service.yml"
    draft.add(rules, "# Alerts of this service's own.\ngroups: []\n")
    draft.edit("pyproject.toml", ('    "README.md",\n', f'    "README.md",\n    "{rules}",\n'))


def move_into_the_teams_zone(draft: Draft) -> None:
    """Move a file to where it is the team's."""
    hooks = ".pre-commit-config.yaml"
    text = (draft.root / FOLDER / hooks).read_text(encoding="utf-8")
    draft.delete(hooks)
    draft.add("tests/service/pre-commit.yaml", text)
    draft.edit(
        "justfile",
        (
            "    pre-commit install\n",
            "    pre-commit install --config tests/service/pre-commit.yaml\n",
        ),
    )


def change_workflows(draft: Draft) -> None:
    """Change workflows and manifests."""
    draft.edit(".github/workflows/ci.yml", ("name: CI\n", "name: all checks\n"))
    draft.edit(".gitlab-ci.yml", ("check:\n  stage: test\n", "check:\n  stage: test\n  retry: 1\n"))
    draft.edit(".github/workflows/ci.yml", ('    - cron: "23 4 * * 1"', '    - cron: "42 5 * * 2"'))
    manifests = "deploy/kubernetes/base/kustomization.yaml"
    draft.append(manifests, "\n# Kustomize reads this file first.\n")


def add_picture(draft: Draft) -> None:
    """Add a file that is not text."""
    draft.add("deploy/observability/logo.png", PICTURE)


def improve_starters(draft: Draft) -> None:
    """Change what only new services get."""
    draft.append("README.md", "\nWritten better.\n")
    draft.append("service.just", "\n# Like this: `hello:`, and below it what it does.\n")
    draft.append("app/domain/settings.py", "\n# More of them below.\n")
    draft.append(".editorconfig", "\n[*.toml]\nindent_size = 4\n")
    draft.delete("app/domain/service.no_database.py")
    draft.add("app/domain/service.no_database.py", '"""Another starter."""\n')
    draft.append("deploy/observability/rules/service.yml", "# None yet.\n")


def move_picture(draft: Draft) -> None:
    """Change what is not text, move it, and let a tool be started by its name."""
    draft.delete("deploy/observability/logo.png")
    draft.add("deploy/observability/grafana/logo.png", PICTURE[::-1])
    first = '"""Remove the starter domain and its'
    draft.edit("tools/clear_starter.py", (first, f"#!/usr/bin/env python3\n{first}"))
    (draft.root / FOLDER / "tools" / "clear_starter.py").chmod(0o755)
