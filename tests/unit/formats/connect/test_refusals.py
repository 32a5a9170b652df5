"""What is refused before it is a message: with the protocol's codes."""

from imagewire_server.contract.errors import Code
from imagewire_server.formats.connect.refusals import TooLong, Unreadable, Unsupported


def test_each_has_the_protocols_code() -> None:
    assert (TooLong(20).code, str(TooLong(20))[:39]) == (
        Code.RESOURCE_EXHAUSTED,
        "the request is larger than 20 bytes (ma",
    )
    assert (Unreadable("words").code, Unsupported("words").code) == (Code.INTERNAL, Code.UNIMPLEMENTED)
