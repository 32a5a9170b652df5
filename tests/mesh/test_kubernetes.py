"""The manifests of deploy/kubernetes: what Kubernetes' own schemas say of them, and whether they fit the server."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from imagewire_server.config.settings import Settings
from imagewire_server.providers.registry import load
from tests.compat.conftest import package

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/kubernetes"
# Kinds of Kubernetes' own; those of Istio and the Prometheus operator have no schema here.
OWN = re.compile(r"(v1|(apps|policy|autoscaling)/v\d|networking\.k8s\.io/v1)")


def manifests(folder: Path) -> list[dict[str, Any]]:
    """Those that a kustomization names, with those of others that it builds upon."""
    made = yaml.safe_load((folder / "kustomization.yaml").read_text())
    found: list[dict[str, Any]] = []
    for name in made["resources"]:
        where = (folder / name).resolve()
        found += manifests(where) if where.is_dir() else yaml.safe_load_all(where.read_text())
    return found


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = (one for one in manifests(FOLDER / "base") if one["kind"] == kind)
    return found


DEPLOYMENT = of_kind("Deployment")
POD = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


@pytest.mark.parametrize("name", sorted(folder.name for folder in FOLDER.iterdir()))
def test_each_folder_is_what_kubernetes_takes(name: str) -> None:
    validate = package("kubernetes_validate")
    found = manifests(FOLDER / name)
    assert {"Deployment", "Service"} <= {one["kind"] for one in found}
    for one in found:
        if OWN.fullmatch(one["apiVersion"]):
            validate.validate(one, validate.latest_version(), strict=True)


def test_every_file_is_in_a_kustomization() -> None:
    for file in FOLDER.rglob("*.yaml"):
        if file.name != "kustomization.yaml":
            assert file.name in yaml.safe_load((file.parent / "kustomization.yaml").read_text())["resources"]


def test_its_settings_are_the_servers() -> None:
    given = {one["name"]: one["value"] for one in CONTAINER["env"]}
    settings = load(None, {**given, "GEMINI_API_KEY": "key"}).settings
    assert {name for name in given if not hasattr(settings, name.removeprefix("IMAGEWIRE_").lower())} == set()
    assert settings.keep_dir in {one["mountPath"] for one in CONTAINER["volumeMounts"]}


def test_its_ports_and_user_are_the_images() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    exposed = re.findall(r"^EXPOSE (\d+) (\d+)$", dockerfile, re.MULTILINE)
    assert [tuple(str(port["containerPort"]) for port in CONTAINER["ports"])] == exposed
    assert f"USER {POD['securityContext']['runAsUser']}\n" in dockerfile
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"]


def test_a_pod_that_stops_has_the_time_that_the_server_takes() -> None:
    settings = Settings()
    assert POD["terminationGracePeriodSeconds"] >= settings.drain_delay + settings.drain_grace + 10
    probe = CONTAINER["readinessProbe"]
    noticed = probe["periodSeconds"] * probe["failureThreshold"]
    assert noticed < settings.drain_delay


def test_the_probes_ask_for_a_service_that_is_there() -> None:
    for name in ("startupProbe", "readinessProbe"):
        assert CONTAINER[name]["grpc"] == {"port": 50051, "service": "imagewire.v1.ChatService"}
    # NOT_SERVING while it drains is no reason to kill it.
    assert CONTAINER["livenessProbe"]["grpc"] == {"port": 50051}


def test_all_select_the_same_pods() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    for one in manifests(FOLDER / "monitoring"):
        spec = one.get("spec", {}) if one["kind"] != "ServiceMonitor" else {}
        selector = spec.get("selector") or spec.get("podSelector")
        if selector:
            assert selector.get("matchLabels", selector) == labels, one["kind"]


def test_each_pod_is_scraped_once_at_the_port_that_needs_no_key() -> None:
    made = yaml.safe_load((FOLDER / "monitoring/kustomization.yaml").read_text())
    added = {
        one["path"].rpartition("/containers/0/")[2]: one["value"] for one in yaml.safe_load(made["patches"][0]["patch"])
    }
    settings = load(None, {"IMAGEWIRE_PLAINTEXT": "anywhere", added["env/-"]["name"]: added["env/-"]["value"]}).settings
    port = added["ports/-"]
    assert settings.admin == f"0.0.0.0:{port['containerPort']}"
    found = manifests(FOLDER / "monitoring")
    (monitor,) = (one for one in found if one["kind"] == "ServiceMonitor")
    asked = monitor["spec"]["selector"]["matchLabels"].items()
    (service,) = (one for one in found if one["kind"] == "Service" and asked <= one["metadata"]["labels"].items())
    (endpoint,) = monitor["spec"]["endpoints"]
    (served,) = service["spec"]["ports"]
    assert (endpoint["port"], served["targetPort"]) == (served["name"], port["name"])
    policies = [one["spec"]["ingress"] for one in found if one["kind"] == "NetworkPolicy"]
    allowed = [rule for rules in policies for rule in rules if {"port": port["name"]} in rule["ports"]]
    (namespace,) = (one["namespaceSelector"]["matchLabels"] for rule in allowed for one in rule["from"])
    assert namespace == {"kubernetes.io/metadata.name": "monitoring"}


@pytest.mark.parametrize(
    ("mesh", "namespace", "ports"), [("istio", "istio-system", {15012}), ("linkerd", "linkerd", {8080, 8086, 8090})]
)
def test_a_sidecar_reaches_its_control_plane(mesh: str, namespace: str, ports: set[int]) -> None:
    """The policy of the base lets a pod, and so its sidecar, reach nothing but names and HTTPS."""
    policies = [one["spec"].get("egress", ()) for one in manifests(FOLDER / mesh) if one["kind"] == "NetworkPolicy"]
    labels = {"kubernetes.io/metadata.name": namespace}
    allowed = {
        port["port"]
        for rules in policies
        for rule in rules
        if {"namespaceSelector": {"matchLabels": labels}} in rule["to"]
        for port in rule["ports"]
    }
    assert allowed == ports


def test_alerts_and_panels_find_the_job_of_the_pods() -> None:
    """Their queries name it; without a label, the job would have the name of the Service."""
    found = manifests(FOLDER / "monitoring")
    (monitor,) = (one["spec"] for one in found if one["kind"] == "ServiceMonitor")
    asked = monitor["selector"]["matchLabels"].items()
    (labels,) = (
        one["metadata"]["labels"]
        for one in found
        if one["kind"] == "Service" and asked <= one["metadata"]["labels"].items()
    )
    jobs = set(re.findall(r'job="([^"]+)"', (ROOT / "deploy/prometheus/alerts.yml").read_text()))
    assert {labels[monitor["jobLabel"]]} == jobs


def test_what_the_autoscaler_reads_is_a_metric() -> None:
    (metric,) = [one["pods"]["metric"]["name"] for one in of_kind("HorizontalPodAutoscaler")["spec"]["metrics"][:1]]
    assert f"`{metric}`" in (ROOT / "docs/deployment.md").read_text()
