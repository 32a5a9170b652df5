"""LiteLLM's `stream_chunk_builder`: the whole answer from a stream's chunks."""

from collections.abc import Iterable
from typing import Any

from imagewire.errors import invalid
from imagewire.litellm.types import Completion, CompletionChunk


def stream_chunk_builder(chunks: Iterable[CompletionChunk], messages: Any = None) -> Completion | None:
    """Make the whole answer from the chunks that `completion` yielded with `stream=True`.

    Args:
        chunks: The chunks of one answer. If the stream was left early, the answer is what has come.
        messages: Not needed; LiteLLM counts a prompt's tokens with it, which the answer has anyway.

    Returns:
        The answer as `completion` returns it without `stream`; None where there are no chunks.

    Raises:
        InvalidRequest: Something is no chunk of `completion`.

    Examples:
        >>> say = [{"role": "user", "content": "A banana"}]
        >>> chunks = list(imagewire.completion("gemini/gemini-2.5-flash-image", say, stream=True))
        >>> imagewire.stream_chunk_builder(chunks, messages=say).choices[0].finish_reason
        'stop'
    """
    last: CompletionChunk | None = None
    for i, chunk in enumerate(chunks):
        if not isinstance(chunk, CompletionChunk):
            raise invalid(f"chunks[{i}]", "is no chunk of completion; pass the chunks as they came")
        last = chunk
    if last is None or last.answer is None:
        return None
    hidden = last._hidden_params  # LiteLLM's name
    return Completion(last.answer, hidden.get("dropped_params", ()), hidden.get("additional_headers", {}))
