"""The caller's time limit, as each protocol writes it."""

from imagewire_server.contract.errors import InvalidRequest, Violation

CONNECT, GRPC = "connect-timeout-ms", "grpc-timeout"

_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def milliseconds(value: str) -> float:
    """Connect's header, in seconds. Raises InvalidRequest."""
    if not _is_number(value, 10):
        raise _wrong(CONNECT, "must be a number of milliseconds with at most 10 digits, for example 60000")
    return int(value) / 1000


def with_unit(value: str) -> float:
    """gRPC's header, in seconds. Raises InvalidRequest."""
    if not _is_number(value[:-1], 8) or value[-1] not in _UNITS:
        raise _wrong(GRPC, "must be at most 8 digits and one of the units H, M, S, m, u and n, for example 60S")
    return int(value[:-1]) * _UNITS[value[-1]]


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most


def _wrong(name: str, words: str) -> InvalidRequest:
    return InvalidRequest([Violation(name, words)])
