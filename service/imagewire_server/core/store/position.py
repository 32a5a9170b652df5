"""Where a reader of a kept answer goes on."""

from imagewire_server.contract.errors import InvalidRequest, Violation


def beyond(sequence: int, size: int) -> InvalidRequest:
    """Of an offset that is larger than the file that begins behind an event. size: of the file, 0 where none begins."""
    words = f"is beyond the {size} bytes that event {sequence} began; send how many have arrived"
    return InvalidRequest([Violation("offset", words)])
