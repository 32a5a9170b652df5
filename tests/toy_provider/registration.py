"""What the registry takes. What asks the toy is loaded when a server begins, not to check a file."""

from typing import TYPE_CHECKING

from imagewire_server.providers.registry import Connector, Registration
from tests.toy_provider.config import CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagewire_server.config.models import Row
    from imagewire_server.contract.provider import ModelTable
    from imagewire_server.transport.http import HttpTransport


def _models(provider: str, rows: "Iterable[Row]") -> "ModelTable":
    from tests.toy_provider.provider import models  # noqa: PLC0415

    return models(provider, rows)


def _connect(http: "HttpTransport") -> Connector:
    from tests.toy_provider.provider import ToyConnector  # noqa: PLC0415

    return ToyConnector(http)


PROVIDER = Registration(CONFIG, _models, _connect)
