"""The shared compose file: every service of its own image, one server of each kind."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.programs import check
from tests.system_files import write_system
from tests.test_schemas import YAML_RULES
from tools.system import System, SystemRefusedError, read
from tools.system.building import write_shared
from tools.system.compose import compose
from tools.system.rendering import render

TOOLS = Path(sys.executable).parent
SHOP = [
    {"name": "auth", "port": 8101, "answers": {"broker": "kafka", "database": "mysql"}},
    {
        "name": "comments",
        "port": 8102,
        "answers": {"interface": "worker", "database": "mysql", "cache": "none"},
    },
    {
        "name": "gateway",
        "port": 8103,
        "answers": {"interface": "api", "database": "none", "broker": "none"},
        "environment": {"AUTH_ISSUER": "http://auth:8000", "SIGNING_KEY": "${SIGNING_KEY:?}"},
    },
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a system whose services have been rendered."""
    folder = tmp_path_factory.mktemp("shop")
    for service in read(write_system(folder, *SHOP, name="shop")).services:
        render(service, folder)
    write_shared(read(folder / "system.yml"), folder)
    return folder


@pytest.fixture(scope="module")
def watched(home: Path) -> Path:
    return home / "observability"


@pytest.fixture(scope="module")
def document(home: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((home / "docker-compose.yml").read_text())
    return document


def read_settings(container: dict[str, Any]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in container["environment"])


def test_it_follows_the_schema_of_compose_files(home: Path) -> None:
    path = home / "docker-compose.yml"
    check(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    check(TOOLS / "yamllint", "--strict", "--config-data", YAML_RULES, path)


def test_each_service_has_its_containers_and_each_server_stands_once(
    document: dict[str, Any],
) -> None:
    assert set(document["services"]) == {
        *("auth", "auth_worker", "auth_migrator", "comments", "comments_migrator", "gateway"),
        *("mysql", "mysql_databases", "kafka", "redis"),
    }
    assert set(document["volumes"]) == {"mysql-data", "kafka-data"}
    assert document["name"] == "shop"


def test_each_service_is_built_once_and_reached_at_its_port(document: dict[str, Any]) -> None:
    containers = document["services"]
    built = {name: part["build"] for name, part in containers.items() if "build" in part}
    assert built == {"auth": "./auth", "comments": "./comments", "gateway": "./gateway"}
    for name, port in (("auth", "8101:8000"), ("comments", "8102:8001"), ("gateway", "8103:8000")):
        assert containers[name]["ports"] == [f"127.0.0.1:{port}"]
        assert containers[name]["image"] == f"{name}:dev"
    assert containers["auth_worker"]["image"] == "auth:dev"


def test_everything_that_is_waited_for_is_there(document: dict[str, Any]) -> None:
    containers = document["services"]
    awaited = {name: set(part.get("depends_on", {})) for name, part in containers.items()}
    assert set().union(*awaited.values()) <= set(containers)
    assert awaited["auth"] == {"auth_migrator", "kafka", "redis"}
    assert awaited["comments"] == {"comments_migrator", "kafka"}
    assert awaited["auth_migrator"] == {"mysql_databases"}
    assert awaited["mysql_databases"] == {"mysql"}


def test_the_broker_of_one_is_the_broker_of_all(document: dict[str, Any]) -> None:
    containers = document["services"]
    for name in ("auth", "comments"):
        assert read_settings(containers[name])["BROKER_URL"] == "kafka://kafka:19092"
        assert containers[name]["depends_on"]["kafka"] == {"condition": "service_healthy"}
    assert "BROKER_URL" not in read_settings(containers["gateway"])
    assert "profiles" not in containers["kafka"]


def test_each_service_has_a_database_and_a_user_of_its_own(
    document: dict[str, Any], home: Path
) -> None:
    for name in ("auth", "comments"):
        settings = read_settings(document["services"][f"{name}_migrator"])
        password = f"${{{name.upper()}_DATABASE_PASSWORD:?}}"
        assert settings["DATABASE_URL"] == f"mysql://{name}:{password}@mysql:3306/{name}"
    script = home / "databases/mysql.sh"
    assert 'create comments "$COMMENTS_DATABASE_PASSWORD"\n' in script.read_text()
    check(TOOLS / "shellcheck", script)


def test_settings_of_the_system_file_reach_the_containers(document: dict[str, Any]) -> None:
    settings = read_settings(document["services"]["gateway"])
    assert settings["AUTH_ISSUER"] == "http://auth:8000"
    assert settings["SIGNING_KEY"] == "${SIGNING_KEY:?}"


def test_prometheus_asks_every_container_that_has_metrics(
    document: dict[str, Any], watched: Path
) -> None:
    jobs = yaml.safe_load((watched / "prometheus.yml").read_text())["scrape_configs"]
    asked = {job["job_name"]: job["dns_sd_configs"][0] for job in jobs}
    ports = {name: each["port"] for name, each in asked.items()}
    assert ports == {"auth": 8000, "auth_worker": 8001, "comments": 8001, "gateway": 8000}
    assert all(each["names"] == [name] for name, each in asked.items())
    assert set(asked) <= set(document["services"])
    labels = {job["job_name"]: read_labels(job) for job in jobs}
    assert labels["auth_worker"] == {"service": "auth", "job": "worker"}
    assert labels["gateway"] == {"service": "gateway", "job": "api"}


def read_labels(job: dict[str, Any]) -> dict[str, str]:
    return {each["target_label"]: each["replacement"] for each in job["relabel_configs"]}


def test_what_watches_them_is_complete(watched: Path) -> None:
    check(
        TOOLS / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        watched / "docker-compose.yml",
    )
    if promtool := shutil.which("promtool"):
        check(promtool, "check", "config", watched / "prometheus.yml")
    rules = {path.name for path in (watched / "rules").iterdir()}
    assert rules == {"auth-alerts.yml", "comments-alerts.yml", "gateway-alerts.yml"}
    for service in yaml.safe_load((watched / "docker-compose.yml").read_text())[
        "services"
    ].values():
        for mount in service.get("volumes", []):
            assert (watched / mount.partition(":")[0]).exists()


def test_no_password_stands_in_it(home: Path) -> None:
    text = (home / "docker-compose.yml").read_text()
    assert ":-service}" not in text
    assert ":-root}" not in text


def test_a_port_of_a_server_is_no_port_for_a_service(home: Path) -> None:
    services = [{**each, "port": 9092} if each["name"] == "auth" else each for each in SHOP]
    system = System.model_validate({"name": "shop", "services": services})
    with pytest.raises(SystemRefusedError, match="auth and kafka both have port 9092"):
        compose(system, home)
