"""Engines over providers that do what a test tells them, and what their calls cost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from typing import Any

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.contract.errors import (
    Error,
)
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.provider import Report
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.generate import Engine
from imagewire_server.core.router import Router, Upstream
from imagewire_server.providers.google.capabilities import models
from tests.conftest import spec
from tests.deployments import google

MODEL = "gemini-2.5-flash-image"

# 10 tokens of prompt, 5 of text, one picture: 10 x 0.30 + 5 x 2.50 + 1290 x 30 dollars a million.
COST = 38_715_500


def counts(*, pictures: int = 1, text: int = 5, prompt: int = 10, listed: bool = True) -> pb.Usage:
    images = 1290 * pictures
    details = [pb.ModalityTokens(modality="IMAGE", tokens=images)] if images else []
    details.append(pb.ModalityTokens(modality="TEXT", tokens=text))
    return pb.Usage(
        prompt_tokens=prompt,
        candidates_tokens=images + text,
        total_tokens=prompt + images + text,
        candidates_tokens_details=details if listed else [],
    )


TEXT: list[StreamEvent] = [pb.Event(text_delta=pb.TextDelta(text="Here you are"))]

BEGUN: list[StreamEvent] = [
    pb.Event(part_started=pb.PartStarted(part_index=1, kind=pb.PartKind.PART_KIND_IMAGE)),
    Chunk("image_chunk", 0, 1, 0, b"x"),
]

WHOLE: list[StreamEvent] = [
    pb.Event(part_finished=pb.PartFinished(part_index=1, image=pb.Image(mime_type="image/png", size_bytes=1)))
]

BLOCKED = pb.PromptFeedback(block_reason="SAFETY")


def end(usage: pb.Usage | None = None, **fields: Any) -> list[StreamEvent]:
    return [pb.Event(finished=pb.Finished(usage=usage, **fields))]


@dataclass
class Said:
    """What the provider has told so far."""

    usage: pb.Usage | None = None
    finished: bool = False


Step = list[StreamEvent] | Said | Exception | Callable[[Report], None] | None

SENT: Step = lambda report: setattr(report, "sent", True)  # noqa: E731


class Scripted:
    """A provider that does what it is told; None: it stays silent."""

    name = "gemini"
    models = models("gemini")

    def __init__(self, *calls: list[Step]) -> None:
        self.calls = list(calls)
        self.asked: list[pb.Spec] = []

    async def target(self, native_id: str) -> str:
        return native_id

    async def generate(
        self, spec: pb.Spec, native_id: str, *, stream: bool, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        self.asked.append(spec)
        for step in self.calls.pop(0):
            match step:
                case None:
                    await asyncio.Event().wait()
                case Exception():
                    raise step
                case Said():
                    report.answer = step
                case list():
                    copied = [copy(event) for event in step]
                    yield copied
                case _:
                    step(report)


def copy(event: StreamEvent) -> StreamEvent:
    if isinstance(event, Chunk):
        return replace(event)
    made = pb.Event()
    made.CopyFrom(event)
    return made


def engine(*providers: Scripted, places: int = 9, rpm: float | None = None, **routing: Any) -> Engine:
    upstreams = [
        Upstream(google(f"d{number}", f"n{number}", "gemini", MODEL, rpm=rpm), provider)
        for number, provider in enumerate(providers)
    ]
    return Engine(Router(upstreams, Routing(**routing)), Admission(places))


async def drawn(
    made: Engine, *, most: int = 99, deadline: float | None = None, **asked: Any
) -> tuple[Call, Error | None]:
    """The record of a call to n0, given up after so many lists of events, and the error that it ended with."""
    call, error = Call(), None
    try:
        async with made.start(spec("n0", **asked), stream=True, deadline=deadline, call=call).attach(
            hashes=False
        ) as answer:
            seen = 0
            while seen < most and await anext(answer, None) is not None:
                seen += 1
    except Error as failed:
        error = failed
    return call, error


FULL = Said(counts())
