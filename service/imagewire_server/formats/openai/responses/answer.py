"""A response as one JSON object, and as server-sent events."""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk
from imagewire_server.formats.openai.common import errors, mapping
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import Key, Piece, encoded
from imagewire_server.formats.openai.responses.decode import image_tool
from imagewire_server.formats.openai.responses.encrypted import INCLUDE
from imagewire_server.formats.openai.responses.item import ItemEvent
from imagewire_server.formats.openai.responses.output import Output
from imagewire_server.formats.openai.responses.request import ResponsesRequest

Json = dict[str, Any]
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class _Response:
    """The response's own fields that are known so far."""

    def __init__(self, request: ResponsesRequest) -> None:
        self._request = request
        self._started = pb.Started()
        self._ending: Json = {}
        self._candidate: Json = {}
        self._answer: Json = {}
        self._usage: Json | None = None
        self.status = "in_progress"

    def start(self, started: pb.Started) -> None:
        self._started = started

    def end(self, kind: str, event: pb.Event) -> None:
        """Take the end of a candidate or of the answer."""
        if kind == "candidate_finished":
            self._ending = mapping.ending(event.candidate_finished)
            self._candidate = self._ending.pop("provider_specific_fields", {})
            return
        if event.finished.HasField("prompt_feedback") and not self._ending:
            self._ending = mapping.blocked(event.finished.prompt_feedback)
        if event.finished.HasField("usage"):
            self._usage = _usage(event.finished.usage)
        self._answer = mapping.of_answer(event.finished)
        if self._candidate:
            self._answer.setdefault("provider_specific_fields", {})["candidate"] = self._candidate
        self.status = "incomplete" if self._ending.get("finish_reason") in _INCOMPLETE else "completed"

    def pieces(self, output: list[Piece], error: Json | None = None) -> list[Piece]:
        """The whole object around its output."""
        asked = self._request
        ident = self._started.completion_id.rpartition("-")[2]
        head = {"id": f"resp_{ident}", "object": "response", "created_at": self._started.create_time.seconds}
        ending = dict(self._ending)
        reason = _INCOMPLETE.get(ending.pop("finish_reason", ""))
        tail = {
            "model": self._started.model,
            "status": self.status,
            "error": error,
            "incomplete_details": {"reason": reason} if self.status == "incomplete" else None,
            "instructions": asked.instructions,
            "max_output_tokens": asked.max_output_tokens,
            "metadata": asked.metadata or {},
            "parallel_tool_calls": True,
            "previous_response_id": asked.previous_response_id,
            "reasoning": {"effort": asked.reasoning.effort if asked.reasoning else None, "summary": None},
            "store": self._started.HasField("expire_time"),
            "temperature": asked.temperature,
            "text": {"format": {"type": "text"}},
            "tool_choice": asked.tool_choice or "auto",
            "tools": asked.tools or [],
            "top_p": asked.top_p,
            "truncation": "disabled",
            "usage": self._usage,
            "user": asked.user,
            **ending,
            **self._answer,
        }
        return [encoded(head)[:-1] + b',"output":[', *output, b"]," + encoded(tail)[1:]]


def _usage(given: pb.Usage) -> Json:
    made = mapping.usage(given)
    inside, outside = made.pop("prompt_tokens_details"), made.pop("completion_tokens_details")
    return {
        "input_tokens": made.pop("prompt_tokens"),
        "input_tokens_details": inside,
        "output_tokens": made.pop("completion_tokens"),
        "output_tokens_details": outside,
        **made,
    }


def _output(request: ResponsesRequest, drafts: int, delivery: Delivery) -> Output:
    draws = request.tool_choice != "none" and (not request.tools or image_tool(request) is not None)
    return Output(drafts, encrypted=INCLUDE in (request.include or ()), draws=draws, delivery=delivery)


def _all(output: Output) -> list[Piece]:
    pieces: list[Piece] = []
    for item in output.items:
        pieces += [b","] * bool(pieces) + item.pieces()
    return pieces


class ResponsesAnswer:
    """The Encoder of POST /v1/responses without stream. It writes everything at the end, from what was kept."""

    def __init__(self, request: ResponsesRequest, delivery: Delivery = INSIDE) -> None:
        self._response = _Response(request)
        self._output = _output(request, 0, delivery)

    @property
    def needs(self) -> set[Key]:
        """See encoder.Encoder."""
        return self._output.needs

    def feed(self, kind: str | None, event: pb.Event) -> list[Piece]:
        """See encoder.Encoder."""
        if kind == "started":
            self._response.start(event.started)
            self._output.start(event.started)
            return []
        for _ in self._output.feed(kind, event):
            pass
        if kind in {"candidate_finished", "finished"}:
            self._response.end(kind, event)
        return self._response.pieces(_all(self._output)) if kind == "finished" else []

    def feed_chunk(self, chunk: Chunk) -> list[Piece]:
        """See encoder.Encoder."""
        return []


class ResponsesEvents:
    """The StreamEncoder of POST /v1/responses with stream."""

    at_event_boundary = True

    def __init__(
        self, request: ResponsesRequest, request_id: str, *, drafts: int, asked_at: int, delivery: Delivery = INSIDE
    ) -> None:
        """asked_at: the time in seconds, for a response that fails before it has its own."""
        self._response = _Response(request)
        self._asked_at = asked_at
        self._output = _output(request, drafts, delivery)
        self._request = request
        self._request_id = request_id
        self._sequence = 0

    @property
    def needs(self) -> set[Key]:
        """See encoder.Encoder."""
        return self._output.needs

    def feed(self, kind: str | None, event: pb.Event) -> list[Piece]:
        """See encoder.Encoder."""
        if kind == "started":
            self._output.start(event.started)
            return self._start(event.started)
        pieces: list[Piece] = []
        for found in self._output.feed(kind, event):
            pieces += self._item_event(found)
        if kind in {"candidate_finished", "finished"}:
            self._response.end(kind, event)
        if kind == "finished":
            pieces += self._whole(self._response.status)
        return pieces

    def feed_chunk(self, chunk: Chunk) -> list[Piece]:
        """See encoder.Encoder. Pictures are sent when they are complete."""
        return []

    def fail(self, error: Error) -> list[Piece]:
        """See encoder.StreamEncoder."""
        body = errors.body(error, self._request_id)["error"]
        begun: list[Piece] = []
        if self._sequence == 0:  # only comments were sent so far, and clients expect `response.created` first
            started = pb.Started(model=self._request.model, completion_id=self._request_id)
            started.create_time.seconds = self._asked_at
            begun = self._start(started)
        self._response.status = "failed"
        failed = self._whole("failed", {"code": body["code"], "message": body["message"]}, bare=True)
        return [
            *begun,
            *failed,
            self._event("error", {"error": body, "code": body["code"], "message": body["message"]}),
        ]

    def _start(self, started: pb.Started) -> list[Piece]:
        self._response.start(started)
        return [*self._whole("created"), *self._whole("in_progress")]

    def _whole(self, name: str, error: Json | None = None, *, bare: bool = False) -> list[Piece]:
        """An event that holds the response, with its output unless it is bare."""
        ended = self._response.status != "in_progress" and not bare
        head = self._event(f"response.{name}", {})[:-3] + b',"response":'
        return [head, *self._response.pieces(_all(self._output) if ended else [], error), b"}\n\n"]

    def _item_event(self, event: ItemEvent) -> list[Piece]:
        name, fields, behind = event
        head = self._event(f"response.{name}", fields)
        return [head[:-3], *behind, b"}\n\n"] if behind else [head]

    def _event(self, name: str, fields: Json) -> bytes:
        said = {"type": name, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return f"event: {name}\ndata: ".encode() + encoded(said) + b"\n\n"
