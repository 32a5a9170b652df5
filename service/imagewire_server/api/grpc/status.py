"""Maps our errors to gRPC statuses with google.rpc details. This is the only place that does."""

import grpc

from imagewire_server.contract.errors import Error
from imagewire_server.services.error_details import status_of
from imagewire_server.services.pushback import pushback

_CODES = {code.value[0]: code for code in grpc.StatusCode}

Trailers = tuple[tuple[str, str | bytes], ...]


def status(error: Error, request_id: str) -> tuple[grpc.StatusCode, str, Trailers]:
    """Code, message and trailers for an error; request_id is what the log line has."""
    made = status_of(error, request_id)
    details: tuple[str, bytes] = ("grpc-status-details-bin", bytes(made.SerializeToString()))
    return _CODES[error.code], made.message, (details, *pushback(error))
