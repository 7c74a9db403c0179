"""What `kubectl apply` would send for manifests that are applied already, read offline."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

SCHEMAS = Path(str(files("kubernetes_validate"))) / "kubernetes-json-schema"
TCP = {"protocol": "TCP"}
# Units of amounts, each a thousand, or 1,024, of the one before.
UNITS = {1000: ["m", "", "k", "M", "G", "T", "P", "E"]}
UNITS |= {1024: ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]}
# What an API server of Kubernetes 1.31 to 1.35 writes into each type where nothing is said: the
# functions SetDefaults_* of pkg/apis/*/v*/defaults.go, and what its strategies for a Service add.
DEFAULTS: dict[str, dict[str, Any]] = {
    "DeploymentSpec": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {},
    },
    "DeploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {}},
    "RollingUpdateDeployment": {"maxSurge": "25%", "maxUnavailable": "25%"},
    "JobSpec": {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "completions": 1,
        "manualSelector": False,
        "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed",
        "suspend": False,
    },
    "PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    },
    "Container": {
        "imagePullPolicy": "IfNotPresent",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    },
    "ContainerPort": TCP,
    "HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "Probe": {
        "failureThreshold": 3,
        "periodSeconds": 10,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    },
    "SecretVolumeSource": {"defaultMode": 0o644},
    "ServiceSpec": {
        "clusterIP": "10.96.0.7",
        "clusterIPs": ["10.96.0.7"],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "sessionAffinity": "None",
        "type": "ClusterIP",
    },
    "ServicePort": {**TCP, "targetPort": 80},
    "NetworkPolicySpec": {"policyTypes": ["Ingress"]},
    "NetworkPolicyPort": TCP,
    "HorizontalPodAutoscalerSpec": {"minReplicas": 1},
}
# Types of which it completes nothing.
COMPLETE = {
    *("Deployment", "Job", "Service", "NetworkPolicy", "HorizontalPodAutoscaler"),
    *("PodDisruptionBudget", "PodDisruptionBudgetSpec", "ServiceAccount", "ConfigMap"),
    *("ObjectMeta", "LabelSelector", "PodTemplateSpec", "PodSecurityContext", "SeccompProfile"),
    *("SecurityContext", "Capabilities", "ResourceRequirements", "EnvVar", "EnvFromSource"),
    *("ConfigMapEnvSource", "VolumeMount", "Volume", "EmptyDirVolumeSource"),
    *("TopologySpreadConstraint", "NetworkPolicyIngressRule", "NetworkPolicyEgressRule"),
    *("NetworkPolicyPeer", "CrossVersionObjectReference", "MetricSpec", "ResourceMetricSource"),
    *("MetricTarget",),
}

Schema = dict[str, Any]
Visit = Callable[[str], None]


@cache
def read_definitions() -> dict[str, Schema]:
    """Return the types of the newest Kubernetes whose schemas are here."""
    versions = {
        tuple(map(int, re.findall(r"\d+", folder.name))): folder
        for folder in SCHEMAS.glob("v*-local")
    }
    path = versions[max(versions)] / "_definitions.json"
    definitions: dict[str, Schema] = json.loads(path.read_text(encoding="utf-8"))["$defs"]
    return definitions


def find_type(api_version: str, kind: str) -> str:
    """Return the name of the type of a manifest among the definitions."""
    group, _, version = api_version.rpartition("/")
    package = f"{group.partition('.')[0] or 'core'}.{version}"
    return f"io.k8s.api.{package}.{kind}"


def follow(schema: Schema) -> tuple[str | None, Schema]:
    """Return the type that a schema refers to, if it does, and its own schema."""
    for each in schema.get("allOf", [schema]):
        if "$ref" in each:
            name = each["$ref"].rpartition("/")[2]
            return name, read_definitions()[name]
    return None, schema


def complete(value: Any, schema: Schema, visit: Visit) -> Any:
    """Return a value as an API server stores it; tell the types in it."""
    name, found = follow(schema)
    if name is not None and isinstance(value, dict):
        visit(name)
        value = {**DEFAULTS.get(name.rpartition(".")[2], {}), **value}
    if isinstance(value, list):
        return [complete(each, found.get("items", {}), visit) for each in value]
    if isinstance(value, dict):
        inner, others = found.get("properties", {}), found.get("additionalProperties", {})
        return {key: complete(each, inner.get(key, others), visit) for key, each in value.items()}
    return write_quantity(value) if name and name.endswith(".Quantity") else value


def write_quantity(value: Any) -> str | None:
    """Return an amount as it is stored: a whole number of the largest unit that allows one."""
    match = re.fullmatch(r"(\d+)([a-zA-Z]*)", str(value))
    for step, units in UNITS.items():
        if match and match[2] in units and (step == 1000 or match[2]):
            number, unit = int(match[1]), units.index(match[2])
            while number and number % step == 0 and unit + 1 < len(units):
                number, unit = number // step, unit + 1
            return f"{number}{units[unit]}"
    return None


def find_changes(sent: Any, stored: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Yield where a manifest that is sent again changes what is stored.

    What is stored beside it stays, but not in a list that is one value, nor in a union, where
    everything else goes.
    """
    _, found = follow(schema)
    strategy = str(schema.get("x-kubernetes-patch-strategy", "")).split(",")
    if isinstance(sent, dict) and isinstance(stored, dict):
        inner, others = found.get("properties", {}), found.get("additionalProperties", {})
        if "retainKeys" in strategy and set(sent) != set(stored):
            yield f"{path}: {', '.join(sorted(set(stored) - set(sent)))}"
        for key, value in sent.items():
            yield from find_changes(value, stored.get(key), inner.get(key, others), f"{path}.{key}")
    elif isinstance(sent, list) and "merge" in strategy and "items" in found:
        key = schema.get("x-kubernetes-patch-merge-key")
        pairs = zip(sent, stored, strict=True)
        items = {**found["items"]} | (
            {"x-kubernetes-patch-strategy": "retainKeys"} if "retainKeys" in strategy else {}
        )
        for number, (one, other) in enumerate(pairs):
            name = one.get(key, number) if key else number
            yield from find_changes(one, other, items, f"{path}[{name}]")
    elif sent != stored:
        yield f"{path}: {json.dumps(sent)} is stored as {json.dumps(stored)}"


def find_all_changes(manifest: dict[str, Any]) -> list[str]:
    """Return what applying a manifest a second time changes; raises LookupError for a new type."""
    schema = {"$ref": f"#/$defs/{find_type(manifest['apiVersion'], manifest['kind'])}"}
    seen: set[str] = set()
    stored = complete(manifest, schema, lambda name: seen.add(name.rpartition(".")[2]))
    if unknown := seen - DEFAULTS.keys() - COMPLETE:
        raise LookupError(f"tests/applying.py knows no defaults of {', '.join(sorted(unknown))}")
    return list(find_changes(manifest, stored, schema, manifest["kind"]))
