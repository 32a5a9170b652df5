"""`python -m tests.robustness.at_scale`: what is promised of kept answers and outages, in the sizes that are promised.

Each check returns what was wrong, and prints what it saw.
"""

import argparse
import asyncio
import contextlib
import hashlib
import random
import re
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from imagewire import AsyncClient, Client
from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.integration import processes
from tests.integration.shared_store import running_redis, running_s3
from tests.integration.status import told
from tests.robustness.outage import outage
from tests.robustness.replicas import Replica, environ, kill
from tests.sdk.cutting import cutting

_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0)]
# What a call ends with that is not asked again.
_FINAL = frozenset({"OK", "OUTCOME_UNKNOWN", "ANSWER_NOT_KEPT"})


def cuts(pictures: int = 100, at_once: int = 10) -> list[str]:
    """A proxy cuts each connection after 300 ms: pictures of 8 MB arrive whole, and each is paid once."""
    with (
        tempfile.TemporaryDirectory() as folder,
        processes.emulator() as emulator,
        processes.server(emulator.address, keep="local", keep_dir=folder) as server,
        cutting(server.address, seconds=0.3) as proxy,
        ThreadPoolExecutor(at_once) as threads,
    ):
        own = [("grpc.use_local_subchannel_pool", 1)]  # else clients share a connection

        def draw(number: int) -> str:
            digest = hashlib.sha256()
            with Client(proxy.address, retries=100, channel_options=own) as client:
                for event in client.stream_completion("gemini/emulator-drip-900-8000000", f"draw {number}."):
                    digest.update(event.image_chunk.data)
            return digest.hexdigest()

        arrived = list(threads.map(draw, range(pictures)))
        sent = _ledger(emulator.address, r"draw (\d+)\.")
        _say(f"{pictures} pictures, {proxy.cuts} connections cut, {sum(len(each) for each in sent.values())} paid")
        return [
            *(f"picture {n} is another one" for n, digest in enumerate(arrived) if digest not in sent[str(n)]),
            *_paid_twice(sent),
            *([] if proxy.cuts >= pictures else ["hardly anything was cut"]),
        ]


async def race(objects: str, calls: int = 1000, idents: int = 100, kills: float = 0.0) -> list[str]:
    """Two servers that share Redis and objects: calls race with few ids, and each id is paid once.

    objects: "folder" or "s3". kills: seconds between two ends of a server or of Redis, 0 for none.
    """
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        (folder / "redis").mkdir()
        redis = opened.enter_context(running_redis(folder / "redis"))
        settings = {"keep": "shared", "keep_redis": redis.url, "keep_objects": f"file://{folder}/objects"}
        if objects == "s3":
            environment = opened.enter_context(running_s3())
            opened.enter_context(environ(environment))
            settings["keep_objects"] = "s3://kept/scale"
        emulator = opened.enter_context(processes.emulator())
        servers = [Replica(emulator.address, settings) for _ in range(2)]
        for server in servers:
            await server.start()
        names = [str(uuid.uuid4()) for _ in range(idents)]
        limit, over = asyncio.Semaphore(200), asyncio.Event()

        async def call(number: int) -> tuple[str, str, str]:
            async with limit:
                return await _call(names[number % idents], lambda: servers[random.randrange(2)].address)

        try:
            async with asyncio.TaskGroup() as group:
                killing = group.create_task(kill(servers, redis, kills, over)) if kills else None
                ends = await asyncio.gather(*(call(number) for number in range(calls)))
                over.set()
        finally:
            for server in servers:
                await server.end()
        sent = _ledger(emulator.address, r"draw ([0-9a-f-]{36})")
    counted = Counter(end for _, end, _ in ends)
    killed = killing.result() if killing is not None else 0
    paid = sum(len(each) for each in sent.values())
    _say(f"{objects}: {calls} calls for {len(sent)} ids, {paid} paid, {killed} times killed; {counted}")
    wrong = [f"{ident} has another picture" for ident, end, got in ends if end == "OK" and got not in sent[ident]]
    if not kills and counted["OK"] != calls:
        wrong.append("not every call has an answer")
    if kills and not (killed and counted["OK"]):
        wrong.append("nothing was killed, or nothing was drawn")
    return wrong + _paid_twice(sent)


async def caps(pictures: int = 10_000, memory: int = 200 * 10**6, disk: int = 2 * 10**9) -> list[str]:
    """Many pictures of 1 MB through one server: neither its memory nor what it keeps passes a bound."""
    with (
        tempfile.TemporaryDirectory() as folder,
        processes.emulator() as emulator,
        processes.server(emulator.address, keep="local", keep_dir=folder, keep_max_bytes=str(disk)) as server,
    ):
        left = iter(range(pictures))
        most, ends = 0, Counter[str]()

        async def draw() -> None:
            async with AsyncClient(server.address) as client:
                for number in left:
                    size = 0
                    async for event in client.stream_completion("gemini/emulator-size-1MB", f"draw {number}"):
                        size += len(event.image_chunk.data)
                    ends["whole" if size == 1_000_000 else "other"] += 1

        async def look() -> None:
            nonlocal most
            while True:
                most = max(most, await asyncio.to_thread(_size, Path(folder)))
                await asyncio.sleep(2.0)

        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look())
            await asyncio.gather(*(draw() for _ in range(8)))
            looking.cancel()
        most = max(most, await asyncio.to_thread(_size, Path(folder)))
        peak = server.memory("VmHWM")
        parts = await asyncio.to_thread(lambda: [each.name for each in (Path(folder) / "parts").iterdir()])
    _say(f"{dict(ends)}, memory {peak / 1e6:.0f} MB, disk {most / 1e6:.0f} MB, {len(parts)} unfinished files")
    return [
        *([] if ends == {"whole": pictures} else ["not every picture is whole"]),
        *([] if peak <= memory else [f"memory: {peak} bytes"]),
        *([] if most <= disk else [f"disk: {most} bytes"]),
        *([] if most >= disk // 2 else [f"the disk's bound was not tried: {most} bytes"]),
        *(f"left behind: {name}" for name in parts),
    ]


async def _call(ident: str, address: Callable[[], str]) -> tuple[str, str, str]:
    """Ask until there is an answer, or none can be had: the id, how it ended, and the picture's digest."""
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, content=f"draw {ident}")
    spec = pb.Spec(model="gemini/emulator-drip-300-300000", messages=[message])
    while True:
        digest = hashlib.sha256()
        async with grpc.aio.insecure_channel(address(), options=_OPTIONS) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            try:
                async for event in stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec, request_id=ident)):
                    digest.update(event.image_chunk.data)
            except grpc.aio.AioRpcError as error:
                has_reason = "grpc-status-details-bin" in dict(error.trailing_metadata() or ())
                end = told(error).info.reason if has_reason else "UNREACHABLE"
            else:
                end = "OK"
        if end in _FINAL:
            return ident, end, digest.hexdigest()
        await asyncio.sleep(0.2)


def _ledger(emulator: str, pattern: str) -> dict[str, list[str]]:
    """The digests of what was sent, by what the prompt has in the pattern's group; "" where nothing was."""
    found: dict[str, list[str]] = {}
    for entry in processes.ledger(emulator):
        if match := re.search(pattern, str(entry["body"])):
            found.setdefault(match[1], []).append(entry["images"][0]["sha256"] if entry["images"] else "")
    return found


def _paid_twice(sent: dict[str, list[str]]) -> list[str]:
    return [f"{ident} was paid {len(each)} times" for ident, each in sent.items() if len(each) > 1]


def _size(folder: Path) -> int:
    total = 0
    for each in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += each.stat().st_size
    return total


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")


CHECKS: dict[str, Callable[[], Awaitable[list[str]]]] = {
    "cuts": lambda: asyncio.to_thread(cuts),
    "race-folder": lambda: race("folder"),
    "race-s3": lambda: race("s3"),
    "race-killed": lambda: race("folder", kills=1.5),
    "caps": caps,
    "outage": lambda: asyncio.to_thread(outage),
}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.robustness.at_scale", description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"all of them unless named: {', '.join(CHECKS)}")
    names = parser.parse_args().checks or list(CHECKS)
    if unknown := [name for name in names if name not in CHECKS]:
        parser.error(f"no such check: {', '.join(unknown)}; name some of {', '.join(CHECKS)}")
    wrong = 0
    for name in names:
        began = time.monotonic()
        found = asyncio.run(CHECKS[name]())
        seconds = time.monotonic() - began
        _say("".join(f"{words}\n" for words in found[:20]) + f"{name}: {len(found)} faults, {seconds:.0f} s")
        wrong += len(found)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
