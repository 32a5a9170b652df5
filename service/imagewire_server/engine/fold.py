"""A stream's events as one answer. Unary is nothing but this, so the two cannot disagree."""

from collections.abc import AsyncIterator

from imagewire_server.contract import pb
from imagewire_server.contract.errors import AnswerTooLarge, Internal

# What fits gRPC's default message limit of 4 MiB, with room for the text beside the pictures.
DEFAULT_INLINE_BYTES = 4 * 1024 * 1024 - 256 * 1024


async def fold(stream: AsyncIterator[list[pb.Event]], *, max_inline_bytes: int) -> pb.CreateCompletionResponse:
    """All of a stream as one answer. Raises AnswerTooLarge as soon as the pictures pass `max_inline_bytes`."""
    folder = _Folder(max_inline_bytes)
    async for events in stream:
        for event in events:
            folder.add(event)
    return folder.answer()


class _Folder:
    def __init__(self, max_inline_bytes: int) -> None:
        self._left = max_inline_bytes
        self._limit = max_inline_bytes
        self._response = pb.CreateCompletionResponse()
        self._candidates: dict[int, pb.Candidate] = {}
        self._pictures: dict[tuple[int, int], list[bytes]] = {}
        self._texts: dict[tuple[int, int], list[str]] = {}
        self._whole = False

    def add(self, event: pb.Event) -> None:
        match event.WhichOneof("event"):
            case "started":
                self._response.completion_id = event.started.completion_id
                self._response.model = event.started.model
                self._response.create_time.CopyFrom(event.started.create_time)
            case "text_delta":
                delta = event.text_delta
                self._texts.setdefault((delta.candidate_index, delta.part_index), []).append(delta.text)
            case "image_chunk":
                self._add_chunk(event.image_chunk)
            case "part_finished":
                self._add_part(event.part_finished)
            case "candidate_finished":
                self._end_candidate(event.candidate_finished)
            case "finished":
                self._end(event.finished)

    def answer(self) -> pb.CreateCompletionResponse:
        if not self._whole:
            raise Internal("the stream ended without its last event")
        self._response.candidates.extend(self._candidates[index] for index in sorted(self._candidates))
        return self._response

    def _candidate(self, index: int) -> pb.Candidate:
        if index not in self._candidates:
            message = pb.ChatMessage(role=pb.Role.ROLE_ASSISTANT)
            self._candidates[index] = pb.Candidate(index=index, message=message)
        return self._candidates[index]

    def _add_chunk(self, chunk: pb.ImageChunk) -> None:
        self._left -= len(chunk.data)
        if self._left < 0:
            raise AnswerTooLarge(
                f"the picture is drawn but larger than the {self._limit} bytes that this answer may carry inline:"
                " use StreamCompletion, which sends it in frames, or raise max_inline_bytes and the client's"
                " maximum message size",
                metadata={"use": "StreamCompletion", "max_inline_bytes": str(self._limit)},
            )
        self._pictures.setdefault((chunk.candidate_index, chunk.part_index), []).append(chunk.data)

    def _add_part(self, finished: pb.PartFinished) -> None:
        key = finished.candidate_index, finished.part_index
        part = self._candidate(finished.candidate_index).message.parts.add(
            thought=finished.thought, thought_signature=finished.thought_signature
        )
        match finished.WhichOneof("content"):
            case "image":
                part.image.CopyFrom(finished.image)
                part.image.data = b"".join(self._pictures.pop(key))
            case "function_call":
                part.function_call.CopyFrom(finished.function_call)
            case None:
                part.text = "".join(self._texts.pop(key, ()))

    def _end_candidate(self, end: pb.CandidateFinished) -> None:
        candidate = self._candidate(end.candidate_index)
        message = candidate.message
        message.content = "".join(part.text for part in message.parts if not part.thought)
        pictures = [part for part in message.parts if part.HasField("image")]
        final = next((part for part in reversed(pictures) if not part.thought), pictures[-1] if pictures else None)
        if final is not None:
            message.image.CopyFrom(final.image)
            final.image.ClearField("data")
        candidate.finish_reason = end.finish_reason
        candidate.native_finish_reason = end.native_finish_reason
        candidate.finish_message = end.finish_message
        candidate.safety_ratings.extend(end.safety_ratings)
        if end.HasField("grounding_metadata"):
            candidate.grounding_metadata.CopyFrom(end.grounding_metadata)
        if end.HasField("citation_metadata"):
            candidate.citation_metadata.CopyFrom(end.citation_metadata)

    def _end(self, finished: pb.Finished) -> None:
        self._whole = True
        self._response.model_version = finished.model_version
        self._response.native_response_id = finished.native_response_id
        if finished.HasField("usage"):
            self._response.usage.CopyFrom(finished.usage)
        if finished.HasField("prompt_feedback"):
            self._response.prompt_feedback.CopyFrom(finished.prompt_feedback)
