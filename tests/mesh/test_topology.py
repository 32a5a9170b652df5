"""The topology of docker-compose.yml as processes, from the same files: its traces, and its dashboard."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import imagewire
from tests.compat.conftest import missing
from tests.integration import processes
from tests.integration.otlp_receiver import attributes
from tests.mesh import dashboard
from tests.mesh.envoy import until
from tests.mesh.topology import KEYS, MissingProgramError, Topology, topology
from tests.mesh.trace_tree import SPANS, tree
from tests.mesh.traffic import MODEL, Traffic, draw_traced

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Mesh:
    """What runs while callers draw through it. folder: of its logs."""

    topology: Topology
    folder: Path

    def logs(self, name: str) -> str:
        """What the programs of this name have logged."""
        return "".join(log.read_text() for log in self.folder.glob(f"{name}*.log"))


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    folder = tmp_path_factory.mktemp("mesh")
    try:
        running = topology(folder)
        with running as made, Traffic(made, folder).running():
            yield Mesh(made, folder)
    except MissingProgramError as error:
        missing(str(error))


def test_one_trace_goes_from_the_client_to_the_emulator(mesh: Mesh) -> None:
    trace_id, client = draw_traced(mesh.topology)
    spans = mesh.topology.spans.trace(trace_id, SPANS)
    services = [mesh.topology.spans.services[span.span_id] for span in spans]
    assert services == ["envoy", "envoy", "imagewire", "imagewire"]
    parents = [span.parent_span_id.hex() for span in spans]
    ids = [span.span_id.hex() for span in spans]
    assert parents == [client, *ids[:-1]]
    assert attributes(spans[2].attributes)["rpc.response.status_code"] == "OK"
    wanted = f"00-{trace_id}-{ids[-1]}-01"
    asked = [entry["headers"].get("traceparent") for entry in processes.ledger(mesh.topology.emulator)]
    assert asked.count(wanted) == 1
    assert trace_id in mesh.logs("imagewire")
    assert trace_id in mesh.logs("collector")
    assert [line.split(":")[0] for line in tree(mesh.topology.spans, trace_id, client)] == [
        f"trace {trace_id}",
        *("  " * (depth + 1) + service for depth, service in enumerate(services)),
    ]


def test_a_traced_call_keeps_its_request_id(mesh: Mesh) -> None:
    """Envoy would change a digit of a UUID, to mark that the call is traced."""
    mine = str(uuid.uuid4())
    metadata = [("x-request-id", mine)]
    with imagewire.Client(mesh.topology.address, api_key=KEYS[0], metadata=metadata, timeout=200) as client:
        client.draw("A banana with a name", model=MODEL)
    asked = [entry["headers"].get("x-request-id") for entry in processes.ledger(mesh.topology.emulator)]
    assert asked.count(mine) == 1


def test_each_target_is_scraped(mesh: Mesh) -> None:
    def healthy() -> bool | None:
        targets = httpx.get(f"{mesh.topology.prometheus}/api/v1/targets", trust_env=False, timeout=60).json()["data"]
        found = sorted((target["labels"]["job"], target["health"]) for target in targets["activeTargets"])
        return found == [(job, "up") for job in ("collector", "envoy", "imagewire", "imagewire")] or None

    until(healthy, "all targets")


@pytest.mark.parametrize("query", dashboard.queries(), ids=lambda query: f"{query.panel}: {query.legend}")
def test_each_query_of_the_dashboard_returns_data(mesh: Mesh, query: dashboard.Query) -> None:
    until(lambda: dashboard.now(mesh.topology.prometheus, query) or None, query.expression)


def test_a_bucket_of_durations_names_a_trace(mesh: Mesh) -> None:
    asked = {"query": "imagewire_call_seconds_bucket", "start": "0", "end": str(time.time() + 600)}

    def logged() -> bool | None:
        url = f"{mesh.topology.prometheus}/api/v1/query_exemplars"
        found = httpx.get(url, params=asked, trust_env=False, timeout=60).json()["data"]
        logs = mesh.logs("imagewire")
        return any(one["labels"]["trace_id"] in logs for series in found for one in series["exemplars"]) or None

    until(logged, "an exemplar of a call that is in the log")


def test_each_alert_can_be_evaluated(mesh: Mesh) -> None:
    def evaluated() -> bool | None:
        answer = httpx.get(f"{mesh.topology.prometheus}/api/v1/rules", trust_env=False, timeout=60).json()
        rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
        assert not [rule for rule in rules if rule["health"] == "err"], rules
        return (rules and all(rule["health"] == "ok" for rule in rules)) or None

    until(evaluated, "all rules")


def test_the_metrics_port_of_envoy_is_not_its_admin_interface(mesh: Mesh) -> None:
    place = f"http://{mesh.topology.places.of('envoy', 9902)}"
    assert httpx.get(f"{place}/stats/prometheus", trust_env=False, timeout=60).status_code == 200
    for path in ("/", "/quitquitquit", "/config_dump", "/stats/prometheus/../../config_dump"):
        assert httpx.post(f"{place}{path}", trust_env=False, timeout=60).status_code == 404
