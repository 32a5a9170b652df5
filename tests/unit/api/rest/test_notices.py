"""Headers that say where an answer is not to the letter of its request."""

from imagewire_server.api.rest import notices
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder


def test_most_requests_have_none() -> None:
    builder = SpecBuilder("m")
    builder.done(Capabilities())
    assert notices.headers(builder) == []


def test_all_of_them() -> None:
    builder = SpecBuilder("m", drops=True)
    builder.unsupported("size", "is far")
    builder.unsupported("messages[0].content[1].x", "is unknown")
    builder.unsupported("size", "is far")
    builder.explains_mask = builder.tells_picture = True
    builder.spec.image_config.image_size, builder.spec.image_config.aspect_ratio = "2K", "16:9"
    builder.done(Capabilities())
    assert notices.headers(builder) == [
        (b"x-imagewire-dropped", b"size,messages[0].content[1].x"),
        (b"x-imagewire-image", b"2K 16:9"),
        (b"x-imagewire-mask", b"sent as a picture"),
    ]


def test_names_are_the_callers_text() -> None:
    builder = SpecBuilder("m", drops=True)
    builder.dropped = ["a\r\nset-cookie: x", "ä,b", "x" * 500]
    [(_, value)] = notices.headers(builder)
    assert value == b"a%0D%0Aset-cookie%3A%20x,%C3%A4%2Cb," + b"x" * 100


def test_many_names_are_cut() -> None:
    builder = SpecBuilder("m", drops=True)
    builder.dropped = [f"{'x' * 90}{i}" for i in range(100)]
    [(_, value)] = notices.headers(builder)
    assert value.endswith(b"...")
    assert len(value) < 4100
