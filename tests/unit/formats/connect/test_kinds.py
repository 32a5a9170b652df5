"""Content types."""

import pytest

from imagewire_server.formats.connect.kinds import Kind, accepted, kind_of

_ROWS = [
    ("application/json", False, Kind(False, False, True, "application/json")),
    ("application/proto", False, Kind(False, False, False, "application/proto")),
    ("Application/JSON; charset=utf-8", False, Kind(False, False, True, "application/json")),
    ("application/connect+json", True, Kind(False, True, True, "application/connect+json")),
    ("application/connect+proto", True, Kind(False, True, False, "application/connect+proto")),
    ("application/grpc-web", False, Kind(True, True, False, "application/grpc-web")),
    ("application/grpc-web+proto", True, Kind(True, True, False, "application/grpc-web+proto")),
    ("application/grpc-web+json", True, Kind(True, True, True, "application/grpc-web+json")),
    ("application/json", True, None),
    ("application/connect+json", False, None),
    ("application/grpc", True, None),
    ("application/grpc-web-text", True, None),
    ("text/plain", False, None),
    ("", False, None),
]


@pytest.mark.parametrize(("name", "streams", "kind"), _ROWS)
def test_a_content_type_says_how_a_request_speaks(name: str, streams: bool, kind: Kind | None) -> None:
    assert kind_of(name, streams=streams) == kind


def test_the_protocols_are_told_apart() -> None:
    found = {made.protocol for name in accepted(streams=True) if (made := kind_of(name, streams=True))}
    assert found == {"connect_rpc", "grpc_web"}
