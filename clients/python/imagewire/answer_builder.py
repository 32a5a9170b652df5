"""An answer that grows as a stream's events come. Sans-IO."""

import dataclasses

from imagewire.answer import Answer, Chunk, Part
from imagewire.images import image_from_proto
from imagewire.media import media_from_proto
from imagewire.v1.chat_service_pb2 import (
    CandidateFinished,
    Finished,
    FinishReason,
    ImageChunk,
    MediaChunk,
    PartFinished,
    StreamCompletionResponse,
)


class Reader:
    """Lets an answer grow by the events of a stream, each of them verified. hold: whether it keeps bytes.

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
                return self._bytes(event.image_chunk)
            case "media_chunk" if event.media_chunk.candidate_index == 0:
                return self._bytes(event.media_chunk)
            case "part_finished" if event.part_finished.candidate_index == 0:
                return self._part(event.part_finished)
            case "candidate_finished" if event.candidate_finished.candidate_index == 0:
                _end(answer, event.candidate_finished)
            case "finished":
                _close(answer, event.finished)
                return Chunk(part=len(answer.parts), last=True)
        return None

    def _bytes(self, chunk: ImageChunk | MediaChunk) -> Chunk:
        data = chunk.data
        if self._hold:
            self._data.append(data)
        return Chunk(data=data, offset=chunk.offset, part=chunk.part_index, thought=self._thought)

    def _part(self, finished: PartFinished) -> Chunk | None:
        parts, thought = self.answer.parts, finished.thought
        text = parts.pop().text if finished.part_index < len(parts) else ""
        data = b"".join(self._data) if self._data else None
        self._data = []
        image = image_from_proto(finished.image, data, thought=thought) if finished.HasField("image") else None
        media = media_from_proto(finished.media, data, thought=thought) if finished.HasField("media") else None
        call = finished.function_call if finished.HasField("function_call") else None
        native = finished.native if finished.HasField("native") else None
        fields = dict(finished.native_fields)
        parts.append(Part(text, image, call, thought, finished.thought_signature, media, native, fields))
        if finished.WhichOneof("content") is None:
            return None
        return Chunk(
            part=finished.part_index,
            image=image,
            thought=thought,
            media=media,
            native=native,
            function_call=call,
        )


def _end(answer: Answer, end: CandidateFinished) -> None:
    answer.candidate = end
    answer.finish_reason = FinishReason.Name(end.finish_reason).removeprefix("FINISH_REASON_")
    answer.native_finish_reason, answer.finish_message = end.native_finish_reason, end.finish_message


def _close(answer: Answer, end: Finished) -> None:
    answer.model_version, answer.usage = end.model_version, end.usage
    answer.native_response_id = end.native_response_id
    answer.prompt_feedback = end.prompt_feedback if end.HasField("prompt_feedback") else None
    answer.model_status = end.model_status if end.HasField("model_status") else None
    answer.continuation_token = end.continuation_token
    answer.native_fields, answer.omitted_fields = dict(end.native_fields), list(end.omitted_fields)
