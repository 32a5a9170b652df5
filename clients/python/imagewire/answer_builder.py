"""An Answer that grows as a stream's events come. Sans-IO."""

import dataclasses

from imagewire.answer import Answer
from imagewire.call_facts import CallFacts
from imagewire.fold import OpenPart, PartFold, WholePart
from imagewire.images import image_from_proto
from imagewire.media import media_from_proto
from imagewire.part import Chunk, Part
from imagewire.v1.chat_service_pb2 import CandidateFinished, Finished, FinishReason, Started, StreamCompletionResponse


class AnswerBuilder:
    """Lets an answer grow by the events of a stream, each of them verified. keep_data: whether bytes are kept.

    facts: what is known of the call; they may be completed later.

    The answer is the first candidate. Callers who ask for several in a Spec read the events themselves.
    """

    def __init__(self, *, keep_data: bool = True, facts: CallFacts | None = None) -> None:
        self.answer = Answer(_facts=facts or CallFacts())
        self.answer._facts.unfinished = True
        self._fold = PartFold(keep_data=keep_data)

    def add(self, event: StreamCompletionResponse) -> Chunk | None:
        """Take the next event. Returns what it brought, None when that is nothing to show."""
        match self._fold.add(event):
            case OpenPart() as part:
                return self._grow(part) if part.candidate == 0 else None
            case WholePart() as whole:
                return self._finish(whole) if whole.finished.candidate_index == 0 else None
        answer = self.answer
        match event.WhichOneof("event"):
            case "started":
                _start(answer, event.started)
            case "candidate_finished" if event.candidate_finished.candidate_index == 0:
                _end(answer, event.candidate_finished)
            case "finished":
                _close(answer, event.finished)
                return Chunk(part=len(answer.parts), last=True)
        return None

    def _grow(self, part: OpenPart) -> Chunk:
        if not part.new_text:
            return Chunk(data=part.new_data, offset=part.offset, part=part.index, thought=part.thought)
        parts = self.answer.parts
        if part.index == len(parts):
            parts.append(Part(thought=part.thought))
        parts[-1] = dataclasses.replace(parts[-1], text=part.text)
        return Chunk(text=part.new_text, part=part.index, thought=part.thought)

    def _finish(self, whole: WholePart) -> Chunk | None:
        parts, finished, thought = self.answer.parts, whole.finished, whole.finished.thought
        # The part that grew by its deltas gives way to the whole one.
        del parts[finished.part_index :]
        data = whole.data
        image = image_from_proto(finished.image, data, thought=thought) if finished.HasField("image") else None
        media = media_from_proto(finished.media, data, thought=thought) if finished.HasField("media") else None
        call = finished.function_call if finished.HasField("function_call") else None
        native = finished.native if finished.HasField("native") else None
        fields = dict(finished.native_fields)
        parts.append(Part(whole.text, image, call, thought, finished.thought_signature, media, native, fields))
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


def _start(answer: Answer, start: Started) -> None:
    answer.id, answer.model = start.completion_id, start.model
    answer.created = start.create_time.ToNanoseconds() / 1e9
    answer.expires = start.expire_time.ToNanoseconds() / 1e9


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
    answer._facts.unfinished = False
