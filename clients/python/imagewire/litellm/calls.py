"""LiteLLM's `completion` and `acompletion`, on this package's clients.

Without a target the server runs inside this process. Every argument changes the request, asks for what happens anyway,
or is refused by name.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Literal, Unpack, overload

from imagewire._grpc import embedded
from imagewire._grpc.channel import EMBEDDED
from imagewire.answer import Answer
from imagewire.async_chat import afinal
from imagewire.async_client import AsyncClient
from imagewire.chat import final
from imagewire.client import Client
from imagewire.litellm import attempts, chunks, params
from imagewire.litellm.attempts import Attempts
from imagewire.litellm.connection import ConnectionKey
from imagewire.litellm.familiar_errors import familiar
from imagewire.litellm.messages import Messages
from imagewire.litellm.options import CompletionOptions
from imagewire.litellm.params import CompletionRequest
from imagewire.litellm.types import Completion, CompletionChunk
from imagewire.part import Chunk
from imagewire.wishes import Wish

_lock = threading.Lock()
_clients: dict[ConnectionKey, Client] = {}
# A grpc.aio channel belongs to its event loop.
_async_clients: dict[asyncio.AbstractEventLoop, dict[ConnectionKey, AsyncClient]] = {}


@overload
def completion(
    model: str, messages: Messages, *, stream: Literal[False] | None = None, **options: Unpack[CompletionOptions]
) -> Completion: ...
@overload
def completion(
    model: str, messages: Messages, *, stream: Literal[True], **options: Unpack[CompletionOptions]
) -> Iterator[CompletionChunk]: ...
@overload
def completion(
    model: str, messages: Messages, *, stream: bool | None, **options: Unpack[CompletionOptions]
) -> Completion | Iterator[CompletionChunk]: ...
def completion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Unpack[CompletionOptions]
) -> Completion | Iterator[CompletionChunk]:
    """Draw, called as LiteLLM's `completion`.

    Args:
        model: The model's name, such as "gemini/gemini-2.5-flash-image".
        messages: The chat, as OpenAI has it. Pictures are {"type": "image_url", "image_url": {"url": "data:…"}} or
            "https://…". An earlier answer's message goes in as it came, and so does an `Answer`.
        stream: Whether to yield chunks while they arrive. Leaving the loop cancels the call.
        **options: As in `imagewire.litellm.options.CompletionOptions`.

    Returns:
        The answer in OpenAI's shape, or an iterator of chunks.

    Raises:
        InvalidRequest: An argument cannot be honoured. Nothing was sent.
        ImagewireError: The call failed; see its subclasses.

    Examples:
        >>> answer = imagewire.completion(
        ...     "gemini/gemini-2.5-flash-image", [{"role": "user", "content": "A banana"}]
        ... )
        >>> answer.choices[0].message.images[0].image_url.url[:22]
        'data:image/png;base64,'
    """
    with familiar(model, options.get("custom_llm_provider")):
        made = Attempts(params.requests(model, messages, options, stream=bool(stream)), stream=bool(stream))
        _client(made.request.connection)  # where it cannot be made, a stream does not begin either
        if not stream:
            return made.completion(final(attempts.growing(made, _start)))
    return _chunks(made, model, options.get("custom_llm_provider"))


def _chunks(made: Attempts, model: str, provider: str | None) -> Iterator[CompletionChunk]:
    with familiar(model, provider):
        grown = attempts.growing(made, _start)
        yield from chunks.chunks(grown, include_usage=made.request.include_usage, dropped=made.dropped)


def _start(request: CompletionRequest) -> Generator[tuple[Answer, Chunk]]:
    client = _client(request.connection)
    return client._grow(request.spec, request.timeout, Wish(), metadata=request.metadata)


@overload
async def acompletion(
    model: str, messages: Messages, *, stream: Literal[False] | None = None, **options: Unpack[CompletionOptions]
) -> Completion: ...
@overload
async def acompletion(
    model: str, messages: Messages, *, stream: Literal[True], **options: Unpack[CompletionOptions]
) -> AsyncGenerator[CompletionChunk]: ...
@overload
async def acompletion(
    model: str, messages: Messages, *, stream: bool | None, **options: Unpack[CompletionOptions]
) -> Completion | AsyncGenerator[CompletionChunk]: ...
async def acompletion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Unpack[CompletionOptions]
) -> Completion | AsyncGenerator[CompletionChunk]:
    """Draw, called as LiteLLM's `acompletion`.

    Args:
        model: The model's name, such as "gemini/gemini-2.5-flash-image".
        messages: The chat, as OpenAI has it. Pictures are {"type": "image_url", "image_url": {"url": "data:…"}} or
            "https://…". An earlier answer's message goes in as it came, and so does an `Answer`.
        stream: Whether to make an async generator of chunks. Closing it cancels the call.
        **options: As in `imagewire.litellm.options.CompletionOptions`.

    Returns:
        The answer in OpenAI's shape, or an async generator of chunks.

    Raises:
        InvalidRequest: An argument cannot be honoured. Nothing was sent.
        ImagewireError: The call failed; see its subclasses.

    Examples:
        >>> async def main():
        ...     say = [{"role": "user", "content": "A banana"}]
        ...     stream = await imagewire.acompletion(
        ...         "gemini/gemini-2.5-flash-image", say, stream=True
        ...     )
        ...     return [chunk async for chunk in stream]
        >>> chunks = asyncio.run(main())
    """
    with familiar(model, options.get("custom_llm_provider")):
        made = Attempts(params.requests(model, messages, options, stream=bool(stream)), stream=bool(stream))
        await _async_client(made.request.connection)
        if not stream:
            return made.completion(await afinal(attempts.agrowing(made, _astart)))
    return _achunks(made, model, options.get("custom_llm_provider"))


async def _achunks(made: Attempts, model: str, provider: str | None) -> AsyncGenerator[CompletionChunk]:
    with familiar(model, provider):
        async with (
            contextlib.aclosing(attempts.agrowing(made, _astart)) as grown,
            contextlib.aclosing(
                chunks.achunks(grown, include_usage=made.request.include_usage, dropped=made.dropped)
            ) as found,
        ):
            async for chunk in found:
                yield chunk


async def _astart(request: CompletionRequest) -> AsyncGenerator[tuple[Answer, Chunk]]:
    client = await _async_client(request.connection)
    return client._grow(request.spec, request.timeout, Wish(), metadata=request.metadata)


def _client(connection: ConnectionKey) -> Client:
    with _lock:
        if connection not in _clients:
            _clients[connection] = Client(_target(connection), api_key=connection.api_key, retries=connection.retries)
        return _clients[connection]


async def _async_client(connection: ConnectionKey) -> AsyncClient:
    target = await asyncio.to_thread(_target, connection)  # it may start a server
    loop = asyncio.get_running_loop()
    with _lock:
        for ended in [known for known in _async_clients if known.is_closed()]:
            del _async_clients[ended]
        clients = _async_clients.setdefault(loop, {})
        if connection not in clients:
            clients[connection] = AsyncClient(target, api_key=connection.api_key, retries=connection.retries)
        return clients[connection]


def _target(connection: ConnectionKey) -> str:
    return embedded.address(**dict(connection.variables)) if connection.target == EMBEDDED else connection.target
