"""Asks the Gemini API. The key travels in a header, never in a URL."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from imagewire_server.contract import pb
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.provider import ModelTable, Report
from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.providers.google.addresses import Endpoint, method_url, relayed_url
from imagewire_server.providers.google.call import GoogleCall


class GeminiApi:
    """A Provider (see the contract's protocol)."""

    name = "gemini"
    speaks = "google"

    def __init__(self, call: GoogleCall, endpoint: Endpoint, models: ModelTable) -> None:
        self._call = call
        self._endpoint = endpoint
        self._credentials = {"x-goog-api-key": endpoint.api_key}
        self.models = models

    async def target(self, native_id: str) -> str:
        """See the protocol."""
        return self._call.target(self._endpoint.model_url(native_id), self.models.find(native_id))

    def generate(
        self, spec: pb.Spec, native_id: str, *, stream: bool, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Ask once; see the protocol."""
        url = method_url(self._endpoint.model_url(native_id), stream=stream)
        known = self.models.find(native_id)
        return self._call.ask(url, spec, known, self._credentials, report=report)

    async def relay(
        self, request: RelayedRequest, native_id: str, *, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Ask once; see Relaying."""
        await self._call.check(request, large=report.large)
        url = relayed_url(self._endpoint.model_url(native_id), request)
        async with aclosing(self._call.generate(url, request.body, self._credentials, report=report)) as answer:
            async for events in answer:
                yield events
