"""docs/benchmarks.md out of figures: the tables with their ratios, the targets, what limits each, and the bars."""

from bench.cases import Figures
from bench.plot import Panel
from bench.tables import Run, losses, table, tables
from bench.targets import verdicts

_PAGE = """\
# Benchmarks

imagewire and its peers in one run, on one machine: a fake Gemini API and the load on one core, the server under test on
another. Every picture is compared with the known one, byte by byte; a wrong or missing byte is an error, and errors are
named below. Trust the ratios, not the figures: they are of a small machine that others may use at the same time.

```sh
make bench         # all peers: about ten minutes; installs them into .bench/ and writes this page
make bench-quick   # imagewire and direct, under a minute
```

{machine}

{peers}

Medians of {rounds} rounds; the peers take turns in each round.

{plot}{tables}
## Targets

{targets}
## Where a peer is ahead

{lost}{notes}
## What each figure is, and what limits it

- **Requests per CPU-second**: 16 callers in a closed loop, a 1 KB picture each. Answers over the user and system time
  of the server's processes. The load is not in it, so it holds where the load's core is the bottleneck. HTTP callers
  have a connection each; gRPC callers share one, as the tasks of one client do. imagewire and LiteLLM check a key and
  have the same `config.yaml`, and imagewire writes its log, a line a call; LiteLLM's is at `ERROR`, as its
  documentation says for production. Portkey checks no key.
- **2 workers on 2 cores**: reasoned from CPU time, for upstream and load need a core too. One worker keeps the server's
  core to itself, alone and beside a second one that shares the others' core; 96 callers a worker, each with a
  connection of its own. Twice what it answers for each second of its CPU time beside the other, over what it answers
  alone; over 2 where it has a little less to do beside the other.
- **Latency over direct**: one caller, the same picture; the percentile less that of direct. The callers write HTTP/1.1
  and HTTP/2 frames themselves, so hardly any of it is theirs; gRPC's own client for Python adds 0.2 to 0.4 ms. p99 is
  the first to show what else the machine does.
- **8 MB streamed**: 4 callers. Upstream and load share one core, so direct's figure is about the most to be reached.
- **First byte**: of an 8 MB body that the upstream spreads over {drip} ms; when the caller has the picture's first
  byte, as a share of that time. Over 100 % is a gateway that waits for the end.
- **Memory a stream**: {streams} streams of 20 MB start at once in a fresh process; the peak of resident memory less
  that of the idle process, over their number. Callers read as fast as they can. Broken off after {limit:g} s.
- **Start**: from the process's start to its health page's first 200 with every port open; **idle**: resident memory
  once it rests.
- imagewire's REST answers were asked for with `x-image-fields: images`, the field that LiteLLM sends. Its default sends
  the picture in two fields, and so about twice the bytes. Portkey needs `x-portkey-strict-open-ai-compliance: false`,
  or a unary answer has no picture.
"""


def page(run: Run, figures: Figures, plot: str) -> str:
    """The whole page. plot: the name of the picture beside it, "" for none."""
    peers = table(("peer", "version"), ((name, version or "–") for name, version in run.versions.items()))
    met = {True: "yes", False: "**no**", None: "not measured"}
    targets = table(("wanted", "seen", "met"), ((v.wanted, v.seen, met[v.met]) for v in verdicts(figures)))
    lost = "".join(f"- {line}\n" for line in losses(run, figures)) or "Nowhere in this run.\n"
    told = "".join(f"- {note}\n" for note in dict.fromkeys(figures.notes))
    return _PAGE.format(
        machine=f"{run.machine}. Others took {run.foreign:.0f} % of its time during the run.",
        peers=peers,
        rounds=run.extent.rounds,
        plot=f"![Bars of the main figures]({plot})\n\n" if plot else "",
        tables=tables(run, figures),
        targets=targets,
        lost=lost,
        notes=f"\n## What went wrong\n\n{told}" if told else "",
        drip=run.extent.drip,
        streams=run.extent.streams,
        limit=run.extent.limit,
    )


def panels(run: Run, figures: Figures) -> list[Panel]:
    """The bars."""
    wanted = (
        ("1 KB pictures: requests per CPU-second (more is better)", "per_cpu", "{:.0f}"),
        ("8 MB pictures, streamed: MB/s (more is better)", "mb_s", "{:.0f}"),
        ("First image byte of a slow answer: % of the body's time (less is better)", "first_percent", "{:.2f} %"),
        ("Memory of each 20 MB stream (less is better)", "stream_mb", "{:.1f} MB"),
    )
    drawn = []
    for title, name, form in wanted:
        rows = [
            (f"{peer} {surface}", value, form.format(value))
            for peer, surfaces in run.surfaces.items()
            for surface in surfaces
            if peer != "direct" and (value := figures.median(peer, surface, name)) is not None
        ]
        if rows:
            drawn.append(Panel(title, rows))
    return drawn
