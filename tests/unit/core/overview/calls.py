"""Calls that ended, for tests."""

from typing import Any

from imagewire_server.core.overview.last_calls import EndedCall

NOON = 1769860800.0  # 2026-01-31T12:00:00Z


def ended(**fields: Any) -> EndedCall:
    """A call that went well, but for these fields."""
    given = {
        "time": NOON,
        "request_id": "id",
        "caller": "team",
        "method": "POST /v1/chat/completions",
        "model": "gemini/m",
        "deployment": "d",
        "status": 200,
        "code": "OK",
        "seconds": 1.0,
        "first_image_byte": 0.5,
        "tried": (("d", "OK"),),
        "pictures": 1,
        "image_bytes": 10,
        "tokens": 20,
        "charged": "yes",
        "cost_nano_usd": 1_000_000,
    }
    return EndedCall(**{**given, **fields})
