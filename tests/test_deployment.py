"""What a team changes in an overlay, and what must change with it."""

import ast
import math
import re
from pathlib import Path
from typing import Any

import pytest

from tests.combinations import TELLING, Combination
from tests.environments import make_full
from tests.kustomize import Build, Builds, Manifest, build, find_all, set_tag
from tests.marks import AMONG
from tests.programs import check, run
from tests.renders import render

# What the end of all but requests and messages may take; containers in compose have as much.
SPARE_SECONDS = 10
DEFAULT_PORT = re.compile(r"://(?:user:password@)?host:(\d+)")
SECRETS = {
    "postgresql": "postgresql://user:password@postgres/name",
    "mysql": "mysql://user:password@mysql/name",
    "both": "amqp://user:password@rabbitmq/",
    "rabbitmq": "amqp://user:password@rabbitmq/",
    "kafka": "kafka://kafka:9092",
    "redis": "redis://redis/0",
}
LIMIT = "activeDeadlineSeconds"
ON_KUBERNETES = {name: each for name, each in TELLING.items() if each["kubernetes"]}
WITH_DATABASE = pytest.mark.parametrize(
    "combination", ON_KUBERNETES.values(), ids=list(ON_KUBERNETES)
)


def list_scalers(build: Build, deployment: Manifest) -> list[Manifest]:
    """Return what says how many pods of a Deployment there are."""
    name = deployment["metadata"]["name"]
    scalers = build.list("HorizontalPodAutoscaler", "ScaledObject")
    return [each for each in scalers if each["spec"]["scaleTargetRef"]["name"] == name]


def count_at_most(build: Build, deployment: Manifest) -> int:
    """Return how many pods of a Deployment there are at most while an update goes on."""
    keys = ("maxReplicas", "maxReplicaCount")
    counts = [each["spec"].get(key, 0) for each in list_scalers(build, deployment) for key in keys]
    update = deployment["spec"]["strategy"]["rollingUpdate"]
    return int(max([deployment["spec"].get("replicas", 0), *counts]) + update["maxSurge"])


@AMONG
def test_one_number_says_how_long_work_in_flight_may_take(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        grace = int(each.variables["GRACE_SECONDS"])
        for deployment in each.list("Deployment"):
            seconds = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert seconds == grace + SPARE_SECONDS, each
            # The API goes on serving for a part of its grace period; a pause of its own is none.
            assert list(find_all(deployment, "preStop")) == [], each


@AMONG
def test_each_deployment_has_one_count_of_its_pods(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        deployments = each.list("Deployment")
        for deployment in deployments:
            scalers = list_scalers(each, deployment)
            assert len(scalers) + ("replicas" in deployment["spec"]) == 1, each
        scalers = each.list("HorizontalPodAutoscaler", "ScaledObject")
        assert sum(len(list_scalers(each, one)) for one in deployments) == len(scalers), each


@AMONG
def test_connections_are_enough_for_as_many_pods_as_there_can_be(
    builds: Builds, *, every: bool
) -> None:
    for each in builds(every):
        if "DATABASE_CONNECTIONS" in each.variables:
            most = max(count_at_most(each, one) for one in each.list("Deployment"))
            replicas = int(each.variables["REPLICAS"])
            connections = int(each.variables["DATABASE_CONNECTIONS"])
            assert most <= replicas <= connections, each
            # The API and the worker hold as many each, of the 97 that PostgreSQL has for services.
            assert connections * len(each.list("Deployment")) <= 97, each


@AMONG
def test_everything_runs_the_same_image_and_says_its_tag(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        (image,) = {container["image"] for container in each.list_containers()}
        variables = [one for several in find_all(each.manifests, "env") for one in several]
        versions = {one["value"] for one in variables if one["name"] == "SERVICE_VERSION"}
        assert versions == {image.partition(":")[2]}, each


@AMONG
def test_pods_wait_for_the_migration_where_there_is_one(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        for deployment in each.list("Deployment"):
            pod = deployment["spec"]["template"]["spec"]
            waiting = [one["name"] for one in pod.get("initContainers", ())]
            assert waiting == ["schema"] * len(each.list("Job")), each
            patience = deployment["spec"].get("progressDeadlineSeconds", math.inf)
            assert all(patience > limit for limit in find_all(each.list("Job"), LIMIT)), each


@WITH_DATABASE
def test_each_tag_has_a_migration_of_its_own(tmp_path: Path, combination: Combination) -> None:
    service = render(combination)
    jobs = [set_tag(service, tag, tmp_path).list("Job")[0] for tag in ("1.2.3", "1.2.4")]
    names = {job["metadata"]["name"] for job in jobs}
    assert len(names) == len(jobs)
    assert {name.rpartition("-")[0] for name in names} == {f"{service.name}-migration"}
    for labels in find_all(jobs, "labels"):
        assert labels["app.kubernetes.io/component"] == "migration"
    versions = [job["metadata"]["labels"]["app.kubernetes.io/version"] for job in jobs]
    assert versions == ["1.2.3", "1.2.4"]
    images = [image for job in jobs for image in find_all(job, "image")]
    assert images == [f"images.example.com/{service.name}:{tag}" for tag in ("1.2.3", "1.2.4")]


@WITH_DATABASE
def test_a_variable_starts_new_pods_and_leaves_the_migration_as_it_is(
    tmp_path: Path, combination: Combination
) -> None:
    service = render(combination)
    before = set_tag(service, "1.2.3", tmp_path)
    after = set_tag(service, "1.2.3", tmp_path, "PAGE_SIZE=20")
    assert after.variables == before.variables | {"PAGE_SIZE": "20"}
    assert after.list("Job") == before.list("Job")
    pairs = zip(before.list("Deployment"), after.list("Deployment"), strict=True)
    assert all(one["spec"]["template"] != other["spec"]["template"] for one, other in pairs)


def read_handlers(service: Path) -> dict[str, str]:
    """Return the topic of each handler of the starter by its name."""
    trees = [
        ast.parse((service / "app" / name).read_text(encoding="utf-8"))
        for name in ("domain/events.py", "tasks/consumer.py")
    ]
    nodes: list[Any] = [node for tree in trees for node in tree.body]
    topics = {
        node.name: ast.literal_eval(keyword.value)
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for keyword in node.keywords
        if keyword.arg == "topic"
    }
    handlers = [node for node in nodes if isinstance(node, ast.AsyncFunctionDef)]
    return {each.name: topics[each.decorator_list[0].args[0].id] for each in handlers}  # type: ignore[attr-defined]


@AMONG
def test_workers_are_counted_by_what_waits_for_each_handler(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        for scaler in each.list("ScaledObject"):
            handlers = {
                f"{each.service.name}.{name}": topic
                for name, topic in read_handlers(each.service).items()
            }
            triggers = [trigger["metadata"] for trigger in scaler["spec"]["triggers"]]
            queues = {one["queueName"] for one in triggers if "queueName" in one}
            groups = {one["consumerGroup"]: one["topic"] for one in triggers if "topic" in one}
            assert groups == handlers or (queues == set(handlers) and not groups), each
            asked = {one["name"] for one in find_all(scaler, "authenticationRef")}
            given = {one["metadata"]["name"] for one in each.list("TriggerAuthentication")}
            assert asked == given, each


@AMONG
def test_pods_may_reach_every_server_that_they_have_a_setting_for(
    builds: Builds, *, every: bool
) -> None:
    for each in builds(every):
        readme = (each.service / "README.md").read_text(encoding="utf-8")
        policies = each.list("NetworkPolicy")
        rules = [rule for policy in policies for rule in policy["spec"].get("egress", ())]
        ports = {port["port"] for rule in rules for port in rule["ports"]}
        assert {int(port) for port in DEFAULT_PORT.findall(readme)} <= ports, each
        assert 53 in ports, "names of servers must be found"


@WITH_DATABASE
def test_a_process_starts_with_what_production_says(
    tmp_path: Path, combination: Combination
) -> None:
    service = render(combination)
    variables = dict(build(service, service / "deploy/kubernetes/overlays/production").variables)
    for name, question in (("DATABASE", "database"), ("BROKER", "broker"), ("REDIS", "cache")):
        if f"{name}_URL_FILE" in variables:
            secret = tmp_path / name
            secret.write_text(f"{SECRETS[str(combination[question])]}\n")
            variables[f"{name}_URL_FILE"] = str(secret)
    code = "from app.core.config import load_core_settings as load; print(load().process)"
    said = check(make_full() / "bin/python", "-c", code, cwd=service, **variables)
    assert "environment='production'" in said


STARTING = """
import sys
from app.core.config import load_core_settings
from app.core.errors import StartupError
try:
    load_core_settings()
except StartupError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("name", ["default", "worker-on-kafka", "jobs-on-redis"])
def test_the_image_refuses_defaults_that_lose_data(name: str) -> None:
    service = render(TELLING[name])
    image = (service / "Dockerfile").read_text(encoding="utf-8")
    variables = dict(re.findall(r"([A-Z_]+)=(\S+)", " ".join(re.findall("^ENV (.*)", image, re.M))))
    variables = {key: value for key, value in variables.items() if key != "PATH"}
    said = run(make_full() / "bin/python", "-c", STARTING, cwd=service, **variables)
    assert said.returncode == 1
    assert re.match("[A-Z_]+: in production, ", said.stdout)
