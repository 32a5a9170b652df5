"""The types of the answers about this server: models, health, readiness. They define /openapi.json too."""

from typing import TYPE_CHECKING, Literal

import msgspec

from imagewire_server.contract.capability_rules import CHOICES
from imagewire_server.formats.openai.common.json_decode import Strict


class Model(Strict):
    """A model by the name that callers use. An absent field says "unknown", an empty list "none"."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


if TYPE_CHECKING:
    ModelEntry = Model
else:
    # A model with its capabilities: each list of values that the contract's Model has, and two more.
    ModelEntry = msgspec.defstruct(
        "ModelEntry",
        [
            *((name, list[str] | msgspec.UnsetType, msgspec.UNSET) for name in CHOICES),
            ("max_input_images", int | msgspec.UnsetType, msgspec.UNSET),
            ("system_instruction", bool | msgspec.UnsetType, msgspec.UNSET),
        ],
        bases=(Model,),
        module=__name__,
        namespace={"__doc__": Model.__doc__},
    )


class ModelList(Strict):
    """All models."""

    object: Literal["list"]
    data: list[ModelEntry]


class Endpoint(Strict):
    """A deployment, and whether it is temporarily disabled."""

    model: str
    model_id: str


class Health(Strict):
    """The deployments by the results of recent calls. No call is made for this."""

    healthy_endpoints: list[Endpoint]
    unhealthy_endpoints: list[Endpoint]
    healthy_count: int
    unhealthy_count: int
    warnings: list[str]


class Readiness(Strict):
    """Whether the server takes new calls."""

    status: Literal["healthy"]
    version: str
    warnings: list[str]
