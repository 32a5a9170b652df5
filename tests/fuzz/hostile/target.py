"""The server that hostile input goes to: a process under watch, an upstream, and neighbours that must not notice."""

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.fuzz.answer import build
from tests.fuzz.hostile.case import Finding
from tests.fuzz.plan import PartPlan, Plan
from tests.fuzz.upstream import Upstream
from tests.integration import processes

_ANSWER = Plan("0", (PartPlan(0, "text", 20), PartPlan(1, "picture", 3000)))
_PACE = 0.02
# Beyond what requests themselves need.
_MEMORY = 64 * 1024 * 1024
_PER_BYTE = 4
# What malloc holds for the next large requests, in the arenas of several threads: it grows up to this, and no further.
_KEPT = 192 * 1024 * 1024
CONFIG = """\
model_list:
  - {{model_name: "gemini/*", litellm_params: {{model: "gemini/*", api_key: a-key, api_base: "{url}"}}}}
  - {{model_name: "vertex_ai/*", litellm_params: {{model: "vertex_ai/*", api_key: a-key, api_base: "{url}"}}}}
  - {{model_name: "*", litellm_params: {{model: "gemini/*", api_key: a-key, api_base: "{url}"}}}}
"""


@dataclass
class Target:
    """A running server. config: its file. given: the text that stood there at the start."""

    program: processes.Program
    config: Path
    given: str
    channel: grpc.aio.Channel
    key: str = ""
    # Neighbours hold it while they call; so does who may not be disturbed.
    calling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failed: list[str] = field(default_factory=list)
    _passed_over: list[dict[str, Any]] = field(default_factory=list)
    _resident: int = 0
    _before: int = 0

    @property
    def grpc(self) -> tuple[str, int]:
        """Where gRPC is served."""
        return _place(self.program.address)

    @property
    def rest(self) -> tuple[str, int]:
        """Where REST is served."""
        return _place(self.program.rest.removeprefix("http://"))

    async def line(self) -> dict[str, Any]:
        """The next line of the log; one that is no JSON under "text"."""
        line = await asyncio.to_thread(self.program.lines.get, True, 120)
        return json.loads(line) if line.startswith("{") else {"event": "foreign text", "text": line, "level": "error"}

    async def reload(self, text: bytes) -> dict[str, Any]:
        """Have the server read this as its configuration; the line that tells what came of it."""
        self.config.write_bytes(text)
        self.program.hang_up()
        while (line := await self.line())["event"] not in {"reloaded", "the configuration was not reloaded"}:
            self._passed_over.append(line)
        return line

    async def begin(self) -> None:
        """Forget what was."""
        await self.lines_until_now()
        self._failed.clear()
        self.program.forget_peak()
        self._before = self.program.memory("VmRSS")
        self._resident = self._resident or self._before

    async def end(self, largest: int) -> list[Finding]:
        """What the server's log, its memory and the neighbours say of all since `begin`. largest: input, in bytes."""
        found = []
        for line in await self.lines_until_now():
            if line["event"] == "held":
                found.append(Finding(f"held by {line['how']}", json.dumps(line)))
            elif line.get("level") in {"error", "critical"} and not _harmless(line):
                found.append(Finding(line["event"], json.dumps(line)))
        found += [Finding("a neighbour's call failed", text) for text in self._failed]
        peak, now = self.program.memory("VmHWM") - self._before, self.kept
        if peak > _MEMORY + _PER_BYTE * largest:
            found.append(Finding("memory", f"{peak} bytes more at the most, for {largest} bytes of input"))
        if now > _KEPT:
            found.append(Finding("memory kept", f"{now} bytes more than at the start"))
            self._resident += now  # told once
        return found

    @property
    def kept(self) -> int:
        """Bytes of memory more than at the start."""
        return self.program.memory("VmRSS") - self._resident

    async def lines_until_now(self) -> list[dict[str, Any]]:
        """What was logged, but for the lines of calls. The lines of a call of ours come behind them."""
        ident = f"now-{secrets.token_hex(8)}"
        reader, writer = await asyncio.open_connection(*self.rest)
        writer.write(
            f"GET /now HTTP/1.1\r\nhost: localhost\r\nx-request-id: {ident}\r\nconnection: close\r\n\r\n".encode()
        )
        await reader.read()
        writer.close()
        lines, self._passed_over = self._passed_over, []
        while (line := await self.line()).get("request_id") != ident:
            if line["event"] != "call":
                lines.append(line)
        return lines

    async def neighbours(self, times: int | None = None) -> None:
        """Calls over connections of their own, so many times or for ever; each must end well."""
        async with (
            grpc.aio.insecure_channel(self.program.address) as channel,
            httpx.AsyncClient(base_url=self.program.rest, trust_env=False, timeout=120) as client,
        ):
            chat = chat_service_pb2_grpc.ChatServiceStub(channel)
            while times is None or times > 0:
                times = None if times is None else times - 1
                async with self.calling:
                    await self._call(chat, client)
                await asyncio.sleep(_PACE)

    async def _call(self, chat: Any, client: httpx.AsyncClient) -> None:
        given = {"model": "gemini/neighbour", "messages": [{"role": "user", "content": "A banana"}]}
        try:
            shown = {"authorization": f"Bearer {self.key}"} if self.key else {}
            request = pb.CreateCompletionRequest(spec=spec("gemini/neighbour"))
            answer = await chat.CreateCompletion(request, metadata=tuple(shown.items()))
            if not answer.candidates[0].message.image.data:
                self._failed.append("no picture")
            said = await client.post("/v1/chat/completions", json=given, headers=shown)
            if said.status_code != 200:
                self._failed.append(said.text)
        except (grpc.aio.AioRpcError, httpx.HTTPError) as failed:
            self._failed.append(repr(failed))


def _harmless(line: dict[str, Any]) -> bool:
    """Whether a line of gRPC's only tells of a header that is no UTF-8, or of a status for a client that has left."""
    return line.get("logger") == "grpc._cython.cygrpc" and line.get("kind") in {
        "UnicodeDecodeError",
        "ExecuteBatchError",
    }


def _place(address: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.+):(\d+)", address)
    assert match is not None, address
    return match[1], int(match[2])


@contextlib.asynccontextmanager
async def serving(folder: Path, key: str = "") -> AsyncIterator[Target]:
    """A server under watch. folder: for its configuration. key: what callers must show, "" for none."""
    async with Upstream(build(_ANSWER)).running() as upstream:
        config, given = folder / "config.yaml", CONFIG.format(url=upstream.url)
        if key:
            given += f"general_settings: {{master_key: {key}}}\n"
        config.write_text(given)
        # Its start blocks, and asks nothing of the upstream.
        started = processes.server(
            upstream.url,
            "--config",
            str(config),
            module="tests.fuzz.hostile.watched",
            rest_remote_images="refuse",
            rest_hosts="x",
        )
        with started as program:
            options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
            async with grpc.aio.insecure_channel(program.address, options=options) as channel:
                target = Target(program, config, given, channel, key)
                await target.neighbours(times=20)  # what is done for the first time takes longer, and is no fault
                beside = asyncio.create_task(target.neighbours())
                try:
                    yield target
                finally:
                    beside.cancel()
                    await asyncio.gather(beside, return_exceptions=True)
