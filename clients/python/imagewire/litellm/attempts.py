"""The attempts of one call of `completion`: its fallbacks, and requests without what the server refused."""

import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator

from imagewire.answer import Answer
from imagewire.errors import ImagewireError, InvalidRequest
from imagewire.litellm.drops import name_arguments
from imagewire.litellm.params import CompletionRequest
from imagewire.litellm.types import Completion
from imagewire.part import Chunk

_Grown = tuple[Answer, Chunk]


class Attempts:
    """Which request is next. request: the one to make now. dropped: what it leaves out, the same list for all.

    others: those of the fallbacks. stream: whether the caller gets the answer while it grows, so that another request
    cannot follow once it has begun.
    """

    def __init__(self, others: Iterator[CompletionRequest], *, stream: bool) -> None:
        self._others = others
        self._stream = stream
        self._failed: list[tuple[str, ImagewireError]] = []
        self._begun = time.monotonic()
        self.dropped: list[str] = []
        self._take(next(others))

    def _take(self, request: CompletionRequest) -> None:
        self.request = request
        self.dropped[:] = request.drops.names

    def completion(self, answer: Answer) -> Completion:
        """The answer in OpenAI's shape, with how long it took as LiteLLM has it."""
        made = Completion(answer, self.dropped)
        milliseconds = (time.monotonic() - self._begun) * 1000
        made._response_ms = made._hidden_params["_response_ms"] = milliseconds  # LiteLLM's names
        return made

    def fail(self, error: ImagewireError, *, begun: bool) -> None:
        """Choose the next request. Raises the error of the first model when there is none."""
        if begun and self._stream:
            raise error
        if isinstance(error, InvalidRequest) and self.request.drops.clear(self.request.spec, error):
            self._take(self.request)
            return
        if isinstance(error, InvalidRequest):
            name_arguments(error)
        self._failed.append((self.request.spec.model, error))
        following = next(self._others, None)
        if following is None:
            (_, first), *others = self._failed
            for model, other in others:
                first.add_note(f"the fallback {model} failed too: {other.message}")
            raise first
        self._take(following)


def growing(attempts: Attempts, start: Callable[[CompletionRequest], Generator[_Grown]]) -> Generator[_Grown]:
    """The answer as it grows. start: makes a request."""
    while True:
        begun = False
        try:
            with contextlib.closing(start(attempts.request)) as grown:
                for each in grown:
                    begun = True
                    yield each
        except ImagewireError as error:
            attempts.fail(error, begun=begun)
        else:
            return


async def agrowing(
    attempts: Attempts, start: Callable[[CompletionRequest], Awaitable[AsyncGenerator[_Grown]]]
) -> AsyncGenerator[_Grown]:
    """The answer as it grows, for asyncio."""
    while True:
        begun = False
        try:
            async with contextlib.aclosing(await start(attempts.request)) as grown:
                async for each in grown:
                    begun = True
                    yield each
        except ImagewireError as error:
            attempts.fail(error, begun=begun)
        else:
            return
