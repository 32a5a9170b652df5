"""What providers/registry.py registers. What calls Google is loaded when a server begins, not to check a file."""

from typing import TYPE_CHECKING

from imagewire_server.providers.google.config import CONFIG
from imagewire_server.providers.registry import Connector, Registration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imagewire_server.config.deployments import Deployment
    from imagewire_server.config.load import Config
    from imagewire_server.config.models import Row
    from imagewire_server.config.show import Asked
    from imagewire_server.contract import pb
    from imagewire_server.contract.provider import Capabilities, ModelTable
    from imagewire_server.transport.http import HttpTransport


def _models(provider: str, rows: "Iterable[Row]") -> "ModelTable":
    from imagewire_server.providers.google.capabilities import models  # noqa: PLC0415

    return models(provider, rows)


def _connect(http: "HttpTransport") -> Connector:
    from imagewire_server.providers.google.connector import GoogleConnector  # noqa: PLC0415

    return GoogleConnector(http)


def _check(spec: "pb.Spec", capabilities: "Capabilities") -> None:
    from imagewire_server.providers.google.wire import encode  # noqa: PLC0415

    encode(spec, capabilities)


def _asked(deployment: "Deployment", config: "Config", environ: "Mapping[str, str]") -> "Asked":
    from imagewire_server.providers.google.describe import asked  # noqa: PLC0415

    return asked(deployment, config, environ)


def _leave_out(spec: "pb.Spec") -> None:
    from imagewire_server.providers.google.wire.default_extra import leave_out  # noqa: PLC0415

    leave_out(spec)


def _give_way(defaults: "pb.Spec", extra: "pb.Struct") -> None:
    from imagewire_server.providers.google.wire.default_extra import give_way  # noqa: PLC0415

    give_way(defaults, extra)


PROVIDER = Registration(CONFIG, _models, _connect, _check, _asked, _leave_out, _give_way)
