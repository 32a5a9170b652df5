"""LiteLLM's `completion` and `acompletion`, on this package's clients: OpenAI's messages in, OpenAI's shapes out.

Without a target the server runs inside this process. Every argument either moves the request or is refused by name.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from typing import Literal, Unpack, overload

from imagewire._grpc import embedded
from imagewire._grpc.channel import EMBEDDED
from imagewire.answer_builder import Reader
from imagewire.chat import agrown, alast, grown, last
from imagewire.client import AsyncClient, Client
from imagewire.litellm import chunks, params
from imagewire.litellm.messages import Messages
from imagewire.litellm.params import CompletionOptions, Place
from imagewire.litellm.types import Completion, CompletionChunk

_lock = threading.Lock()
_clients: dict[Place, Client] = {}
# A channel of asyncio's belongs to its loop.
_async_clients: dict[asyncio.AbstractEventLoop, dict[Place, AsyncClient]] = {}


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
    client = _client(asked.place)
    growing = grown(client.stream_completion(spec=asked.spec, timeout=asked.timeout), Reader())
    if stream:
        return chunks.chunks(growing, include_usage=asked.include_usage)
    return Completion(last(growing))


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
    client = await _async_client(asked.place)
    growing = agrown(client.stream_completion(spec=asked.spec, timeout=asked.timeout), Reader())
    if stream:
        return chunks.achunks(growing, include_usage=asked.include_usage)
    return Completion(await alast(growing))


def _client(place: Place) -> Client:
    with _lock:
        if place not in _clients:
            _clients[place] = Client(_target(place), api_key=place.api_key, retries=place.retries)
        return _clients[place]


async def _async_client(place: Place) -> AsyncClient:
    target = await asyncio.to_thread(_target, place)  # it may start a server
    loop = asyncio.get_running_loop()
    with _lock:
        for ended in [known for known in _async_clients if known.is_closed()]:
            del _async_clients[ended]
        clients = _async_clients.setdefault(loop, {})
        if place not in clients:
            clients[place] = AsyncClient(target, api_key=place.api_key, retries=place.retries)
        return clients[place]


def _target(place: Place) -> str:
    return embedded.address(**dict(place.variables)) if place.target == EMBEDDED else place.target
