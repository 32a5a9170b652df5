"""imagewire: chat that draws, over gRPC. This is its Python client.

    with imagewire.Client() as client:
        client.draw("A banana in a costume").save("banana.png")

Names load when they are first used, so that importing the package, or its stubs alone, costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from imagewire._answer import Answer, Chunk, Part
    from imagewire._assemble import acollect, collect
    from imagewire._base import Pong
    from imagewire._channel import Tls
    from imagewire._chat import AsyncChat, Chat
    from imagewire._client import AsyncClient, Client
    from imagewire._completion import acompletion, completion
    from imagewire._errors import (
        AnswerTooLarge,
        AnswerWillNotFit,
        Blocked,
        Cancelled,
        CorruptAnswer,
        DeadlineExceeded,
        ImagewireError,
        InvalidRequest,
        ModelNotFound,
        NoPicture,
        NotFound,
        NotSupported,
        PermissionDenied,
        RateLimited,
        ServerError,
        Unauthenticated,
        Unavailable,
        Violation,
    )
    from imagewire._image import Image, Picture, image
    from imagewire._media import Media
    from imagewire._message import assistant, function_result, system, user
    from imagewire._openai_types import Completion, CompletionChunk
    from imagewire._request import DEFAULT_MODEL, Options, build_spec
    from imagewire._tools import google_search

_HOMES = {
    "imagewire._answer": (
        "Answer",
        "Chunk",
        "Part",
    ),
    "imagewire._assemble": (
        "acollect",
        "collect",
    ),
    "imagewire._base": ("Pong",),
    "imagewire._channel": ("Tls",),
    "imagewire._chat": (
        "AsyncChat",
        "Chat",
    ),
    "imagewire._client": (
        "AsyncClient",
        "Client",
    ),
    "imagewire._completion": (
        "acompletion",
        "completion",
    ),
    "imagewire._errors": (
        "AnswerTooLarge",
        "AnswerWillNotFit",
        "Blocked",
        "Cancelled",
        "CorruptAnswer",
        "DeadlineExceeded",
        "ImagewireError",
        "InvalidRequest",
        "ModelNotFound",
        "NoPicture",
        "NotFound",
        "NotSupported",
        "PermissionDenied",
        "RateLimited",
        "ServerError",
        "Unauthenticated",
        "Unavailable",
        "Violation",
    ),
    "imagewire._image": (
        "Image",
        "Picture",
        "image",
    ),
    "imagewire._media": ("Media",),
    "imagewire._message": (
        "assistant",
        "function_result",
        "system",
        "user",
    ),
    "imagewire._openai_types": (
        "Completion",
        "CompletionChunk",
    ),
    "imagewire._request": (
        "DEFAULT_MODEL",
        "Options",
        "build_spec",
    ),
    "imagewire._tools": ("google_search",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT_MODEL",
    "Answer",
    "AnswerTooLarge",
    "AnswerWillNotFit",
    "AsyncChat",
    "AsyncClient",
    "Blocked",
    "Cancelled",
    "Chat",
    "Chunk",
    "Client",
    "Completion",
    "CompletionChunk",
    "CorruptAnswer",
    "DeadlineExceeded",
    "Image",
    "ImagewireError",
    "InvalidRequest",
    "Media",
    "ModelNotFound",
    "NoPicture",
    "NotFound",
    "NotSupported",
    "Options",
    "Part",
    "PermissionDenied",
    "Picture",
    "Pong",
    "RateLimited",
    "ServerError",
    "Tls",
    "Unauthenticated",
    "Unavailable",
    "Violation",
    "__version__",
    "acollect",
    "acompletion",
    "assistant",
    "build_spec",
    "collect",
    "completion",
    "function_result",
    "google_search",
    "image",
    "system",
    "user",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
