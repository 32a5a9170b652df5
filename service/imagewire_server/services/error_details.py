"""Our errors as google.rpc.Status, with its details, the same in every API."""

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imagewire_server.contract.errors import DOMAIN, Error

# gRPC replaces trailers over 15 kB; with names and base64 this stays below 8 kB.
_MOST_DETAIL_BYTES = 5000
_LONGEST_MESSAGE = 2000


def status_of(error: Error, request_id: str) -> Status:
    """Code, message and details of an error; request_id is what the log line has."""
    made = Status(code=error.code, message=error.message[:_LONGEST_MESSAGE])
    _details(made, error, request_id)
    return made


def _details(made: Status, error: Error, request_id: str) -> None:
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


def _pack(into: Status, detail: ErrorInfo | RequestInfo | RetryInfo | BadRequest) -> None:
    packed = Any()
    packed.Pack(detail)
    into.details.append(packed)
