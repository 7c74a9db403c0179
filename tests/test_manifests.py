"""Kustomize builds every environment, and what it builds fits together."""

import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import yaml

from tests.documents import TEMPLATE
from tests.kustomize import Build, Builds, Manifest, find_all, is_custom
from tests.marks import AMONG
from tests.programs import check
from tests.small_template import ROOT
from tests.test_reference import read_settings

VALIDATE = Path(sys.executable).with_name("kubernetes-validate")
SECRETS = "/run/secrets/service/"
# Variables that the server itself reads.
OF_THE_SERVER = {"FORWARDED_ALLOW_IPS"}
# Addresses that providers share among their customers (RFC 6598), and clusters among their pods.
SHARED = ip_network("100.64.0.0/10")
# The ports of health and metrics.
OPERATION = {"management", "health"}
MONITORING = {"kubernetes.io/metadata.name": "monitoring"}
# What Kubernetes calls restricted, of a container.
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def select(build: Build, labels: dict[str, str]) -> list[str]:
    """Return the workloads whose pods have all of these labels."""
    return [
        name
        for name, pod in build.list_pods()
        if labels.items() <= pod["metadata"]["labels"].items()
    ]


def list_ports(pods: list[Manifest]) -> dict[str, int]:
    """Return the ports of pods by their names."""
    ports = find_all([pod["spec"]["containers"] for pod in pods], "ports")
    return {each["name"]: each["containerPort"] for several in ports for each in several}


@AMONG
def test_manifests_follow_the_schemas_of_kubernetes(
    builds: Builds, tmp_path: Path, *, every: bool
) -> None:
    known = [[each for each in build.manifests if not is_custom(each)] for build in builds(every)]
    file = tmp_path / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(manifest for build in known for manifest in build))
    check(VALIDATE, "--strict", "--quiet", file)


@AMONG
def test_every_manifest_has_a_name_of_its_own(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        names = [(each["kind"], each["metadata"]["name"]) for each in build.manifests]
        assert len(set(names)) == len(names), build


@AMONG
def test_every_file_is_used_by_a_build(builds: Builds, *, every: bool) -> None:
    for service in {build.service for build in builds(every)}:
        files = list((service / "deploy").rglob("*.yaml"))
        said = {file: yaml.safe_load(file.read_text()) for file in files if is_list(file)}
        used = {
            (file.parent / each).resolve()
            for file, kustomization in said.items()
            for key in ("resources", "transformers", "components")
            for each in kustomization.get(key, ())
        }
        # A worker scales by one broker; who can have both names the other file instead.
        spare = {file for file in files if file.name == "kafka.yaml"}
        assert {file.resolve() for file in files if not is_list(file)} - used <= spare


def is_list(file: Path) -> bool:
    """Tell whether a file says what is built of which others."""
    return file.name == "kustomization.yaml"


@AMONG
def test_selectors_find_the_pods_of_one_workload(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        for each in build.list("Deployment", "PodDisruptionBudget"):
            found = select(build, each["spec"]["selector"]["matchLabels"])
            assert found == [each["metadata"]["name"]], build
        for each in build.list("Service"):
            assert select(build, each["spec"]["selector"]) == [f"{each['metadata']['name']}-api"]
        for name, pod in build.list_pods():
            for spread in find_all(pod, "labelSelector"):
                assert select(build, spread["matchLabels"]) == [name], build


@AMONG
def test_network_policies_cover_every_pod_and_what_it_listens_on(
    builds: Builds, *, every: bool
) -> None:
    for build in builds(every):
        pods = dict(build.list_pods())
        closed: set[str] = set()
        opened: set[tuple[str, int]] = set()
        for policy in build.list("NetworkPolicy"):
            spec = policy["spec"]
            found = select(build, spec["podSelector"]["matchLabels"])
            closed.update(found if "Egress" in spec["policyTypes"] else ())
            for rule in spec.get("ingress", ()):
                assert rule["from"], "what comes in comes from somewhere"
                ports = list_ports([pods[name] for name in found])
                opened.update(
                    (name, ports[each["port"]]) for name in found for each in rule["ports"]
                )
        assert closed == set(pods), build
        listening = {(name, port) for name in pods for port in list_ports([pods[name]]).values()}
        assert opened == listening, build


@AMONG
def test_ports_have_the_names_that_others_call_them_by(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        pods = dict(build.list_pods())
        for each in build.list("Service"):
            (name,) = select(build, each["spec"]["selector"])
            assert {port["targetPort"] for port in each["spec"]["ports"]} <= set(
                list_ports([pods[name]])
            )
        for pod in pods.values():
            ports = list_ports([pod])
            for probe in find_all(pod, "httpGet"):
                assert probe["port"] in ports, build
            scraped = pod["metadata"].get("annotations", {}).get("prometheus.io/port")
            # On the port that clients do not reach.
            own = [str(port) for name, port in ports.items() if name in OPERATION]
            assert [scraped] == own or not ports, build


@AMONG
def test_nobody_but_monitoring_reaches_the_port_of_operators(
    builds: Builds, *, every: bool
) -> None:
    for build in builds(every):
        for _, pod in build.list_pods():
            for probe in find_all(pod, "httpGet"):
                assert probe["port"] in OPERATION, build
            ports = list_ports([pod])
            if "management" in ports:
                assert build.variables["MANAGEMENT_PORT"] == str(ports["management"]), build
        for policy in build.list("NetworkPolicy"):
            for rule in policy["spec"].get("ingress", ()):
                if {each["port"] for each in rule["ports"]} & OPERATION:
                    assert rule["from"] == [{"namespaceSelector": {"matchLabels": MONITORING}}]
                else:
                    assert {"namespaceSelector": {"matchLabels": MONITORING}} not in rule["from"]


@AMONG
def test_paths_that_are_asked_for_are_those_of_the_service(builds: Builds, *, every: bool) -> None:
    endpoints = (TEMPLATE / "app/core/endpoints.py").read_text(encoding="utf-8")
    for build in builds(every):
        for name, pod in build.list_pods():
            asked = {each["path"] for each in find_all(pod, "httpGet")}
            scraped = pod["metadata"].get("annotations", {}).get("prometheus.io/path")
            assert all(f'@router.get("{path}"' in endpoints for path in asked), name
            assert scraped is None or f'@router.get("{scraped}"' in endpoints, name


@AMONG
def test_commands_are_there(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        for container in build.list_containers():
            match container.get("command", ()):
                case ["python", "-m", module]:
                    assert (build.service / f"{module.replace('.', '/')}.py").is_file()
                case ["alembic", *_]:
                    assert (build.service / "alembic.ini").is_file()
                case other:
                    assert not other, build


@AMONG
def test_every_variable_is_a_setting_of_the_service(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        settings = read_settings(build.service)
        names = set(build.variables)
        names |= {each["name"] for several in find_all(build.manifests, "env") for each in several}
        names = {name.removesuffix("_FILE") for name in names}
        assert names - OF_THE_SERVER <= settings.keys(), build


@AMONG
def test_the_proxies_in_front_of_an_api_may_say_who_calls(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        allowed = build.variables.get("FORWARDED_ALLOW_IPS")
        has_api = (build.service / "app/main.py").is_file()
        assert (allowed is not None) is has_api, build
        if allowed:
            networks = [ip_network(each) for each in allowed.split(",")]
            # Pods have private addresses; nobody else may say where a request comes from.
            assert all(each.is_private or each == SHARED for each in networks), build
            assert any(ip_address("10.244.1.7") in each for each in networks), build


@AMONG
def test_every_reference_leads_to_what_is_built_or_what_the_team_creates(
    builds: Builds, *, every: bool
) -> None:
    document = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    for build in builds(every):
        names = {each["metadata"]["name"] for each in build.list("ConfigMap", "ServiceAccount")}
        references = [each["name"] for each in find_all(build.manifests, "configMapRef")]
        assert {*references, *find_all(build.manifests, "serviceAccountName")} <= names, build
        secrets = set(find_all(build.manifests, "secretName"))
        secrets |= {
            each["name"] for all_ in find_all(build.manifests, "secretTargetRef") for each in all_
        }
        assert secrets <= {f"{build.service.name}-secrets"}, build
        for path in filter(lambda value: value.startswith(SECRETS), build.variables.values()):
            assert f"--from-file={path.removeprefix(SECRETS)}=" in document, build


@AMONG
def test_containers_that_read_secrets_have_them(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        needs = any(value.startswith(SECRETS) for value in build.variables.values())
        for container in build.list_containers():
            mounts = [f"{each['mountPath']}/" for each in container["volumeMounts"]]
            assert (SECRETS in mounts) is needs, build


@AMONG
def test_pods_may_do_nothing_that_they_need_not(builds: Builds, *, every: bool) -> None:
    for build in builds(every):
        for name, pod in build.list_pods():
            spec = pod["spec"]
            assert spec["automountServiceAccountToken"] is False, name
            assert spec["securityContext"]["runAsNonRoot"] is True, name
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in build.list_containers():
            assert container["securityContext"] == RESTRICTED, build
            assert container["resources"]["limits"].keys() == {"memory"}, build
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, build
