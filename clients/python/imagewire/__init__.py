"""imagewire: chat that draws, over gRPC. This is its Python client.

    with imagewire.Client() as client:
        answer = client.create_completion("gemini/gemini-2.5-flash-image", "A banana in a costume")
        Path("banana.png").write_bytes(answer.candidates[0].message.image.data)

Names load when they are first used, so that importing the package, or its stubs alone, costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from imagewire._assemble import acollect, collect
    from imagewire._client import AsyncClient, Client
    from imagewire._errors import (
        AnswerTooLarge,
        Cancelled,
        CorruptAnswer,
        DeadlineExceeded,
        ImagewireError,
        InvalidRequest,
        ModelNotFound,
        NotFound,
        NotSupported,
        PermissionDenied,
        RateLimited,
        ServerError,
        Unauthenticated,
        Unavailable,
        Violation,
    )
    from imagewire._request import build_spec

_HOMES = {
    "imagewire._assemble": ("acollect", "collect"),
    "imagewire._client": ("AsyncClient", "Client"),
    "imagewire._errors": (
        "AnswerTooLarge",
        "Cancelled",
        "CorruptAnswer",
        "DeadlineExceeded",
        "ImagewireError",
        "InvalidRequest",
        "ModelNotFound",
        "NotFound",
        "NotSupported",
        "PermissionDenied",
        "RateLimited",
        "ServerError",
        "Unauthenticated",
        "Unavailable",
        "Violation",
    ),
    "imagewire._request": ("build_spec",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AnswerTooLarge",
    "AsyncClient",
    "Cancelled",
    "Client",
    "CorruptAnswer",
    "DeadlineExceeded",
    "ImagewireError",
    "InvalidRequest",
    "ModelNotFound",
    "NotFound",
    "NotSupported",
    "PermissionDenied",
    "RateLimited",
    "ServerError",
    "Unauthenticated",
    "Unavailable",
    "Violation",
    "__version__",
    "acollect",
    "build_spec",
    "collect",
]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
