"""Write docs/benchmarks.md from figures: tables with ratios, the targets, how each is measured, and the bar chart."""

from bench.cases import Figures
from bench.plot import Panel
from bench.ratios import OURS, ratios
from bench.tables import Run, losses, table, tables
from bench.targets import verdicts

_PAGE = """\
# Benchmarks

imagewire, its peers and two bounds in one run on one machine. A fake Gemini API and the load generator run on one core,
the server under test on another. Every picture is compared byte by byte with the expected one. A wrong or missing byte
is an error, and errors are listed below. The ratios are more reliable than the absolute figures, which come from a
small machine that may be shared.

```sh
make bench         # everything: about 20 minutes; installs it into .bench/ and writes this page
make bench-quick   # imagewire and direct, under a minute
```

{machine}

{peers}

Medians of {rounds} rounds. In each round, all peers are measured one after another.

{plot}{tables}{ratios}
## Targets

{targets}
## Where a peer is ahead

{lost}{notes}
## How each figure is measured

- **Requests per CPU-second**: 16 callers in a closed loop, each with a 1 KB picture. The number of answers divided by
  the user and system time of the server's processes. The load generator's time is not included, so the figure is valid
  even if its core is the bottleneck. Each HTTP caller has its own connection; gRPC callers share one, like the tasks of
  one client. imagewire and LiteLLM check a key and use the same `config.yaml`. imagewire logs one line per call;
  LiteLLM's log level is `ERROR`, as its documentation recommends for production. Portkey checks no key.
- **Go** and **Envoy** are bounds, not peers. Go is a server of the contract written by hand (`bench/go`): it checks the
  key, hashes each picture and logs a line per call. It serves one provider over gRPC, and does not route, retry,
  validate, keep or speak REST. Envoy relays Google's own bytes in one thread with a log line per call; it knows no key
  and no picture. In the table of ratios, each of imagewire's figures is divided by theirs: of the same API, or else of
  the other API's call of the same kind.
- **keep off**, **TLS**, **telemetry**: imagewire with one setting changed. By default it keeps answers in a local
  store, speaks plaintext and sends no telemetry. The upstream also plays the collector that gets spans and metrics.
- **2 workers on 2 cores**: calculated from CPU time, because upstream and load need a core too. One worker has the
  server's core to itself: first alone, then with a second worker that shares the core of upstream and load. There are
  96 callers per worker, each with its own connection. The figure is twice the answers per CPU-second with the second
  worker, divided by those without it. It can exceed 2 if the worker has slightly less work with the second one.
- **Latency over direct**: one caller, the same picture; the percentile minus the percentile of direct. The callers
  write HTTP/1.1 and HTTP/2 frames themselves, so they add almost nothing; gRPC's Python client adds 0.2 to 0.4 ms. p99
  is the most sensitive to other load on the machine.
- **8 MB streamed**: 4 callers. Upstream and load share one core, so the figure of direct is about the maximum.
- **First byte**: the upstream sends an 8 MB body over {drip} ms. The figure is the time until the caller has the
  picture's first byte, as a percentage of that. Over 100 % means that the gateway waits for the end.
- **Memory per stream**: {streams} streams of 20 MB start at once in a new process. The figure is the peak resident
  memory minus that of the idle process, divided by the number of streams. Callers read as fast as they can. The test is
  stopped after {limit:g} s.
- **Clients in several languages**: the CPU time of the client's process alone: one picture after another, by the client
  and by the generated stub that it stands on, after as many unmeasured ones. The client checks each picture's sha256,
  sends a `request_id`, and keeps what it needs to resume; the stub does nothing of that.
- **Start**: from the start of the process to the first 200 from its health endpoint, with all ports open. **Idle**:
  resident memory after that, without load.
- imagewire's REST answers are requested with `x-image-fields: images`, the field that LiteLLM sends. The default sends
  the picture in two fields, which is about twice the bytes. Portkey needs `x-portkey-strict-open-ai-compliance: false`,
  otherwise a unary answer has no picture.
"""


def page(run: Run, figures: Figures, plot: str) -> str:
    """The whole page. plot: the name of the picture next to it, "" for none."""
    peers = table(("peer", "version"), ((name, version or "–") for name, version in run.versions.items()))
    met = {True: "yes", False: "**no**", None: "not measured"}
    targets = table(("wanted", "seen", "met"), ((v.wanted, v.seen, met[v.met]) for v in verdicts(figures)))
    lost = "".join(f"- {line}\n" for line in losses(run, figures)) or "Nowhere in this run.\n"
    notes = "".join(f"- {note}\n" for note in dict.fromkeys(figures.notes))
    return _PAGE.format(
        machine=f"{run.machine}. Others took {run.foreign:.0f} % of its time during the run.",
        peers=peers,
        rounds=run.extent.rounds,
        plot=f"![Bars of the main figures]({plot})\n\n" if plot else "",
        tables=tables(run, figures),
        ratios=f"\n{beside}" if (beside := ratios(figures)) else "",
        targets=targets,
        lost=lost,
        notes=f"\n## What went wrong\n\n{notes}" if notes else "",
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
            if peer != "direct" and not peer.startswith(f"{OURS} ")
            if (value := figures.median(peer, surface, name)) is not None
        ]
        if rows:
            drawn.append(Panel(title, rows))
    return drawn
