"""Answers that cannot work are refused; text comes out right in every language it is written to."""

import ast
import json
import tomllib
from itertools import product
from pathlib import Path

import pytest
import yaml
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context
from markdown_it import MarkdownIt

from hooks.pre_gen_project import (
    CHOICES,
    COMBINATIONS,
    LONGEST_TEXT,
    QUESTIONS,
    check_combinations,
    check_text,
    find_refusal,
)
from tests.small_template import ROOT, make_template, render

DEFAULTS: dict[str, object] = {
    "service_name": "my-service",
    "description": "A service",
    "author": "A team",
    "interface": "worker",
    "broker": "none",
    "database": "none",
    "cache": "redis",
    "ci": "none",
    "kubernetes": False,
    "__folder": "my-service",
}

IMPOSSIBLE = {
    "worker of nothing": ("interface=worker", "broker=none", "database=none", "cache=none"),
    "API and worker of nothing": ("broker=none", "database=none", "cache=none"),
    "replicas on one file": ("kubernetes=true", "database=sqlite"),
}

BAD_VALUES = {
    "unknown choice": {"broker": "nats"},
    "list": {"broker": ["kafka"]},
    "missing": {"cache": None},
    "text for true": {"kubernetes": "yes"},
    "number for true": {"kubernetes": 1},
    "text that is no text": {"description": 7},
    "empty text": {"author": " \n"},
    "long text": {"description": "x" * 201},
    "variable": {"description": "{" + "{ cookiecutter }" + "}"},
    "comment": {"description": "{" + "# note"},
    "tag": {"author": "# {" + "% if x"},
    "control character": {"author": "bell\a"},
    "broken encoding": {"author": "\udcff"},
    "line separator": {"description": "a\u2028b"},
    "reversed text": {"description": "a\u202eb"},
    "other folder": {"__folder": "../elsewhere"},
}

TEXTS = {
    "plain": "A service",
    "double quotes": 'say "hi" and """more"""',
    "single quotes": "it's 'fine'",
    "backslashes": "C:\\new\\table \\u0041 \\",
    "single braces": "{curly} } { ${shell} %} #} }}",
    "newlines": "first line\nsecond line\n",
    "blank lines": "\n\nfirst\n\n\nthird  ",
    "tab": "a\tb",
    "emoji": "ships 🚀 with 👩‍💻",
    "other scripts": "сервис 日本語 é",
    "Markdown marks": "*bold* _it_ `code` [link](x) <b>tag</b> &amp; ~~gone~~ | cell | ![i](y)",
    "heading": "# not a heading",
    "bullet": "- not a list",
    "plus": "+ not a list",
    "number": "1. not a list",
    "bracketed number": "1) not a list",
    "quotation": "> not a quotation",
    "YAML marks": "key: value # comment, [list], &anchor *alias !tag %d @x",
    "ruler": "***",
    "underline": "===",
}


@pytest.mark.parametrize("answers", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_impossible_combination_stops_cookiecutter(
    answers: tuple[str, ...], tmp_path: Path
) -> None:
    template = make_template(tmp_path / "template", {"README.md": "text\n"})
    output_dir = tmp_path / "made"
    result = render(template, *answers, home=tmp_path, output_dir=output_dir)
    assert result.returncode != 0
    sentence = result.stderr.splitlines()[0]
    assert sentence in {combination.sentence for combination in COMBINATIONS}
    assert list(output_dir.iterdir()) == []
    replay = json.loads((tmp_path / ".cookiecutter_replay" / "template.json").read_text())
    kept = {key: str(value).lower() for key, value in replay["cookiecutter"].items()}
    assert dict(answer.split("=") for answer in answers).items() <= kept.items()


def test_only_what_cannot_work_is_refused() -> None:
    questions = ("interface", "broker", "database", "cache")
    for values in product(*(CHOICES[question] for question in questions), (True, False)):
        answers = dict(zip((*questions, "kubernetes"), values, strict=True))
        idle = answers["interface"] != "api" and set(values[1:4]) == {"none"}
        unshared = answers["kubernetes"] and answers["database"] == "sqlite"
        assert bool(check_combinations(answers)) is bool(idle or unshared), answers


def test_combination_is_judged_once_its_questions_are_answered() -> None:
    answers = {"interface": "worker", "broker": "none", "database": "none"}
    assert check_combinations(answers) is None
    assert check_combinations({**answers, "cache": "none"}) is not None


@pytest.mark.parametrize("answers", BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_bad_value_is_refused_in_one_sentence(answers: dict[str, object]) -> None:
    sentence = find_refusal({**DEFAULTS, **answers}, {})
    assert sentence is not None
    assert sentence.endswith(".")
    assert sentence.isprintable()


def test_tag_that_cookiecutter_has_filled_in_is_refused(tmp_path: Path) -> None:
    template = make_template(tmp_path / "template", {"README.md": "text\n"})
    filled = "description=" + "{" + "{ 6 * 7 }" + "}"
    result = render(template, filled, home=tmp_path, output_dir=tmp_path / "made")
    assert result.returncode != 0
    assert result.stderr.startswith("description holds ")
    assert list((tmp_path / "made").iterdir()) == []


@pytest.mark.parametrize("question", LONGEST_TEXT)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_comes_out_right_in_every_language(question: str, text: str) -> None:
    assert check_text(question, text) is None
    line = " ".join(text.split())
    assert tomllib.loads(fill(question, text, 'value = "{}"\n', ""))["value"] == text
    assert yaml.safe_load(fill(question, text, 'value: "{}"\n', ""))["value"] == text
    assert ast.literal_eval(fill(question, text, '"{}"', "")) == text
    assert ast.literal_eval(fill(question, text, '"""{}"""', "")) == text
    assert json.loads(fill(question, text, '"{}"', "")) == text
    assert fill(question, text, "{}", "_text") == line
    for frame, tag in (("# {}\n", "h1"), ("{}\n", "p"), ("- {}\n", "li"), ("> {}\n", "p")):
        assert read_markdown(fill(question, text, frame, "_markdown"), tag) == line


def test_quoted_text_has_no_quote_that_a_formatter_would_change() -> None:
    assert '"' not in fill("description", 'say "hi"', "{}", "")


def test_every_question_has_a_prompt_and_every_choice_explains_itself() -> None:
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    assert tuple(key for key in questions if not key.startswith("_")) == QUESTIONS
    assert tuple(questions["__prompts__"]) == QUESTIONS
    for question, choices in CHOICES.items():
        assert tuple(questions[question]) == choices
        prompts = questions["__prompts__"][question]
        assert tuple(prompts) == ("__prompt__", *choices)
        assert all(prompts[choice].startswith(f"{choice}: ") for choice in choices)


def fill(question: str, text: str, frame: str, variant: str) -> str:
    """Render one snippet the way cookiecutter renders a file of the template."""
    context = {"cookiecutter": json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))}
    context["cookiecutter"][question] = text
    answers = prompt_for_config(context, no_input=True)
    snippet = frame.replace("{}", "{" + "{ cookiecutter.__" + question + variant + " }" + "}")
    environment = create_env_with_context({"cookiecutter": answers})
    return str(environment.from_string(snippet).render(cookiecutter=answers))


def read_markdown(source: str, tag: str) -> str:
    """Return the text that a reader sees, where it is all inside one element."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(source)
    assert any(token.tag == tag for token in tokens)
    (inline,) = [token for token in tokens if token.type == "inline"]
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children or [])
