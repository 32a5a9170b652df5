"""Asks the toy's upstream, and what its models take and cost."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import ClassVar, cast

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.models import Row, table
from imagewire_server.config.settings import Settings
from imagewire_server.contract import capability_rules, pb
from imagewire_server.contract.errors import Code, Refused
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.provider import Capabilities, ImagePrice, ModelTable, Provider, Report
from imagewire_server.providers.registry import Policy
from imagewire_server.transport.http import HttpTransport, prepared
from tests.toy_provider.config import ToyOptions, ToySettings
from tests.toy_provider.wire import Reader, encode

_UNKNOWN = Capabilities(
    service="the toy",
    default_image_size="512",
    image_bytes={"512": 100_000, "2K": 1_000_000, "4K": 3_000_000},
    uri_schemes=(),
    fields=frozenset({
        "Spec.model", "Spec.messages", "Spec.response_modalities", "Spec.image_config",
        "ImageConfig.image_size", "ImageConfig.aspect_ratio",
        "ChatMessage.role", "ChatMessage.content", "ChatMessage.image", "ChatMessage.parts",
        "Part.text", "Part.image", "Image.data", "Image.uri", "Image.mime_type",
    }),
)  # fmt: skip
_MODELS: tuple[Row, ...] = (
    {
        "id": "easel-1",
        "aspect_ratios": ("1:1",),
        "image_sizes": ("512", "2K"),
        "thinking_levels": (),
        "max_input_images": 1,
        "price": ImagePrice({"512": 0.04, "2K": 0.25}),
    },
)


def models(provider: str, rows: Iterable[Row]) -> ModelTable:
    """The toy's models."""
    return table(provider, _UNKNOWN, (*_MODELS, *rows))


class ToyConnector:
    """A Connector."""

    def __init__(self, http: HttpTransport) -> None:
        self._http = http

    def provider(self, deployment: Deployment, models: ModelTable, settings: Settings, policy: Policy) -> Provider:
        """The toy, by a deployment's token."""
        options = cast("ToyOptions", deployment.options)  # they are made in `config` alone
        return Toy(self._http, settings.of(ToySettings).toy_url, options, models)

    async def reread(self, deployments: Iterable[Deployment]) -> None:
        """Nothing is kept."""


class Toy:
    """A Provider."""

    name: ClassVar[str] = "toy"

    def __init__(self, http: HttpTransport, url: str, options: ToyOptions, known: ModelTable) -> None:
        self.models = known
        self._http = http
        self._url = f"{url}/paint"
        self._options = options
        self._headers = prepared({"content-type": "application/json", "x-toy-token": options.token})

    async def target(self, native_id: str) -> str:
        """See the protocol."""
        return f"{self._url} {self._options.palette}"

    async def generate(
        self, spec: pb.Spec, native_id: str, *, stream: bool, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Ask once; the toy always streams."""
        known = self.models.find(native_id)
        capability_rules.check(spec, known)
        body = encode(spec, native_id, self._options.palette, known.default_image_size)
        report.sent = True
        async with aclosing(await self._http.post(self._url, self._headers, body)) as answer:
            if answer.status != 200:
                raise Refused("the toy refused", code=Code.UNAVAILABLE, reason="UPSTREAM_UNAVAILABLE")
            report.answer = reader = Reader()
            while piece := await answer.read():
                if events := reader.feed(piece):
                    yield events
            reader.close()
