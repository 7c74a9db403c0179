"""`just sbom` tells what the image installs, as CycloneDX writes it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.combinations import TELLING
from tests.environments import make_once
from tests.programs import check
from tests.recipes import check_recipe, run_recipe
from tests.renders import render
from tests.small_template import FOLDER, ROOT
from tests.test_pins import LOCK, read_locked

pytestmark = pytest.mark.slow

VALIDATE = """
import sys
from pathlib import Path
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = Path("sbom.cdx.json").read_text()
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text))
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that has written its SBOM."""
    home = tmp_path_factory.mktemp("sbom")
    service = shutil.copytree(render(TELLING["default"]), home / "service")
    assert check_recipe(service, "sbom") == ""
    return service


def read(service: Path) -> dict[str, Any]:
    """Return the SBOM of a service."""
    document: dict[str, Any] = json.loads((service / "sbom.cdx.json").read_text(encoding="utf-8"))
    return document


def test_it_follows_the_schema_of_cyclonedx(service: Path) -> None:
    pins = ROOT / FOLDER / "constraints.txt"
    tool = make_once("cyclonedx", "cyclonedx-bom", "--constraints", str(pins), cwd=ROOT)
    assert read(service)["specVersion"] == "1.6"
    assert check(tool / "bin" / "python", "-c", VALIDATE, cwd=service) == "None\n"


def test_it_names_the_service_and_each_library_with_its_version_and_hashes(service: Path) -> None:
    document = read(service)
    assert document["metadata"]["component"]["name"] == "my-service"
    listed = {each["name"]: each["version"] for each in document["components"]}
    assert listed == read_locked((service / LOCK).read_text(encoding="utf-8"))
    assert "pytest" not in listed
    hashed = [each["externalReferences"][0]["hashes"] for each in document["components"]]
    assert all(hashed)


def test_it_can_be_attested(service: Path) -> None:
    # GitHub's action takes a CycloneDX document only with all three.
    assert {"bomFormat", "serialNumber", "specVersion"} <= read(service).keys()


def test_it_is_kept_out_of_git(service: Path) -> None:
    check("git", "init", "--quiet", cwd=service)
    assert check("git", "check-ignore", "sbom.cdx.json", cwd=service) == "sbom.cdx.json\n"


def test_a_stale_lock_makes_none(tmp_path: Path) -> None:
    service = shutil.copytree(render(TELLING["api-alone"]), tmp_path / "service")
    (service / LOCK).unlink()
    refused = run_recipe(service, "sbom")
    assert refused.returncode != 0
    assert f"{LOCK} is not there: run `./just lock`" in refused.stdout
    assert not (service / "sbom.cdx.json").exists()
