"""Sends a body with the plan's timing and faults, and counts it in the ledger."""

import asyncio
import socket
import struct
from collections.abc import Iterator

from aiohttp import web

from imagewire_emulator import latency
from imagewire_emulator.ledger import Entry
from imagewire_emulator.plan import Plan

_SLICE = 64 * 1024
_PACED_SLICES = 400
_SMALL = 4096
_EVENT_END = b"\r\n\r\n"


async def send(
    request: web.Request, response: web.StreamResponse, pieces: list[bytes], plan: Plan, entry: Entry
) -> None:
    """Write the body according to the plan. A slow client causes backpressure: each write waits for it."""
    entry.body_bytes = sum(len(piece) for piece in pieces)
    stop = int(entry.body_bytes * plan.cut_at) if plan.cut else entry.body_bytes
    pace = latency.body(entry.body_bytes) if plan.realistic else plan.pace
    await response.prepare(request)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    step = min(_SLICE, max(1, entry.body_bytes // _PACED_SLICES)) if pace else _SLICE
    for piece in _slices(pieces, step):
        chunk = piece[: stop - entry.bytes_sent]
        if not chunk:
            break
        if pace:
            await asyncio.sleep(begun + pace * entry.bytes_sent / entry.body_bytes - loop.time())
        await response.write(chunk)
        entry.bytes_sent += len(chunk)
        if entry.first_byte_at is None:
            entry.first_byte_at = entry.started + (loop.time() - begun)
    await _accident(request, plan, entry)
    await response.write_eof()
    entry.end("cut" if plan.cut else "ok")


async def send_without_end(request: web.Request, response: web.StreamResponse, entry: Entry) -> None:
    """Write a picture without end, until the client disconnects (at most 1 GiB)."""
    await response.prepare(request)
    head = b'data: {"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"'
    await response.write(head)
    block = b"A" * (1024 * 1024)
    for _ in range(1024):
        await response.write(block)
        entry.bytes_sent += len(block)
    await response.write_eof()
    entry.end("ok")


def _slices(pieces: list[bytes], step: int) -> Iterator[memoryview]:
    """What is written in one step: the small pieces of an event together, whatever is large in several steps."""
    held = b""
    for piece in pieces:
        if len(piece) < _SMALL:
            held += piece
            if not piece.endswith(_EVENT_END):
                continue
        yield from _steps(held, step)
        held = b""
        if len(piece) >= _SMALL:
            yield from _steps(piece, step)
    yield from _steps(held, step)


def _steps(data: bytes, step: int) -> Iterator[memoryview]:
    view = memoryview(data)
    for at in range(0, len(view), step):
        yield view[at : at + step]


async def _accident(request: web.Request, plan: Plan, entry: Entry) -> None:
    if plan.cut == "stuck":
        await asyncio.Event().wait()
    if plan.cut in {"reset", "cut"} and request.transport is not None:
        entry.end(plan.cut)
        if plan.cut == "reset":
            raw: socket.socket = request.transport.get_extra_info("socket")
            # Closing with a linger time of 0 sends a reset instead of a normal end.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        else:
            request.transport.close()
        raise ConnectionResetError
