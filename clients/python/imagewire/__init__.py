"""imagewire: chat that draws, over gRPC. This is its Python client.

    with imagewire.Client() as client:
        client.draw("A banana in a costume").save("banana.png")

Names load when they are first used, so that importing the package, or its stubs alone, costs next to nothing.
"""

__version__ = "0.1.0"

# As in typing, which takes longer to load than the command's Ctrl-C may be unheard.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imagewire import testing as testing
    from imagewire._grpc.health import Pong
    from imagewire.answer import Answer
    from imagewire.assemble import acollect, collect
    from imagewire.async_chat import AsyncChat
    from imagewire.async_client import AsyncClient
    from imagewire.chat import Chat
    from imagewire.client import Client
    from imagewire.errors import (
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
    )
    from imagewire.images import Image, Picture, image
    from imagewire.kept_errors import (
        AnswerNotKept,
        CompletionNotFound,
        ImageNotFound,
        KeepOff,
        OutcomeUnknown,
        RequestIdReused,
        StoreUnavailable,
    )
    from imagewire.litellm.calls import acompletion, completion
    from imagewire.litellm.rebuild import stream_chunk_builder
    from imagewire.litellm.types import Completion, CompletionChunk
    from imagewire.media import Media
    from imagewire.messages import assistant, function_result, system, user
    from imagewire.options import DEFAULT_MODEL, Options, build_spec
    from imagewire.part import Chunk, Part
    from imagewire.tls import Tls
    from imagewire.tools import google_search
    from imagewire.violation import Violation

_HOMES = {
    "imagewire._grpc.health": ("Pong",),
    "imagewire.answer": ("Answer",),
    "imagewire.assemble": (
        "acollect",
        "collect",
    ),
    "imagewire.async_chat": ("AsyncChat",),
    "imagewire.async_client": ("AsyncClient",),
    "imagewire.chat": ("Chat",),
    "imagewire.client": ("Client",),
    "imagewire.errors": (
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
    ),
    "imagewire.images": (
        "Image",
        "Picture",
        "image",
    ),
    "imagewire.kept_errors": (
        "AnswerNotKept",
        "CompletionNotFound",
        "ImageNotFound",
        "KeepOff",
        "OutcomeUnknown",
        "RequestIdReused",
        "StoreUnavailable",
    ),
    "imagewire.litellm.calls": (
        "acompletion",
        "completion",
    ),
    "imagewire.litellm.rebuild": ("stream_chunk_builder",),
    "imagewire.litellm.types": (
        "Completion",
        "CompletionChunk",
    ),
    "imagewire.media": ("Media",),
    "imagewire.messages": (
        "assistant",
        "function_result",
        "system",
        "user",
    ),
    "imagewire.options": (
        "DEFAULT_MODEL",
        "Options",
        "build_spec",
    ),
    "imagewire.part": (
        "Chunk",
        "Part",
    ),
    "imagewire.tls": ("Tls",),
    "imagewire.tools": ("google_search",),
    "imagewire.violation": ("Violation",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT_MODEL",
    "Answer",
    "AnswerNotKept",
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
    "CompletionNotFound",
    "CorruptAnswer",
    "DeadlineExceeded",
    "Image",
    "ImageNotFound",
    "ImagewireError",
    "InvalidRequest",
    "KeepOff",
    "Media",
    "ModelNotFound",
    "NoPicture",
    "NotFound",
    "NotSupported",
    "Options",
    "OutcomeUnknown",
    "Part",
    "PermissionDenied",
    "Picture",
    "Pong",
    "RateLimited",
    "RequestIdReused",
    "ServerError",
    "StoreUnavailable",
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
    "stream_chunk_builder",
    "system",
    "user",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> "Any":
    import importlib  # noqa: PLC0415

    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    if name == "testing":
        return importlib.import_module("imagewire.testing")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
