"""LiteLLM's functions on this package's clients: `from imagewire import litellm` in the place of `import litellm`.

Its settings are LiteLLM's too: `litellm.drop_params = True` holds for each later call that does not say otherwise. A
setting that would change nothing here cannot be set, unless it asks for nothing.
"""

import difflib
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
    "api_base",
    "api_key",
    "completion",
    "completion_cost",
    "drop_params",
    "exceptions",
    "num_retries",
    "request_timeout",
    "set_verbose",
    "stream_chunk_builder",
    "vertex_location",
    "vertex_project",
]

# What holds for each call that does not say otherwise.
api_base: str | None = None
api_key: str | None = None
drop_params: bool = False
num_retries: int | None = None
request_timeout: float | None = None
vertex_location: str | None = None
vertex_project: str | None = None
# Whether each attempt of a call is a line on the standard error.
set_verbose: bool = False

_ARGUMENTS = (
    "api_base",
    "api_key",
    "drop_params",
    "num_retries",
    "request_timeout",
    "vertex_location",
    "vertex_project",
)
_SETTINGS = (*_ARGUMENTS, "set_verbose")
# What they ask for is so here in any case: nothing is reported, no message is in a log or an error.
_HARMLESS = frozenset(
    {"modify_params", "redact_messages_in_exceptions", "suppress_debug_info", "telemetry", "turn_off_message_logging"}
)
_LOGS = "use the server's log, its metrics or interceptors"
_CACHES = "set cache_ttl in the server's file"
_FALLBACKS = "pass fallbacks to completion"
_BUDGETS = "give keys a budget under imagewire.callers of the server's file"
# What to use in place of LiteLLM's other settings.
_INSTEAD = {
    **dict.fromkeys(("callbacks", "failure_callback", "input_callback", "service_callback", "success_callback"), _LOGS),
    **dict.fromkeys(("json_logs", "log_raw_request_response", "logging"), _LOGS),
    **dict.fromkeys(("cache", "caching", "enable_cache"), _CACHES),
    **dict.fromkeys(("content_policy_fallbacks", "context_window_fallbacks", "default_fallbacks"), _FALLBACKS),
    "budget_duration": _BUDGETS,
    "headers": "pass extra_headers to completion",
    "max_budget": _BUDGETS,
    "model_alias_map": "name models in the server's file",
    "model_cost": "set prices in the server's file",
    "ssl_verify": "certificates are always verified; set SSL_CERT_FILE to those that are trusted",
}
# Those of them that ask for something by being false.
_ASK_BY_FALSE = frozenset({"ssl_verify"})
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
        if name == "set_verbose":
            _verbose().set_verbose(bool(value))
        elif name in _INSTEAD:
            if value not in (True, None) if name in _ASK_BY_FALSE else value:
                raise AttributeError(f"litellm.{name} cannot be set here: {_INSTEAD[name]}")
        elif not (name in _SETTINGS or name in _HARMLESS or name.startswith("_") or isinstance(value, ModuleType)):
            close = difflib.get_close_matches(name, _SETTINGS, n=1)
            words = f"did you mean {close[0]}?" if close else f"the settings are {', '.join(_SETTINGS)}"
            raise AttributeError(f"litellm.{name} cannot be set here; {words}")
        super().__setattr__(name, value)


def _verbose() -> Any:
    return importlib.import_module(f"{__name__}.verbose")


def _turn_on_debug() -> None:
    """LiteLLM's newer way to write `litellm.set_verbose = True`."""
    setattr(sys.modules[__name__], "set_verbose", True)  # noqa: B010  # its setter is what counts


def settings() -> dict[str, Any]:
    """The settings that are set, as arguments of `completion`."""
    found = {name: globals()[name] for name in _ARGUMENTS}
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
