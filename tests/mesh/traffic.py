"""Callers who draw through Envoy in a loop, over gRPC and REST, and now and then do what fails."""

import contextlib
import itertools
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

import imagewire
from tests.mesh.topology import KEYS, Topology

MODEL = "gemini/gemini-2.5-flash-image"
# No such model, an answer that breaks off and of which nobody knows what it cost, and one overload and then a picture.
_AMISS = ("gemini/\0", "gemini/emulator-cut", "gemini/emulator-503-burst")
_PAUSE = 0.5  # seconds between two calls of a caller
_PATIENCE = 100.0


def draw_traced(mesh: Topology) -> tuple[str, str]:
    """Draw one picture within a trace of the caller's own. Returns the ids of the trace and of the caller's span."""
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    metadata = [("traceparent", f"00-{trace_id}-{span_id}-01")]
    with imagewire.Client(mesh.address, api_key=KEYS[0], metadata=metadata, timeout=_PATIENCE) as client:
        client.draw("A banana with a trace", model=MODEL)
    return trace_id, span_id


class Traffic:
    """What callers do. ends: how often each kind of call ended how. picture: where the last one is, if there is one."""

    def __init__(self, mesh: Topology, folder: Path) -> None:
        self._mesh, self._folder = mesh, folder
        self._over = threading.Event()
        self.picture: Path | None = None
        self.ends: Counter[tuple[str, str]] = Counter()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Draw until the end of the block."""
        loops = [self._stream, self._cached, self._rest, self._batch, self._amiss]
        threads = [threading.Thread(target=self._loop, args=(loop,)) for loop in loops]
        try:
            for thread in threads:
                thread.start()
            yield
        finally:
            self._over.set()
            for thread in threads:
                if thread.ident is not None:  # Ctrl-C may come between two starts
                    thread.join()

    def _loop(self, kind: Callable[[imagewire.Client, httpx.Client, int], str]) -> None:
        key = KEYS[1] if kind == self._batch else KEYS[0]
        headers = {"authorization": f"Bearer {key}"}
        url = f"http://{self._mesh.address}"
        with (
            imagewire.Client(self._mesh.address, api_key=key, timeout=_PATIENCE) as client,
            httpx.Client(base_url=url, headers=headers, timeout=_PATIENCE, trust_env=False) as rest,
        ):
            for number in itertools.count():
                try:
                    end = kind(client, rest, number)
                except imagewire.ImagewireError as error:
                    end = error.reason or type(error).__name__  # Envoy gives none
                except httpx.HTTPError as error:
                    end = type(error).__name__
                self.ends[kind.__name__.strip("_"), end] += 1
                if self._over.wait(_PAUSE):
                    return

    def _stream(self, client: imagewire.Client, _: httpx.Client, number: int) -> str:
        self.picture = client.draw(f"Banana number {number}", model=MODEL).save(self._folder / "banana.png")
        return "OK"

    def _cached(self, client: imagewire.Client, _: httpx.Client, number: int) -> str:
        client.draw(f"Banana number {number % 2} again", model=MODEL, cache_ttl=60)
        return "OK"

    def _batch(self, client: imagewire.Client, _: httpx.Client, number: int) -> str:
        client.draw(f"Banana number {number} of many", model=MODEL)
        return "OK"

    def _rest(self, _: imagewire.Client, rest: httpx.Client, number: int) -> str:
        asked = {"model": MODEL, "messages": [{"role": "user", "content": f"Banana number {number}"}]}
        answer = rest.post("/v1/chat/completions", json=asked)
        return "OK" if answer.status_code == 200 else str(answer.status_code)

    def _amiss(self, client: imagewire.Client, _: httpx.Client, number: int) -> str:
        client.draw("A banana that nobody gets", model=_AMISS[number % len(_AMISS)])
        return "OK"
