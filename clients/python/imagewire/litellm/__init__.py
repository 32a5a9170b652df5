"""LiteLLM's functions on this package's clients: `from imagewire import litellm` in the place of `import litellm`.

Its settings are LiteLLM's too: `litellm.drop_params = True` holds for each later call that does not say otherwise. A
setting that would change nothing here cannot be set.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagewire.litellm import exceptions
    from imagewire.litellm.calls import acompletion, completion
    from imagewire.litellm.cost import completion_cost
    from imagewire.litellm.exceptions import (
        APIConnectionError,
        APIError,
        AuthenticationError,
        BadRequestError,
        ContentPolicyViolationError,
        InternalServerError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        ServiceUnavailableError,
        Timeout,
    )
    from imagewire.litellm.rebuild import stream_chunk_builder
    from imagewire.litellm.types import Completion as ModelResponse
    from imagewire.litellm.types import CompletionChunk as ModelResponseStream
    from imagewire.litellm.types import Message
    from imagewire.litellm.usage import Usage

__all__ = [
    "APIConnectionError",
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ContentPolicyViolationError",
    "InternalServerError",
    "Message",
    "ModelResponse",
    "ModelResponseStream",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServiceUnavailableError",
    "Timeout",
    "Usage",
    "acompletion",
    "completion",
    "completion_cost",
    "drop_params",
    "exceptions",
    "num_retries",
    "request_timeout",
    "stream_chunk_builder",
]

# What holds for each call that does not say otherwise.
drop_params: bool = False
num_retries: int | None = None
request_timeout: float | None = None

_SETTINGS = ("drop_params", "num_retries", "request_timeout")
# They switch off what is not here.
_HARMLESS = frozenset({"suppress_debug_info", "telemetry"})
# Where a name is, and what it is called there; all others are errors.
_HOMES = {
    "Message": ("types", "Message"),
    "ModelResponse": ("types", "Completion"),
    "ModelResponseStream": ("types", "CompletionChunk"),
    "Usage": ("usage", "Usage"),
    "acompletion": ("calls", "acompletion"),
    "completion": ("calls", "completion"),
    "completion_cost": ("cost", "completion_cost"),
    "stream_chunk_builder": ("rebuild", "stream_chunk_builder"),
}


class _Module(ModuleType):
    """This module, with settings that are checked. Modules inside it become its attributes when they are imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _SETTINGS or name in _HARMLESS or name.startswith("_") or isinstance(value, ModuleType)):
            raise AttributeError(f"litellm.{name} cannot be set here; the settings are {', '.join(_SETTINGS)}")
        super().__setattr__(name, value)


def settings() -> dict[str, Any]:
    """The settings that are set, as arguments of `completion`."""
    found = {name: globals()[name] for name in _SETTINGS}
    return {name: value for name, value in found.items() if value is not None and value is not False}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home, found = _HOMES.get(name, ("exceptions", name))
    module = importlib.import_module(f"{__name__}.{home}")
    return module if name == "exceptions" else getattr(module, found)


sys.modules[__name__].__class__ = _Module
