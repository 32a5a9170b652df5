"""How a collector's answers are read: they say by their status whether they took what was sent, so not to their end."""

import io
import os
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_MOST = 64 * 1024  # bytes of an answer
_PIECE = 8 * 1024
# OpenTelemetry's variables that name a session of the operator's own.
_CHOSEN = ("", "_TRACES", "_METRICS")


def session() -> requests.Session | None:
    """A session for an exporter, None if the operator's own is to be used."""
    if any(os.environ.get(f"OTEL_PYTHON_EXPORTER_OTLP_HTTP{signal}_CREDENTIAL_PROVIDER") for signal in _CHOSEN):
        return None
    made = requests.Session()
    for prefix in ("http://", "https://"):
        made.mount(prefix, _Adapter())
    return made


class _Adapter(HTTPAdapter):
    """Reads what keeps the connection usable, if that is little and comes in time; else the connection is closed."""

    def send(self, *given: Any, timeout: Any = None, **more: Any) -> requests.Response:
        deadline = time.monotonic() + timeout if isinstance(timeout, int | float) else None
        response = super().send(*given, **{**more, "stream": True, "timeout": timeout})
        raw, left = response.raw, _MOST
        take = getattr(raw, "read1", raw.read)  # urllib3 1 has the latter alone
        try:
            while left > 0 and (deadline is None or time.monotonic() < deadline):
                piece = take(min(_PIECE, left), decode_content=False)
                if not piece:
                    raw.release_conn()
                    break
                left -= len(piece)
            else:
                raw.close()
        except Exception:  # noqa: BLE001  # the status is known
            raw.close()
        response.raw = io.BytesIO()
        return response
