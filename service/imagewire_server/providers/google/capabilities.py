"""What Google's models take and cost: the Gemini API's and Vertex AI's, which serve the same models."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources

from imagewire_server.config.models import Row, table, typed
from imagewire_server.contract.provider import Capabilities, ModelTable
from imagewire_server.contract.validation import CHECKS
from imagewire_server.providers.google.model_names import talks
from imagewire_server.providers.google.wire.encode import GEMINI, TAKEN_BY, VERTEX

# How Vertex AI names the ways to bill that have a price a token. Provisioned throughput is paid by the month.
_BILLED_AS = {
    "": "",
    "TRAFFIC_TYPE_UNSPECIFIED": "",
    "ON_DEMAND": "",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
}


def _fields_of(service: str) -> frozenset[str]:
    return frozenset(name for name in CHECKS if TAKEN_BY.get(name, service) == service)


_UNKNOWN = {
    "gemini": Capabilities(service=GEMINI, traced_as="gcp.gemini", fields=_fields_of(GEMINI), billed_as=_BILLED_AS),
    "vertex_ai": Capabilities(
        service=VERTEX,
        traced_as="gcp.vertex_ai",
        fields=_fields_of(VERTEX),
        billed_as=_BILLED_AS,
        uri_schemes=("https", "gs"),
    ),
}


@cache
def _shipped() -> tuple[Row, ...]:
    text = resources.files(__package__).joinpath("models.toml").read_text(encoding="utf-8")
    return tuple(typed(row) for row in tomllib.loads(text)["model"])


def models(provider: str, own: Iterable[Row] = ()) -> ModelTable:
    """The models of "gemini" or "vertex_ai". own: what the configuration adds to the table or changes in it."""
    return table(provider, _UNKNOWN[provider], (*_shipped(), *own), talks)
