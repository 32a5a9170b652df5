"""The trailer by which gRPC's clients, and Connect's, learn whether and when to repeat a call by themselves."""

from imagewire_server.contract.access_errors import is_lasting
from imagewire_server.contract.errors import Error


def pushback(error: Error) -> list[tuple[str, str]]:
    """As in gRPC's retry design: -1 for never, or milliseconds; empty where the error says nothing of it."""
    if error.charged:
        return [("grpc-retry-pushback-ms", "-1")]
    if error.retry_after is not None and not is_lasting(error):
        # gRPC's own retries would wait as long as this says, for hours too.
        return [("grpc-retry-pushback-ms", str(int(error.retry_after * 1000)))]
    return []
