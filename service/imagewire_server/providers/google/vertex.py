"""Asks Vertex AI, with a token that is renewed in the background, or in express mode with an API key."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Refused
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.provider import ModelTable, Report
from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.providers.google.addresses import Location, method_url, relayed_url
from imagewire_server.providers.google.call import GoogleCall
from imagewire_server.providers.google.token import Access, GoogleToken
from imagewire_server.providers.google.wire import Body


class Vertex:
    """A Provider (see the contract's protocol). token: None in express mode."""

    name = "vertex_ai"
    speaks = "google"

    def __init__(self, call: GoogleCall, location: Location, token: GoogleToken | None, models: ModelTable) -> None:
        self._call = call
        self._location = location
        self._token = token
        self.models = models

    async def target(self, native_id: str) -> str:
        """See the protocol. The project of the credentials counts where the location has none."""
        token = None if self._location.project else self._token
        project = await token.project() if token is not None else ""
        return self._call.target(self._location.model_url(native_id, project), self.models.find(native_id))

    async def generate(
        self, spec: pb.Spec, native_id: str, *, stream: bool, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Ask once; see the protocol."""
        body = await self._call.body(spec, self.models.find(native_id), large=report.large)
        answer = self._ask(body, native_id, lambda model_url: method_url(model_url, stream=stream), report)
        async with aclosing(answer):
            async for events in answer:
                yield events

    async def relay(
        self, request: RelayedRequest, native_id: str, *, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Ask once; see Relaying."""
        await self._call.check(request, large=report.large)
        answer = self._ask(request.body, native_id, lambda model_url: relayed_url(model_url, request), report)
        async with aclosing(answer):
            async for events in answer:
                yield events

    async def _ask(
        self, body: bytes | Body, native_id: str, url_of: Callable[[str], str], report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Ask once; a token that Google no longer takes is renewed and the call made again, once; it cost nothing."""
        access = await self._token.get() if self._token else None
        renewed = False
        while True:
            url = url_of(self._location.model_url(native_id, access.project if access else ""))
            credentials = self._credentials(access)
            answer = self._call.generate(url, body, credentials, report=report)
            try:
                async with aclosing(answer):
                    async for events in answer:
                        yield events
            except Refused as error:
                # Only a real 401 cost nothing: an error inside an answer comes after what was drawn.
                if renewed or error.http_status != 401 or self._token is None or access is None:
                    raise
                renewed = True
                report.sent = False
                await self._token.renew(access)
                access = await self._token.get()
            else:
                return

    def _credentials(self, access: Access | None) -> dict[str, str]:
        """Headers that hold secrets. access: None in express mode."""
        if access is None:
            return {"x-goog-api-key": self._location.api_key}
        headers = {"authorization": f"Bearer {access.token}"}
        if access.quota_project:
            headers["x-goog-user-project"] = access.quota_project
        return headers
