"""The AsyncAPI documents of services are valid, says the official parser."""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.combinations import COVERING, TELLING, Combination
from tests.environments import locked, make_full
from tests.programs import check, miss, run
from tests.renders import render
from tests.small_template import ROOT

pytestmark = pytest.mark.slow

# Its bundle for browsers holds all that it depends on: one archive, whose hash pins everything.
VERSION = "3.6.3"
ARCHIVE_HASH = (
    "3140bcc4850c712daa36faabab2c7f89ed2dc6edddfce748b2b5eced40b36b07"
    "7247a3f4ee0877e43a4ea8fcffcf9eecd54037bc4455a5c85e65897787c715b7"
)
PARSERS = ROOT / "build" / "asyncapi"
SCRIPT = Path(__file__).with_name("validate_asyncapi.cjs")
MESSAGING = list(
    {
        str(each): each for each in (*TELLING.values(), *COVERING) if each["broker"] != "none"
    }.values()
)
# The documents of every event that the service's own tests compare.
DESCRIBE_TABLE = """
import json
from app.core.config import load_core_settings
from tests.asyncapi_changes import RECEIVED, SENT
from tests.test_asyncapi_breaks import describe

core = load_core_settings()
for name, table in {"sent": SENT, "received": RECEIVED}.items():
    for number, (before, _, _) in enumerate(table.values()):
        document = describe(core, before, sent=name == "sent", received=True)
        with open(f"{name}-{number}.json", "w") as file:
            json.dump(document, file)
"""


def find_node() -> tuple[str, str]:
    """Return the paths of node and npm; in CI they must be there."""
    found = (shutil.which("node"), shutil.which("npm"))
    if None in found:
        miss("node and npm are not there: apt-get install nodejs npm")
    node, npm = map(str, found)
    return node, npm


@pytest.fixture(scope="module")
def parser() -> Path:
    """The official parser: there already, or fetched now."""
    _, npm = find_node()
    folder = PARSERS / VERSION
    with locked(folder.with_suffix(".lock")):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            check(npm, "pack", "--silent", f"@asyncapi/parser@{VERSION}", cwd=partial)
            (archive,) = partial.glob("*.tgz")
            assert hashlib.sha512(archive.read_bytes()).hexdigest() == ARCHIVE_HASH
            with tarfile.open(archive) as opened:
                opened.extractall(partial, filter="data")
            partial.rename(folder)
    return folder / "package" / "browser" / "index.js"


def write_documents(service: Path, folder: Path, *command: str) -> list[Path]:
    """Return the documents that Python, run beside a service, writes into a folder."""
    check(make_full() / "bin/python", *command, cwd=folder, PYTHONPATH=str(service))
    return sorted(folder.glob("*.json"))


@pytest.mark.parametrize("combination", MESSAGING, ids=str)
def test_the_document_of_a_service_is_valid(
    combination: Combination, parser: Path, tmp_path: Path
) -> None:
    documents = write_documents(render(combination), tmp_path, "-m", "app.commands.asyncapi")
    assert [path.name for path in documents] == ["asyncapi.json"]
    assert check(find_node()[0], SCRIPT, parser, *documents) == ""


def test_documents_of_all_kinds_of_fields_are_valid(parser: Path, tmp_path: Path) -> None:
    service = render(TELLING["default"])
    documents = write_documents(service, tmp_path, "-c", DESCRIBE_TABLE)
    assert len(documents) > 30
    assert check(find_node()[0], SCRIPT, parser, *documents) == ""


def test_a_mistake_is_found(parser: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    messages = {"Gone": {"$ref": "#/components/messages/Gone"}}
    channels = {"item.gone": {"messages": messages}}
    info = {"title": "bad", "version": "1"}
    path.write_text(json.dumps({"asyncapi": "3.0.0", "info": info, "channels": channels}))
    result = run(find_node()[0], SCRIPT, parser, path)
    assert result.returncode == 1
    assert "'#/components/messages/Gone' does not exist" in result.stdout
