"""Maps our errors to gRPC statuses with google.rpc details. This is the only place that does."""

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imagewire_server.contract.access_errors import is_lasting
from imagewire_server.contract.errors import DOMAIN, Error

# gRPC replaces trailers over 15 kB; with names and base64 this stays below 8 kB.
_MOST_DETAIL_BYTES = 5000
_LONGEST_MESSAGE = 2000

_CODES = {code.value[0]: code for code in grpc.StatusCode}

Trailers = tuple[tuple[str, str | bytes], ...]


def status(error: Error, request_id: str) -> tuple[grpc.StatusCode, str, Trailers]:
    """Code, message and trailers for an error; request_id is what the log line has."""
    message = error.message[:_LONGEST_MESSAGE]
    trailers: list[tuple[str, str | bytes]] = [("grpc-status-details-bin", _details(error, message, request_id))]
    if error.charged:
        trailers.append(("grpc-retry-pushback-ms", "-1"))
    elif error.retry_after is not None and not is_lasting(error):
        # gRPC's own retries would wait as long as this says, for hours too.
        trailers.append(("grpc-retry-pushback-ms", str(int(error.retry_after * 1000))))
    return _CODES[error.code], message, tuple(trailers)


def _details(error: Error, message: str, request_id: str) -> bytes:
    made = Status(code=error.code, message=message)
    _pack(made, ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata))
    _pack(made, RequestInfo(request_id=request_id))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(int(error.retry_after * 1000))
        _pack(made, RetryInfo(retry_delay=delay))
    if error.violations:
        room = _MOST_DETAIL_BYTES - made.ByteSize()
        bad = BadRequest()
        for violation in error.violations:
            bad.field_violations.add(field=violation.field[:256], description=violation.description[:512])
            if bad.ByteSize() > room:
                del bad.field_violations[-1]
                break
        _pack(made, bad)
    return bytes(made.SerializeToString())


def _pack(into: Status, detail: ErrorInfo | RequestInfo | RetryInfo | BadRequest) -> None:
    packed = Any()
    packed.Pack(detail)
    into.details.append(packed)
