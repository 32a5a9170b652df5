"""Makes Google's providers out of deployments. Deployments of the same credentials share one token."""

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.settings import Settings
from imagewire_server.contract.provider import ModelTable, Provider
from imagewire_server.providers.google import addresses, config
from imagewire_server.providers.google.call import GoogleCall
from imagewire_server.providers.google.config import GoogleSettings
from imagewire_server.providers.google.gemini import GeminiApi
from imagewire_server.providers.google.token import GoogleToken
from imagewire_server.providers.google.vertex import Vertex
from imagewire_server.providers.google.wire import Allowed
from imagewire_server.providers.registry import Policy
from imagewire_server.transport.http import HttpTransport


class GoogleConnector:
    """A Connector (see the registry's protocol)."""

    def __init__(self, http: HttpTransport) -> None:
        self._http = http
        self._tokens: dict[str, GoogleToken] = {}

    def provider(self, deployment: Deployment, models: ModelTable, settings: Settings, policy: Policy) -> Provider:
        """The Gemini API's or Vertex AI's. The first of Vertex AI loads Google's library."""
        given, options = settings.of(GoogleSettings), config.of(deployment)
        bases = (
            options.api_base,
            given.gemini_base_url if deployment.provider == GeminiApi.name else given.vertex_base_url,
        )
        hosts = frozenset(host for base in bases if (host := urlsplit(base).hostname))
        allowed = Allowed(policy.buckets, policy.resources, hosts)
        call = GoogleCall(self._http, dict(options.extra_headers), options.timeout, policy.max_retry_after, allowed)
        if deployment.provider == GeminiApi.name:
            return GeminiApi(call, addresses.endpoint(options, given), models)
        location = addresses.location(options, given)
        return Vertex(call, location, None if options.api_key else self._token(options.credentials), models)

    async def reread(self, deployments: Iterable[Deployment]) -> None:
        """Read the credentials that these deployments use again, in the background."""
        used = {config.of(deployment).credentials for deployment in deployments}
        self._tokens = {source: token for source, token in self._tokens.items() if source in used}
        await asyncio.gather(*(token.reread() for token in self._tokens.values()))

    def _token(self, source: str) -> GoogleToken:
        """One renewal for all deployments of the same credentials, and across reloads."""
        if source not in self._tokens:
            self._tokens[source] = GoogleToken(source)
        return self._tokens[source]
