"""Manifests can be applied again, and by others: nothing changes that nobody has changed."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.applying import find_all_changes
from tests.combinations import TELLING
from tests.documents import read_blocks
from tests.kustomize import Builds, build, is_custom, list_builds
from tests.marks import AMONG
from tests.renders import render
from tests.small_template import ROOT

# What the names of pods, and what is named after them, may be.
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# It hands out what was applied, and keeps what shall count as that.
KUBECTL = """#!/bin/sh
case "$*" in
*"apply view-last-applied deployment/my-service-worker"*) cat "$HERE/applied.yaml" ;;
*"apply set-last-applied -f -"*) cat >"$HERE/remembered.yaml" ;;
*) echo "unexpected: $*" >&2; exit 1 ;;
esac
"""
POLICY: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "open"},
    "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 443}]}]},
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "open"},
    "spec": {"strategy": {"rollingUpdate": {"maxSurge": 1}}},
}


@AMONG
def test_manifests_that_are_applied_twice_change_nothing(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        known = [manifest for manifest in each.manifests if not is_custom(manifest)]
        assert [change for manifest in known for change in find_all_changes(manifest)] == [], each


@pytest.mark.parametrize(
    ("manifest", "change"),
    [
        (POLICY, r'NetworkPolicy.spec.egress: .*443}.* is stored as .*"TCP", "port": 443'),
        (DEPLOYMENT, "Deployment.spec.strategy: type"),
    ],
)
def test_a_default_that_is_not_spelled_out_is_found(manifest: dict[str, Any], change: str) -> None:
    assert [bool(re.match(change, each)) for each in find_all_changes(manifest)] == [True]


@pytest.mark.parametrize(
    ("amount", "stored"), [("0.5", None), ("1000m", "1"), ("1024Mi", "1Gi"), ("250m", "250m")]
)
def test_an_amount_that_is_stored_otherwise_is_found(amount: str, stored: str | None) -> None:
    container = {"name": "api", "resources": {"requests": {"cpu": amount}}}
    pod = {"template": {"spec": {"containers": [container]}}}
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": pod}
    assert bool(find_all_changes(manifest)) is (amount != stored)


def test_a_type_whose_defaults_nobody_has_looked_up_is_refused() -> None:
    manifest = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"schedule": "@daily"}}
    with pytest.raises(LookupError, match="no defaults of CronJob, CronJobSpec"):
        find_all_changes(manifest)


@AMONG
def test_names_are_those_that_pods_may_have(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        names = [manifest["metadata"]["name"] for manifest in each.manifests]
        assert [name for name in names if not LABEL.fullmatch(name)] == [], each


@AMONG
def test_an_autoscaler_alone_says_how_many_pods_there_are(builds: Builds, *, every: bool) -> None:
    for each in builds(every):
        scaled = {
            scaler["spec"]["scaleTargetRef"]["name"]
            for scaler in each.list("HorizontalPodAutoscaler", "ScaledObject")
        }
        counted = {
            deployment["metadata"]["name"]
            for deployment in each.list("Deployment")
            if "replicas" in deployment["spec"]
        }
        deployments = {deployment["metadata"]["name"] for deployment in each.list("Deployment")}
        assert counted == deployments - scaled, each


def read_handover() -> str:
    """Return what the document says to run before the first apply with KEDA."""
    blocks = read_blocks(ROOT / "docs" / "kubernetes.md")
    [command] = [each.text for each in blocks if "set-last-applied" in each.text]
    return command


def test_the_number_of_workers_is_handed_over_to_keda_before_it_is_left_out(tmp_path: Path) -> None:
    service = render(TELLING["everything"])
    before, after = (
        next(
            manifest
            for manifest in built.list("Deployment")
            if manifest["metadata"]["name"].endswith("-worker")
        )
        for built in (
            build(service, service / "deploy/kubernetes/overlays/production"),
            list(list_builds(service, tmp_path))[-1],
        )
    )
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(KUBECTL)
    kubectl.chmod(0o755)
    (tmp_path / "applied.yaml").write_text(yaml.safe_dump(before))
    path = os.pathsep.join((str(kubectl.parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "HERE": str(tmp_path)}
    subprocess.run(read_handover(), shell=True, check=True, env=environment)
    remembered = yaml.safe_load((tmp_path / "remembered.yaml").read_text())
    # What was applied last says no number, and neither does what is applied now: it stays.
    assert "replicas" in before["spec"]
    assert remembered == after
