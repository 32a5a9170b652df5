"""Callers that draw, cut their calls, resume and repeat, and note what they saw."""

import asyncio
import hashlib
import random
import uuid
from collections.abc import Callable
from typing import Any

import grpc

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.integration.status import told
from tests.robustness.model import Event, Seen

# One small, one that is a file, one that takes long enough to be cut.
MODELS = ("gemini-2.5-flash-image", "emulator-size-1MB", "emulator-drip-600-1500000")
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0)]


class Callers:
    """address: a server's, another each time it is asked. idents: of all callers. history: what this one saw."""

    def __init__(self, address: Callable[[], str], idents: list[str], seed: int) -> None:
        self._address = address
        self._random = random.Random(seed)
        self._idents = idents
        self.history: list[Seen] = []

    async def run(self, until: float) -> None:
        """Call until this time of the loop's clock."""
        while asyncio.get_running_loop().time() < until:
            await self.call(self._ident())

    def _ident(self) -> str:
        if self._idents and self._random.random() < 0.5:
            return self._random.choice(self._idents[-20:])
        self._idents.append(str(uuid.UUID(int=self._random.getrandbits(128))))
        return self._idents[-1]

    async def replay(self, idents: list[str]) -> None:
        """Ask for each answer once more."""
        for ident in idents:
            await self.call(ident, cut=False, resume=False)

    async def call(self, ident: str, *, cut: bool | None = None, resume: bool | None = None) -> None:
        """One call for an answer: a new reader, or one that resumes; it may be cut anywhere."""
        seen = Seen(ident, asyncio.get_running_loop().time())
        resumes = self._random.random() < 0.3 if resume is None else resume
        cuts_after = self._random.randrange(1, 12) if (self._random.random() < 0.3 if cut is None else cut) else None
        if resumes:
            known = [len(other.events) for other in self.history if other.request_id == ident and not other.after]
            seen.after = self._random.randint(0, max(known, default=0))
        async with grpc.aio.insecure_channel(self._address(), options=_OPTIONS) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            if resumes:
                call = stub.ResumeCompletion(pb.ResumeCompletionRequest(request_id=ident, after_sequence=seen.after))
            else:
                call = stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec_of(ident), request_id=ident))
            try:
                await _read(call, seen, cuts_after)
            except grpc.aio.AioRpcError as error:
                _note(error, seen)
        seen.ended = asyncio.get_running_loop().time()
        self.history.append(seen)


def spec_of(ident: str) -> pb.Spec:
    """The request of an id: always the same one."""
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, content=f"draw {ident}")
    return pb.Spec(model=f"gemini/{MODELS[int(ident[0], 16) % len(MODELS)]}", messages=[message])


async def _read(call: Any, seen: Seen, cuts_after: int | None) -> None:
    digest = hashlib.sha256()
    count = 0
    async for message in call:
        event = message.event if isinstance(message, pb.ResumeCompletionResponse) else message
        kind = event.WhichOneof("event")
        if kind == "image_chunk":
            digest.update(event.image_chunk.data)
        elif kind != "heartbeat":
            whole = kind == "part_finished" and event.part_finished.HasField("image")
            seen.events.append(Event(event.sequence, kind, digest.hexdigest() if whole else ""))
        count += 1
        if count == cuts_after:
            call.cancel()
            return
    seen.end = "OK"


def _note(error: grpc.aio.AioRpcError, seen: Seen) -> None:
    if "grpc-status-details-bin" not in dict(error.trailing_metadata() or ()):
        seen.end = "UNREACHABLE"
        return
    said = told(error)
    seen.end, seen.charged = said.info.reason, said.pushback == "-1"
