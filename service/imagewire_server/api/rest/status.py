"""Maps our errors to HTTP statuses and headers. This is the only place that does."""

import math

from imagewire_server.contract.access_errors import is_lasting
from imagewire_server.contract.code import HTTP_STATUSES
from imagewire_server.contract.errors import Code, Error, ShuttingDown, UpstreamError

Headers = list[tuple[bytes, bytes]]

# A field that is not served is the caller's mistake, and a damaged answer the provider's.
_STATUSES = HTTP_STATUSES | {Code.UNIMPLEMENTED: 400, Code.DATA_LOSS: 502}
_BY_REASON = {
    # Failures of the provider, or of the server's credentials for it, are not the caller's fault.
    "UPSTREAM_CREDENTIALS": 502,
    "UPSTREAM_MALFORMED": 502,
    "UPSTREAM_TOO_LARGE": 502,
    "UPSTREAM_UNEXPECTED_STATUS": 502,
    # As the IETF's draft of Idempotency-Key has it.
    "REQUEST_ID_REUSED": 422,
}


class HttpError(Error):
    """An error of the HTTP request itself. headers: additional ones for the answer."""

    def __init__(self, status: int, reason: str, message: str, headers: Headers | None = None) -> None:
        super().__init__(message)
        self.code = Code.NOT_FOUND if status == 404 else Code.INVALID_ARGUMENT
        self.reason = reason
        self.status = status
        self.headers = headers or []


def http_status(error: Error) -> int:
    """The HTTP status of an error."""
    if isinstance(error, HttpError):
        return error.status
    if isinstance(error, ShuttingDown):
        return 500  # it may have been charged, and service meshes retry 503
    if isinstance(error, UpstreamError) and error.charged and error.code is Code.ABORTED:
        return 502
    return _BY_REASON.get(error.reason) or _STATUSES[error.code]


def error_headers(error: Error) -> Headers:
    """The headers that say whether and when to retry."""
    headers = list(error.headers) if isinstance(error, HttpError) else []
    if error.code is Code.UNAUTHENTICATED:
        headers.append((b"www-authenticate", b'Bearer realm="imagewire"'))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % math.ceil(error.retry_after)))
        headers.append((b"retry-after-ms", b"%d" % math.ceil(error.retry_after * 1000)))
    if error.charged or is_lasting(error):
        # OpenAI's clients retry 429 and 5xx automatically. This stops retries that would cost twice, or would fail.
        headers.append((b"x-should-retry", b"false"))
    return headers
