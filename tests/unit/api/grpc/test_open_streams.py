"""The limit on streams that only their client ends."""

from contextlib import ExitStack

import pytest

from imagewire_server.api.grpc.open_streams import OpenStreams
from imagewire_server.contract.errors import Overloaded


def test_each_connection_and_all_together_have_a_limit() -> None:
    streams = OpenStreams(most=3, most_of_one=2)
    with ExitStack() as held:
        for connection in ("a", "a", "b"):
            held.enter_context(streams.slot(connection))
        for connection in ("a", "c"):
            with pytest.raises(Overloaded) as refused, streams.slot(connection):
                pass
            assert refused.value.retry_after == 10
            assert refused.value.message == (
                "too many streams such as health's Watch are open here: 2 of a connection, 3 in all; use one for each"
                " service, or Check"
            )
    with streams.slot("a"), streams.slot("a"), streams.slot("c"):
        pass


def test_a_place_is_free_again_however_its_stream_ends() -> None:
    streams = OpenStreams(most=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="the client left"), streams.slot("a"):
            raise ValueError("the client left")
    with streams.slot("b"), pytest.raises(Overloaded), streams.slot("b"):
        pass


def test_one_connection_that_is_full_hinders_no_other() -> None:
    streams = OpenStreams(most_of_one=1)
    with streams.slot("a"):
        with pytest.raises(Overloaded), streams.slot("a"):
            pass
        with streams.slot("b"):
            pass
