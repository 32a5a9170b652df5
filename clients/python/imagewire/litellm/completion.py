"""LiteLLM's `completion` and `acompletion`, on this package's clients: OpenAI's messages in, OpenAI's shapes out.

Without a target the server runs inside this process. Every argument either moves the request or is refused by name.
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
# A channel of asyncio's belongs to its loop.
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
    """Chat that draws, called as LiteLLM's.

    messages: OpenAI's, pictures as {"type": "image_url", "image_url": {"url": "data:…" or "https://…"}}; an earlier
    answer's message goes in as it came. stream: yield chunks; leaving the loop cancels the call. options: see
    CompletionOptions. Raises ImagewireError, InvalidRequest before anything is sent where an argument cannot be
    honoured.
    """
    asked = params.read(model, messages, options)
    client = _client(asked.connection)
    growing = iterate(client.stream_completion(spec=asked.spec, timeout=asked.timeout), AnswerBuilder())
    if stream:
        return chunks.chunks(growing, include_usage=asked.include_usage)
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
    """As `completion`; with stream, `async for` over what is awaited."""
    asked = params.read(model, messages, options)
    client = await _async_client(asked.connection)
    growing = aiterate(client.stream_completion(spec=asked.spec, timeout=asked.timeout), AnswerBuilder())
    if stream:
        return chunks.achunks(growing, include_usage=asked.include_usage)
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
