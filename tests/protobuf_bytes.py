"""Protobuf's wire format by hand, for messages that no generated class would write."""


def varint(number: int) -> bytes:
    """A number, a negative one in ten bytes."""
    number &= 2**64 - 1
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes((*made, number))


def inside(field: int, data: bytes) -> bytes:
    """A field that holds bytes, a text or a message."""
    return varint(field << 3 | 2) + varint(len(data)) + data
