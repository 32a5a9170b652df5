"""Reading a gRPC error's details."""

from dataclasses import dataclass

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status


@dataclass
class Told:
    """What an error says."""

    code: str
    message: str
    info: ErrorInfo
    bad: BadRequest
    retry: RetryInfo
    request: RequestInfo
    pushback: str | None


def told(error: grpc.aio.AioRpcError) -> Told:
    trailers = dict(error.trailing_metadata() or ())
    status = Status.FromString(trailers["grpc-status-details-bin"])
    details = ErrorInfo(), BadRequest(), RetryInfo(), RequestInfo()
    for packed in status.details:
        for detail in details:
            packed.Unpack(detail)
    return Told(error.code().name, error.details() or "", *details, trailers.get("grpc-retry-pushback-ms"))
