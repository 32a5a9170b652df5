"""Draws and resumes, for the tests of what is kept."""

from typing import Any

from imagewire_server.contract import pb
from tests.conftest import Stack, spec

BIG = "gemini/emulator-size-3MB"


def flat(events: list[pb.Event]) -> list[tuple[Any, ...]]:
    """Events without how their files are cut: each file's bytes are one entry."""
    found: list[tuple[Any, ...]] = []
    for event in events:
        kind = event.WhichOneof("event")
        if kind == "heartbeat":
            continue
        if kind != "image_chunk":
            found.append((event.sequence, event.SerializeToString()))
            continue
        chunk = event.image_chunk
        if found and len(found[-1]) == 3:
            _, offset, file = found[-1]
            assert chunk.offset == offset + len(file)
            file += chunk.data
        else:
            found.append((event.sequence, chunk.offset, bytearray(chunk.data)))
    return found


async def draw(stack: Stack, model: str = BIG, **fields: Any) -> list[pb.Event]:
    return [
        event async for event in stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(model), **fields))
    ]


async def resume(stack: Stack, **fields: Any) -> list[pb.Event]:
    call = stack.chat.ResumeCompletion(pb.ResumeCompletionRequest(**fields))
    return [response.event async for response in call]


def draws(stack: Stack) -> int:
    return len(stack.emulator.ledger.entries)
