"""`python -m bench`: install the peers, measure them in rounds, print and write what was seen."""

import argparse
import dataclasses
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

from bench import clients, processes
from bench.cases import CASES, FULL, QUICK, Figures, measure
from bench.peers import PEERS
from bench.peers.base import ROOT, Peer
from bench.plot import svg
from bench.report import page, panels
from bench.tables import Run, tables
from bench.targets import verdicts
from bench.workers import workers

_CACHE = ROOT / ".bench"
_CASES = (*CASES, "workers", clients.NAME)


def main() -> None:
    """The command."""
    given = _arguments()
    extent = QUICK if given.quick else FULL
    extent = dataclasses.replace(extent, rounds=given.rounds or extent.rounds)
    names = given.peers.split(",") if given.peers else ["imagewire", "direct"] if given.quick else list(PEERS)
    wanted = set(given.cases.split(",") if given.cases else CASES if given.quick else _CASES)
    if unknown := [name for name in names if name not in PEERS] + sorted(wanted - set(_CASES)):
        raise SystemExit(f"bench: no {', '.join(unknown)}; peers: {', '.join(PEERS)}; cases: {', '.join(_CASES)}")
    core, others = processes.cores()
    os.sched_setaffinity(0, map(int, others.split(",")))  # the watcher keeps off the measured core too
    _CACHE.mkdir(exist_ok=True)
    figures = Figures()
    peers = [peer for peer in map(PEERS.__getitem__, names) if _is_here(peer, figures)]
    for peer in peers:
        print(f"bench: {peer.name}: installing where it is missing", file=sys.stderr, flush=True)
        peer.install(_CACHE)
    versions = {peer.name: peer.version(_CACHE) for peer in peers}
    begun, before = time.monotonic(), processes.foreign_seconds()
    for i in range(extent.rounds):
        for peer in peers:
            print(f"bench: round {i + 1} of {extent.rounds}: {peer.name}", file=sys.stderr, flush=True)
            measure(peer, _CACHE, wanted, extent, figures)
        if "workers" in wanted and "imagewire" in names:
            workers(_CACHE, extent, figures)
        if clients.NAME in wanted and "imagewire" in names:
            clients.clients(_CACHE, extent, figures)
    machine_time = (time.monotonic() - begun) * (os.cpu_count() or 1)
    foreign = max(0.0, 100 * (processes.foreign_seconds() - before) / machine_time)
    surfaces = {peer.name: peer.surfaces for peer in peers}
    if clients.NAME in wanted:
        surfaces[clients.NAME] = clients.surfaces()
    run = Run(_machine(core, others), versions, surfaces, extent, foreign)
    _save(run, figures)
    print(tables(run, figures))
    for verdict in verdicts(figures):
        if verdict.met is not None:
            print(f"{'met ' if verdict.met else 'MISS'}  {verdict.wanted}: {verdict.seen}")
    for note in dict.fromkeys(figures.notes):
        print(f"note  {note}")
    print(f"others took {foreign:.0f} % of the machine; {time.monotonic() - begun:.0f} s")
    if given.output:
        given.output.with_suffix(".svg").write_text(svg(panels(run, figures)))
        given.output.write_text(page(run, figures, given.output.with_suffix(".svg").name))


def _is_here(peer: Peer, figures: Figures) -> bool:
    """Whether what installs it is here; a note says where not."""
    if not peer.tool or shutil.which(peer.tool):
        return True
    figures.notes.append(f"{peer.name}: left out, {peer.tool} is missing")
    return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="imagewire and its peers, measured in one run.")
    parser.add_argument("--quick", action="store_true", help="imagewire and direct only, under a minute")
    parser.add_argument("--output", type=Path, help="where to write the page; its bars are stored next to it as .svg")
    parser.add_argument("--peers", help=f"of {','.join(PEERS)}")
    parser.add_argument("--cases", help=f"of {','.join(_CASES)}")
    parser.add_argument("--rounds", type=int, help="how often each is measured; the median counts")
    return parser.parse_args()


def _machine(core: str, others: str) -> str:
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores ({model}), {memory:.0f} GB, {platform.system()} "
        f"{platform.release()}; server on core {core}, upstream and load on {others}"
    )


def _save(run: Run, figures: Figures) -> None:
    values = {" / ".join(key): seen for key, seen in figures.values.items()}
    kept = {**dataclasses.asdict(run), "figures": values, "notes": figures.notes}
    (_CACHE / "figures.json").write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
