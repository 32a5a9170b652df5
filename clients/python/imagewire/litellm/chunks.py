"""Turns a growing answer into OpenAI's chunks: role, text and pictures, finish reason, usage. Sans-IO."""

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from imagewire.answer import Answer
from imagewire.litellm import finish, provider_fields
from imagewire.litellm.types import CompletionChunk, Delta, StreamChoice, ToolCall, hidden_params
from imagewire.litellm.usage import Usage
from imagewire.part import Chunk

Growing = tuple[Answer, Chunk]
_NONE: Mapping[str, str] = MappingProxyType({})


def chunks(
    growing: Iterable[Growing], *, include_usage: bool, dropped: Sequence[str] = (), headers: Mapping[str, str] = _NONE
) -> Generator[CompletionChunk]:
    """The chunks of an answer. include_usage: whether a last chunk has the usage, and no choices.

    dropped: names of what `drop_params` left out of the request; it may grow until the answer begins. headers: REST's
    about the request, likewise.
    """
    writer = _Writer(include_usage=include_usage, dropped=dropped, headers=headers)
    for answer, chunk in growing:
        yield from writer.write(answer, chunk)


async def achunks(
    growing: AsyncIterable[Growing],
    *,
    include_usage: bool,
    dropped: Sequence[str] = (),
    headers: Mapping[str, str] = _NONE,
) -> AsyncGenerator[CompletionChunk]:
    """The chunks of an answer, for asyncio. The arguments are those of `chunks`."""
    writer = _Writer(include_usage=include_usage, dropped=dropped, headers=headers)
    async for answer, chunk in growing:
        for made in writer.write(answer, chunk):
            yield made


class _Writer:
    def __init__(self, *, include_usage: bool, dropped: Sequence[str], headers: Mapping[str, str]) -> None:
        self._include_usage = include_usage
        self._dropped = dropped
        self._headers = headers
        self._begun = False
        self._images = 0
        self._calls = 0
        self._natives = 0
        self._media = 0

    def write(self, answer: Answer, chunk: Chunk) -> Iterator[CompletionChunk]:
        if not self._begun:
            self._begun = True
            yield self._chunk(answer, Delta(role="assistant"))
        if chunk.text:
            yield self._chunk(
                answer, Delta(reasoning_content=chunk.text) if chunk.thought else Delta(content=chunk.text)
            )
        if chunk.image is not None:
            yield self._chunk(answer, Delta(drawn=(self._images, chunk.image)))
            self._images += 1
        if chunk.native is not None:
            native = provider_fields.native_part(answer.parts[chunk.part], chunk.part, self._natives)
            yield self._chunk(answer, Delta(provider_specific_fields={"native_parts": [native]}))
            self._natives += 1
        if chunk.media is not None:
            media = provider_fields.media(answer.parts[chunk.part], chunk.part, self._media)
            yield self._chunk(answer, Delta(provider_specific_fields={"media": [media]}))
            self._media += 1
        if chunk.function_call is not None:
            yield self._chunk(answer, Delta(tool_calls=[ToolCall(answer, chunk.part, self._calls)]))
            self._calls += 1
        if chunk.last:
            yield from self._end(answer)

    def _end(self, answer: Answer) -> Iterator[CompletionChunk]:
        if answer.image is not None:
            yield self._chunk(answer, Delta(final=answer.image))
        if extras := provider_fields.of_parts(answer):
            yield self._chunk(answer, Delta(provider_specific_fields=extras))
        end = self._chunk(answer, Delta(), finish.of(answer))
        end.service_tier = finish.service_tier(answer)
        end.provider_specific_fields = provider_fields.of_answer(answer) or None
        yield end
        if self._include_usage:
            usage = self._chunk(answer)
            usage.usage = Usage(answer)
            yield usage

    def _chunk(
        self, answer: Answer, delta: Delta | None = None, ending: finish.Ending | None = None
    ) -> CompletionChunk:
        choices = [] if delta is None else [StreamChoice(delta, **ending) if ending else StreamChoice(delta)]
        hidden = hidden_params(answer, self._dropped, self._headers)
        return CompletionChunk(
            f"chat{answer.id}", int(answer.created), answer.model, choices, answer=answer, _hidden_params=hidden
        )
