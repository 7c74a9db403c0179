"""Questions that are new, gone or have other choices; answers that change on purpose."""

import io
import sys

import pytest

from tests.small_template import FOLDER
from tests.template_versions import Versions, commit, write
from tools.updates import UpdateRefusedError

NEW = {
    "region": ["north", "south"],
    "audited": False,
    "nickname": "{% cookiecutter.service_name %}!",
}
NEW["nickname"] = str(NEW["nickname"]).replace("{%", "{{").replace("%}", "}}")
ASKED = {"region.txt": "{{ cookiecutter.region }} {{ cookiecutter.nickname }}\n"}


def test_new_questions_take_their_defaults_and_are_told(versions: Versions) -> None:
    versions.release(ASKED, NEW)
    outcome = versions.update()
    assert outcome.questions == {"region": "north", "audited": False, "nickname": "my-service!"}
    assert versions.read("region.txt") == "north my-service!\n"
    assert versions.state()["context"]["cookiecutter"]["region"] == "north"


def test_new_questions_are_asked(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    versions.release(ASKED, NEW)
    monkeypatch.setattr(sys, "stdin", io.StringIO("2\ny\nNick\n"))
    outcome = versions.update(ask=True)
    assert outcome.questions == {"region": "south", "audited": True, "nickname": "Nick"}
    assert "region is a new question." in versions.said


def test_new_questions_are_answered_beforehand(versions: Versions) -> None:
    versions.release(ASKED, NEW)
    assert versions.update(answers={"region": "south", "audited": "yes"}).questions == {
        "region": "south",
        "audited": True,
        "nickname": "my-service!",
    }


def test_what_the_user_keeps_for_cookiecutter_answers_nothing(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = versions.template.parent / "settings.yml"
    settings.write_text("default_context:\n  region: south\n  service_name: other\n")
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(settings))
    versions.release(ASKED, NEW)
    assert versions.update().questions["region"] == "north"


def test_a_question_that_is_gone_is_told(versions: Versions) -> None:
    versions.release(ASKED, NEW)
    versions.update()
    commit(versions.service)
    versions.release({"region.txt": "none\n"}, {"region": None})
    assert versions.update().dropped == ("region",)
    assert "region" not in versions.state()["context"]["cookiecutter"]


def test_an_answer_that_is_no_longer_allowed_is_refused(versions: Versions) -> None:
    versions.release({"x.txt": ""}, {"cache": ["none", "valkey"]})
    with pytest.raises(UpdateRefusedError) as refusal:
        versions.update()
    assert str(refusal.value) == (
        'cache is "redis", which this version does not allow: add cache= with none or valkey.'
    )
    assert versions.git("status", "--porcelain") == ""


def test_an_answer_that_is_no_longer_allowed_is_asked_again(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions.release({"x.txt": ""}, {"cache": ["none", "redis-cluster"]})
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n"))
    assert versions.update(ask=True).applied
    assert versions.state()["context"]["cookiecutter"]["cache"] == "none"


def test_an_answer_changes_without_a_new_version(versions: Versions) -> None:
    write(versions.template / FOLDER, {"deploy/kubernetes/base.yaml": "kind: Service\n"})
    commit(versions.template)
    versions.update()
    commit(versions.service)
    assert not (versions.service / "deploy").exists()
    outcome = versions.update(answers={"kubernetes": "true"})
    assert outcome.changes.added == ("deploy/kubernetes/base.yaml",)
    assert versions.state()["context"]["cookiecutter"]["kubernetes"] is True


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"cache": "memcached"}, 'cache is "memcached", which this version does not allow'),
        ({"kubernetes": "perhaps"}, 'kubernetes is "perhaps", which this version does not allow'),
        ({"colour": "red"}, "colour is no question: write NAME=VALUE, with service_name, "),
        ({"description": ""}, "description is empty: write a few words"),
        ({"database": "sqlite", "kubernetes": "true"}, "SQLite is a file on one machine"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_in_a_sentence(
    versions: Versions, given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UpdateRefusedError) as refusal:
        versions.update(answers=given)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert versions.git("status", "--porcelain") == ""
