"""The configuration files as processes get them: the same but for the addresses; and what is drawn of the dashboard."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.mesh.containers import COMPOSE, container, profile
from tests.mesh.places import PORTS, Places
from tests.mesh.plot import Chart, svg

FILES = [
    (service, file)
    for service in ("envoy", "collector", "prometheus")
    for source in container(service).files.values()
    for file in sorted(source.iterdir())
]


@pytest.mark.parametrize(("service", "file"), FILES, ids=[file.name for _, file in FILES])
def test_no_name_of_a_container_is_left_as_a_host(service: str, file: Path) -> None:
    placed = Places(2).file(file, service)
    assert re.findall(rf"(?:address: |//)(?:{'|'.join(PORTS)})\b", placed) == []
    assert "0.0.0.0" not in placed  # noqa: S104
    given, changed = (yaml.safe_load(text) for text in (file.read_text(), placed))
    assert given.keys() == changed.keys()


def test_all_replicas_stand_in_place_of_their_name() -> None:
    places = Places(3)
    config = yaml.safe_load(places.file(container("envoy").files["/etc/envoy"] / "envoy.yaml", "envoy"))
    for cluster, port in zip(config["static_resources"]["clusters"], (50051, 4000), strict=False):
        (endpoints,) = cluster["load_assignment"]["endpoints"]
        found = [endpoint["endpoint"]["address"]["socket_address"] for endpoint in endpoints["lb_endpoints"]]
        assert [f"{place['address']}:{place['port_value']}" for place in found] == places.all_of(port)
    prometheus = yaml.safe_load(
        places.file(container("prometheus").files["/etc/prometheus"] / "prometheus.yml", "prometheus")
    )
    assert prometheus["scrape_configs"][0]["static_configs"] == [{"targets": places.all_of(9464)}]


def test_a_variable_names_the_service_itself_or_another_one() -> None:
    places = Places(2)
    assert places.text("0.0.0.0:50051", "imagewire", 1) == places.of("imagewire", 50051, 1)
    assert places.text("redis://redis:6379/0", "imagewire", 1) == f"redis://{places.of('redis', 6379)}/0"
    folders = {"/var/lib/imagewire": Path("/tmp/x")}  # noqa: S108  # only a name
    assert places.text("file:///var/lib/imagewire/a", "imagewire", 0, folders) == "file:///tmp/x/a"


def test_every_container_of_the_profile_is_run_but_grafana() -> None:
    run = {"mesh" if name == "imagewire" else name for name in PORTS}
    assert profile("mesh") == run | {"grafana"}
    assert profile("scale") == profile("mesh") - {"emulator", "mesh"} | {"replica"}
    assert COMPOSE["services"]["mesh"]["networks"]["default"]["aliases"] == ["imagewire"]


def test_a_plot_has_each_chart_and_each_series() -> None:
    drawn = svg(
        [
            Chart("One & two", "s", {"a<b": [(0.0, 1.0), (60.0, 2.0)]}),
            Chart("Nothing", "short", {"c": [(0.0, 0.0), (60.0, 0.0)]}),
        ]
    )
    tree = ElementTree.fromstring(drawn)  # noqa: S314  # our own
    texts = {element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {"One & two", "a<b", "2.0 s", "500 ms", "Nothing", "1 min"} <= texts
    lines = [one.get("points") for one in tree.iter("{http://www.w3.org/2000/svg}polyline")]
    assert lines == ["64.0,121.0 468.0,34.0", "64.0,208.0 468.0,208.0"]
