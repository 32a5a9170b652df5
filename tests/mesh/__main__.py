"""`make mesh`: what docker compose --profile mesh runs, on this machine, and callers who draw until Ctrl-C."""

import argparse
import contextlib
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagewire
from tests.mesh import dashboard
from tests.mesh.containers import ROOT
from tests.mesh.plot import Chart, svg
from tests.mesh.topology import COLLECTOR, KEYS, MissingProgramError, Topology, topology
from tests.mesh.trace_tree import tree
from tests.mesh.traffic import Traffic, draw_traced

_FOLDER = ROOT / ".mesh"
_EVERY = 15.0  # seconds between two reports
_STEP = 5.0  # seconds between two points of a plot
_PLOTTED = (
    "Calls by how they ended",
    "Duration of calls that draw",
    "Calls to providers",
    "Time to the first byte of a picture",
    "Picture bytes",
    "Dollars of each caller in 24 hours",
)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _addresses(mesh: Topology, folder: Path) -> Iterator[str]:
    yield f"gRPC and REST, through Envoy: {mesh.address}, with the key {KEYS[0]} or {KEYS[1]}"
    yield f"Prometheus: {mesh.prometheus}/graph, its alerts: {mesh.prometheus}/alerts"
    yield f"Envoy's own view: http://{mesh.envoy.admin}"
    yield f"Google's emulator: {mesh.emulator}"
    yield f"replicas, behind Envoy: {', '.join(mesh.places.all_of(50051))}"
    yield f"logs and pictures: {folder}"


def _report(mesh: Topology, traffic: Traffic) -> Iterator[str]:
    ends = ", ".join(f"{kind} {end}: {count}" for (kind, end), count in sorted(traffic.ends.items()))
    yield f"\ncalls so far: {ends}"
    yield f"a picture: {traffic.picture}"
    try:
        traced = draw_traced(mesh)
    except imagewire.ImagewireError as error:
        yield f"no trace: {error}"
    else:
        yield from tree(mesh.spans, *traced)
    mesh.spans.forget()
    yield "the dashboard:"
    yield from (f"  {line}" for line in dashboard.table(mesh.prometheus))


def _plot(mesh: Topology, begin: float) -> str:
    charts: dict[str, dict[str, Any]] = {title: {} for title in _PLOTTED}
    units = {}
    for query in dashboard.queries():
        if query.panel in charts:
            charts[query.panel] |= dashboard.over_time(mesh.prometheus, query, begin, time.time(), _STEP)
            units[query.panel] = query.unit
    return svg([Chart(title, units[title], series) for title, series in charts.items()])


def run(folder: Path, seconds: float | None, plot: Path | None) -> None:
    """Run it for so long, None for until KeyboardInterrupt. folder: for logs and pictures, which is not there yet."""
    folder.mkdir(parents=True)
    with_collector = COLLECTOR.is_file()
    if not with_collector:
        _say(
            "the collector is not built (make interop builds it, with Go): spans go directly to a receiver of the tests"
        )
    _say("starting two replicas, Envoy, Redis, the emulator, the collector and Prometheus ...")
    with contextlib.ExitStack() as stack:
        mesh = stack.enter_context(topology(folder, collector=with_collector))
        traffic = Traffic(mesh, folder)
        stack.enter_context(traffic.running())
        stack.callback(_say, "stopping ...")
        begin = time.time()
        _say(*_addresses(mesh, folder), "callers draw; a report comes every 15 seconds. Ctrl-C stops everything.")
        never = threading.Event()
        while seconds is None or time.time() - begin < seconds:
            never.wait(_EVERY)
            _say(*_report(mesh, traffic))
        if plot is not None:
            plot.write_text(_plot(mesh, begin))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.mesh", description=__doc__)
    parser.add_argument("--folder", type=Path, help="a new one, for logs and pictures; .mesh by default")
    parser.add_argument("--seconds", type=float, help="stop by itself after so long")
    parser.add_argument("--plot", type=Path, help="write what the dashboard showed to this SVG, in the end")
    given = parser.parse_args()

    def stop(*_: Any) -> None:
        # From now on nothing interrupts the end of what has been started.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    if given.folder is None:
        shutil.rmtree(_FOLDER, ignore_errors=True)
    try:
        run((given.folder or _FOLDER).absolute(), given.seconds, given.plot)
    except MissingProgramError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        _say("stopped")


if __name__ == "__main__":
    main()
