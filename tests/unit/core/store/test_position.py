"""A position that a kept answer does not have."""

from imagewire_server.contract.errors import Violation
from imagewire_server.core.store.position import after_the_last, beyond


def test_the_callers_field_and_what_to_send_are_named() -> None:
    words = "is beyond the 12 bytes that event 3 began; send how many have arrived"
    assert beyond(3, 12).violations == (Violation("offset", words),)
    words = "is beyond event 3, the last one; send the last one that arrived"
    assert after_the_last(3).violations == (Violation("after_sequence", words),)
