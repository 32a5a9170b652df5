"""Where a reader of a kept answer goes on."""

from imagewire_server.contract.errors import InvalidRequest, Violation


def beyond(sequence: int, size: int) -> InvalidRequest:
    """Of an offset that is larger than the file that begins behind an event. size: of the file, 0 where none begins."""
    words = f"is beyond the {size} bytes that event {sequence} began; send how many have arrived"
    return InvalidRequest([Violation("offset", words)])


def after_the_last(last: int) -> InvalidRequest:
    """Of a sequence that an answer does not have. last: the sequence of its last event."""
    words = f"is beyond event {last}, the last one; send the last one that arrived"
    return InvalidRequest([Violation("after_sequence", words)])
