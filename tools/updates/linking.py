"""Write `.cruft.json` again where it was lost, from what the service itself says."""

import tempfile
from pathlib import Path

from tools.updates import state
from tools.updates.errors import UpdateRefusedError
from tools.updates.questions import Questions
from tools.updates.rendering import render
from tools.updates.template import Template


def link(service: Path, template: Path, address: str) -> str:
    """Link a service with a checkout of the version that it was made of; say what was written.

    Its answers are those that pyproject.toml holds.
    """
    service = service.resolve()
    if (service / state.NAME).exists():
        raise UpdateRefusedError(f"{service / state.NAME} is there: nothing to write again.")
    recorded = state.read_project(service).get(state.TABLE)
    if not recorded:
        raise UpdateRefusedError(
            f"{service / 'pyproject.toml'} has no table [tool.{state.TABLE}] with the version and "
            f"the answers: take {state.NAME} from git again."
        )
    checkout = Template(template.resolve())
    version, said = checkout.latest, str(recorded.get("version", ""))
    if said and version.name != said:
        raise UpdateRefusedError(
            f"The service was made of version {said}, and this is {version}: "
            f"add --version with the tag or the commit of {said}."
        )
    content = checkout.read_questions(version.commit)
    # As text, which is how the command line takes them.
    given = {name: str(answer) for name, answer in recorded.items() if name in content}
    answers = Questions(content).settle({}, given, ask=False, say=print).answers
    with tempfile.TemporaryDirectory(prefix="template-link-") as home:
        rendered = render(checkout.folder, version, answers, Path(home) / "made").state
    text = state.State({**rendered, "checkout": None}).advance(rendered, address)
    (service / state.NAME).write_text(text, encoding="utf-8")
    return f"Wrote {state.NAME}: version {version} of {address}. Commit it."
