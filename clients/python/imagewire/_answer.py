"""An answer as Python objects, growing as a stream's events come. Sans-IO."""

import dataclasses
from dataclasses import dataclass, field

from imagewire import _image
from imagewire._image import Image
from imagewire.v1.chat_service_pb2 import (
    CandidateFinished,
    Finished,
    FinishReason,
    PartFinished,
    PromptFeedback,
    StreamCompletionResponse,
)
from imagewire.v1.message_pb2 import ChatMessage, FunctionCall, Role
from imagewire.v1.message_pb2 import Part as WirePart
from imagewire.v1.usage_pb2 import Usage


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer: text, a picture or a function call. thought: whether the model thought it on its way.

    signature: the model's opaque proof that it made this part, which goes back with it.
    """

    text: str = ""
    image: Image | None = None
    function_call: FunctionCall | None = None
    thought: bool = False
    signature: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What an event brought. text: more of it. data: more bytes of a picture, from `offset` on. part: their place in
    the answer. image: a picture that is whole now. thought: whether it is one, as far as known before the part's end.
    last: the answer is whole, and nothing else is in this chunk.
    """

    text: str = ""
    data: bytes = b""
    offset: int = 0
    part: int = 0
    image: Image | None = None
    thought: bool = False
    last: bool = False


@dataclass(slots=True)
class Answer:
    """What a model said and drew.

    id: given by the server. created: seconds since 1970. model: the one that was asked; model_version: the one that
    answered. parts: all of it, in order. usage: token counts, as the contract has them. finish_reason: "STOP",
    "MAX_TOKENS", "CONTENT_FILTER", "TOOL_CALLS" or "OTHER", "" before the end; native_finish_reason: the provider's
    word; finish_message: its explanation.
    """

    id: str = ""
    model: str = ""
    model_version: str = ""
    parts: list[Part] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = ""
    native_finish_reason: str = ""
    finish_message: str = ""
    prompt_feedback: PromptFeedback | None = None
    created: float = 0.0

    @property
    def text(self) -> str:
        """All text that is no thought, as far as it has come."""
        return "".join(part.text for part in self.parts if not part.thought)

    @property
    def images(self) -> list[Image]:
        """The pictures that are no drafts, in order."""
        return [part.image for part in self.parts if part.image and not part.thought]

    @property
    def drafts(self) -> list[Image]:
        """The pictures the model drew on its way."""
        return [part.image for part in self.parts if part.image and part.thought]

    @property
    def image(self) -> Image | None:
        """The picture: the last that is no draft, else the last; None where there is none."""
        return next(reversed(self.images or self.drafts), None)

    @property
    def cost(self) -> float | None:
        """US dollars, None when the server knows no price."""
        return self.usage.cost_usd if self.usage.HasField("cost_usd") else None

    @property
    def blocked(self) -> str:
        """Why a filter stopped the prompt or the answer, "" when none did."""
        if self.prompt_feedback is not None:
            return _joined(self.prompt_feedback.block_reason, self.prompt_feedback.block_reason_message)
        if self.finish_reason == "CONTENT_FILTER":
            return _joined(self.native_finish_reason, self.finish_message)
        return ""

    @property
    def why_no_image(self) -> str:
        """Why there is no picture, and what to do."""
        if self.blocked:
            which = "the prompt was blocked" if self.prompt_feedback is not None else "no picture was drawn"
            return f"{which} ({self.blocked}): change the prompt and try again"
        if self.native_finish_reason == "STOP":
            return _joined("the model answered without a picture", self.text, "ask for a picture more plainly")
        reason = f"no picture was drawn ({self.native_finish_reason})"
        return _joined(reason, self.finish_message, "change the prompt and try again")

    def message(self) -> ChatMessage:
        """As a message of the next request, its signatures with it.

        Raises ValueError when there is nothing to send, or when its pictures went by as frames.
        """
        if not self.parts:
            raise ValueError(f"the answer is empty, so it cannot be part of a chat: {self.why_no_image}")
        return ChatMessage(role=Role.ROLE_ASSISTANT, parts=[_to_message(part) for part in self.parts])


class Reader:
    """Lets an answer grow by the events of a stream, each of them verified. hold: whether it keeps pictures' bytes.

    The answer is the first candidate. Who asks for several by a Spec reads the contract's own events.
    """

    def __init__(self, *, hold: bool = True) -> None:
        self.answer = Answer()
        self._hold = hold
        self._data: list[bytes] = []
        self._thought = False

    def read(self, event: StreamCompletionResponse) -> Chunk | None:
        """Take the next event; return what it brought, None when that is nothing to show."""
        answer = self.answer
        match event.WhichOneof("event"):
            case "started":
                answer.id, answer.model = event.started.completion_id, event.started.model
                answer.created = event.started.create_time.ToNanoseconds() / 1e9
            case "part_started" if event.part_started.candidate_index == 0:
                self._thought = event.part_started.thought
            case "text_delta" if event.text_delta.candidate_index == 0:
                delta = event.text_delta
                if delta.part_index == len(answer.parts):
                    answer.parts.append(Part(thought=self._thought))
                so_far = answer.parts[-1]
                answer.parts[-1] = dataclasses.replace(so_far, text=so_far.text + delta.text)
                return Chunk(text=delta.text, part=delta.part_index, thought=self._thought)
            case "image_chunk" if event.image_chunk.candidate_index == 0:
                chunk = event.image_chunk
                data = chunk.data
                if self._hold:
                    self._data.append(data)
                return Chunk(data=data, offset=chunk.offset, part=chunk.part_index, thought=self._thought)
            case "part_finished" if event.part_finished.candidate_index == 0:
                return self._part(event.part_finished)
            case "candidate_finished" if event.candidate_finished.candidate_index == 0:
                _end(answer, event.candidate_finished)
            case "finished":
                _close(answer, event.finished)
                return Chunk(part=len(answer.parts), last=True)
        return None

    def _part(self, finished: PartFinished) -> Chunk | None:
        answer = self.answer
        text, image = "", None
        if finished.part_index < len(answer.parts):
            text = answer.parts.pop().text
        if finished.HasField("image"):
            data = b"".join(self._data) if self._hold else None
            self._data = []
            image = _image.from_message(finished.image, data, thought=finished.thought)
        call = finished.function_call if finished.HasField("function_call") else None
        answer.parts.append(Part(text, image, call, finished.thought, finished.thought_signature))
        if image is None and call is None:
            return None
        return Chunk(part=finished.part_index, image=image, thought=finished.thought)


def _end(answer: Answer, end: CandidateFinished) -> None:
    answer.finish_reason = FinishReason.Name(end.finish_reason).removeprefix("FINISH_REASON_")
    answer.native_finish_reason, answer.finish_message = end.native_finish_reason, end.finish_message


def _close(answer: Answer, end: Finished) -> None:
    answer.model_version, answer.usage = end.model_version, end.usage
    answer.prompt_feedback = end.prompt_feedback if end.HasField("prompt_feedback") else None


def _to_message(part: Part) -> WirePart:
    made = WirePart(thought=part.thought, thought_signature=part.signature)
    if part.image is not None:
        made.image.CopyFrom(_image.to_message(part.image))
    elif part.function_call is not None:
        made.function_call.CopyFrom(part.function_call)
    else:
        made.text = part.text
    return made


def _joined(*sentences: str) -> str:
    return ": ".join(sentence.strip().rstrip(".") for sentence in sentences if sentence)
