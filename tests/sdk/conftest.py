"""A scripted ChatService on real gRPC, for what a good server never does; and the real programs for all else."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire.v1.chat_service_pb2 import (
    CandidateFinished,
    CreateCompletionResponse,
    Finished,
    FinishReason,
    Heartbeat,
    ImageChunk,
    PartFinished,
    PartKind,
    PartStarted,
    Started,
    StreamCompletionResponse,
    TextDelta,
)
from imagewire.v1.image_pb2 import Image
from imagewire.v1.usage_pb2 import Usage
from tests.integration import processes
from tests.integration.processes import Program

Event = StreamCompletionResponse


def number(events: list[Event]) -> list[Event]:
    """Count the events from 1; chunks repeat the number before them."""
    last = 0
    for event in events:
        last += event.WhichOneof("event") not in {"image_chunk", "media_chunk"}
        event.sequence = last
    return events


def good_stream(data: bytes = b"picture" * 100, pieces: int = 4) -> list[Event]:
    """A whole stream: text, a picture in pieces, its end. A heartbeat in between."""
    size = -(-len(data) // pieces)
    events = [
        Event(started=Started(completion_id="c", model="gemini/m")),
        Event(part_started=PartStarted(kind=PartKind.PART_KIND_TEXT)),
        Event(text_delta=TextDelta(text="Here")),
        Event(text_delta=TextDelta(text=" it is")),
        Event(part_finished=PartFinished(thought_signature=b"s")),
        Event(part_started=PartStarted(part_index=1, kind=PartKind.PART_KIND_IMAGE, mime_type="image/png")),
        *(
            Event(image_chunk=ImageChunk(part_index=1, offset=at, data=data[at : at + size]))
            for at in range(0, len(data), size)
        ),
        Event(
            part_finished=PartFinished(
                part_index=1,
                image=Image(mime_type="image/png", size_bytes=len(data), sha256=hashlib.sha256(data).digest()),
            )
        ),
        Event(
            candidate_finished=CandidateFinished(
                finish_reason=FinishReason.FINISH_REASON_STOP, native_finish_reason="STOP"
            )
        ),
        Event(finished=Finished(usage=Usage(total_tokens=5), model_version="v", native_response_id="r")),
    ]
    number(events)
    events.insert(3, Event(sequence=3, heartbeat=Heartbeat()))
    return events


def renumbered(events: list[Event]) -> list[Event]:
    """The events counted anew, heartbeats left out."""
    kept = [event for event in events if not event.HasField("heartbeat")]
    return number(kept)


def three_pictures() -> list[Event]:
    """A stream whose picture comes three times."""
    events = renumbered(good_stream())
    copies = []
    for index in (2, 3):
        for event in events[5:11]:
            copy = Event.FromString(event.SerializeToString())
            getattr(copy, str(copy.WhichOneof("event"))).part_index = index
            copies.append(copy)
    return renumbered([*events[:11], *copies, *events[11:]])


@dataclass
class Script(chat_service_pb2_grpc.ChatServiceServicer):
    """What the server does: send events, hold until told, fail."""

    events: list[Event] = field(default_factory=good_stream)
    answer: CreateCompletionResponse = field(default_factory=CreateCompletionResponse)
    fail: Callable[[Any], None] = lambda context: None
    hold: bool = False
    requests: list[Any] = field(default_factory=list)
    metadata: list[dict[str, str | bytes]] = field(default_factory=list)
    sent: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def CreateCompletion(self, request: Any, context: Any) -> CreateCompletionResponse:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        self.fail(context)
        return self.answer

    def StreamCompletion(self, request: Any, context: Any) -> Iterator[Event]:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        context.add_callback(self.ended.set)
        yield from self.events
        self.sent.set()
        if self.hold:
            self.over.wait(300)  # longer than a test waits for the end of the call
        self.fail(context)


@contextmanager
def scripted(
    script: Script, credentials: grpc.ServerCredentials | None = None, address: str = "127.0.0.1:0"
) -> Iterator[str]:
    """Serve a script, with credentials over TLS; yields its target."""
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
    chat_service_pb2_grpc.add_ChatServiceServicer_to_server(script, server)
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        script.over.set()
        server.stop(0).wait()


@pytest.fixture(scope="session")
def emulator() -> Iterator[Program]:
    with processes.emulator() as made:
        yield made


@pytest.fixture(scope="session")
def target(emulator: Program) -> Iterator[str]:
    """The real server over the real emulator. It keeps answers, as it does by default.

    What goes on when all tests have ended, because its caller has left, is not waited for.
    """
    with processes.server(emulator.address, drain_grace="1") as made:
        yield made.address


@pytest.fixture(scope="session")
def not_keeping(emulator: Program) -> Iterator[str]:
    """One that keeps nothing."""
    with processes.server(emulator.address, keep="off") as made:
        yield made.address


@pytest.fixture
def paid(emulator: Program) -> Callable[[], int]:
    """How many calls to the provider there were since."""
    before = len(processes.ledger(emulator.address))
    return lambda: len(processes.ledger(emulator.address)) - before
