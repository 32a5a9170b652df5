"""LiteLLM's `completion` and `acompletion`, on this package's clients.

Without a target the server runs inside this process. Every argument changes the request, or is refused by name.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from typing import Literal, Unpack, overload

from imagewire._grpc import embedded
from imagewire._grpc.channel import EMBEDDED
from imagewire.answer_builder import AnswerBuilder
from imagewire.async_chat import afinal, aiterate
from imagewire.async_client import AsyncClient
from imagewire.chat import final, iterate
from imagewire.client import Client
from imagewire.litellm import chunks, params
from imagewire.litellm.messages import Messages
from imagewire.litellm.params import CompletionOptions, ConnectionKey
from imagewire.litellm.types import Completion, CompletionChunk

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
        **options: As in `imagewire.litellm.params.CompletionOptions`.

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
    request = params.read(model, messages, options)
    client = _client(request.connection)
    growing = iterate(client.stream_completion(spec=request.spec, timeout=request.timeout), AnswerBuilder())
    if stream:
        return chunks.chunks(growing, include_usage=request.include_usage)
    return Completion(final(growing))


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
        **options: As in `imagewire.litellm.params.CompletionOptions`.

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
    request = params.read(model, messages, options)
    client = await _async_client(request.connection)
    growing = aiterate(client.stream_completion(spec=request.spec, timeout=request.timeout), AnswerBuilder())
    if stream:
        return chunks.achunks(growing, include_usage=request.include_usage)
    return Completion(await afinal(growing))


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
