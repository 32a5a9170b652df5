"""Asks the Gemini API. The key travels in a header, never in a URL."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

from imagewire_server import __version__
from imagewire_server.config.models import ModelTable
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Malformed
from imagewire_server.dialects.gemini import Reader, encode, refusal
from imagewire_server.providers.gemini_api.profile import profile
from imagewire_server.transport.http import HttpAnswer, HttpTransport

_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API is and by which key. base_url: without a path's end slash."""

    base_url: str
    version: str
    api_key: str = field(repr=False)


class GeminiApi:
    """A Provider (see the contract's protocol)."""

    name = "gemini"

    def __init__(self, http: HttpTransport, endpoint: Endpoint, models: ModelTable) -> None:
        self._http = http
        self._endpoint = endpoint
        self._models = models
        self._headers = {
            "x-goog-api-key": endpoint.api_key,
            "content-type": "application/json",
            "user-agent": f"imagewire/{__version__}",
        }

    async def generate(
        self, spec: pb.Spec, native_id: str, *, stream: bool, max_frame_bytes: int
    ) -> AsyncGenerator[pb.Event, None]:
        """Ask once; see the protocol."""
        body = msgspec.json.encode(encode(spec, profile(self._models.find(native_id))))
        async with self._http.post(self._url(native_id, stream=stream), self._headers, body) as answer:
            if answer.status != 200:
                raise refusal(
                    answer.status,
                    await answer.head(_ERROR_BYTES),
                    retry_after=answer.retry_after,
                    secrets=(self._endpoint.api_key,),
                )
            reader = Reader(sse=_is_sse(answer), max_frame_bytes=max_frame_bytes)
            async for piece in answer.pieces():
                for event in reader.feed(piece):
                    yield event
            for event in reader.close():
                yield event

    def _url(self, native_id: str, *, stream: bool) -> str:
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        base = f"{self._endpoint.base_url.rstrip('/')}/{self._endpoint.version}"
        return f"{base}/models/{quote(native_id, safe='')}:{method}"


def _is_sse(answer: HttpAnswer) -> bool:
    if answer.content_type in {"text/event-stream", "application/json"}:
        return answer.content_type == "text/event-stream"
    raise Malformed("the provider's answer is neither JSON nor a stream of events; it may have been charged")
