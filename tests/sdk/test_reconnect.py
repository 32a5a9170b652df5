"""A client whose server is away: it connects again soon, and sends what was never sent; nothing else is sent twice."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator

import grpc
import pytest

import imagewire
from imagewire import client_base
from imagewire._grpc import retry
from imagewire._grpc.loops import Connection
from imagewire._grpc.store import KnownStore
from imagewire.errors import Unavailable
from tests.sdk.asks import MODEL, Ask, everything
from tests.sdk.conftest import Script, good_stream, scripted

# With its tag and length: as protobuf has it, and not HTTP's header.
_UUID = re.compile(rb"\x12\x24([0-9a-f-]{36})")


@contextlib.contextmanager
def reserved() -> Iterator[str]:
    """An address where nobody listens, and which nobody else gets. gRPC's servers can share its port."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[contextlib.ExitStack]:
    """Closed at the first pause between two attempts: what is on it happens then."""
    with contextlib.ExitStack() as happens:
        wait, asleep = imagewire.Client._wait, Connection.wait

        def waited(client: imagewire.Client, seconds: float) -> None:
            happens.close()
            wait(client, seconds)

        async def aslept(connection: Connection, seconds: float) -> None:
            happens.close()
            await asleep(connection, seconds)

        monkeypatch.setattr(imagewire.Client, "_wait", waited)
        monkeypatch.setattr(Connection, "wait", aslept)
        yield happens


@everything
def test_s1_a_call_that_found_no_server_is_sent_when_one_starts(ask: Ask, waits: contextlib.ExitStack) -> None:
    script = Script(events=good_stream())
    with reserved() as address, contextlib.ExitStack() as running:
        waits.callback(lambda: running.enter_context(scripted(script, address=address)))
        ask(address, "m", "x")
    assert len(script.requests) == 1


@everything
def test_s1_without_retries_it_is_not(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_UNSENT", float("inf"))
    with reserved() as address, pytest.raises(Unavailable, match="no imagewire server answers") as told:
        ask(address, "m", "x", made={"retries": 0})
    assert told.value.retryable


@everything
def test_s1_where_no_server_starts_the_caller_is_told_soon(ask: Ask) -> None:
    begun = time.monotonic()
    with reserved() as address, pytest.raises(Unavailable, match="no imagewire server answers"):
        ask(address, "m", "x")
    assert time.monotonic() - begun < 30


def test_s1_it_tries_to_connect_each_second() -> None:
    """gRPC alone would need three quarters of a minute for as many attempts, and more from then on."""
    with socket.create_server(("127.0.0.1", 0)) as listener, imagewire.Client(_address(listener)) as client:
        client._channel.subscribe(lambda _: None, try_to_connect=True)
        times = []
        for _ in range(9):
            connection, _ = listener.accept()
            times.append(time.monotonic())
            connection.close()
            # The channel connects when it is asked to, or has a call.
            with contextlib.suppress(imagewire.ImagewireError):
                client.ping(timeout=0.01)
    assert times[-1] - times[0] < 20


def test_s1_a_call_that_may_have_reached_a_server_is_not_sent_again() -> None:
    """The connection breaks behind the request."""
    script = Script(events=good_stream()[:3], fail=lambda context: context.abort(grpc.StatusCode.UNAVAILABLE, "gone"))
    with scripted(script) as target, imagewire.Client(target) as client, pytest.raises(Unavailable) as told:
        client.draw("x")
    assert (told.value.retryable, len(script.requests)) == (False, 1)


@pytest.mark.parametrize("off", [False, True])
@everything
def test_s1_a_request_that_was_read_is_sent_again_only_with_its_request_id(
    ask: Ask, off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks off before any answer. off: the server said before that it keeps nothing."""
    store = KnownStore()
    store.off = off
    monkeypatch.setattr(client_base, "KnownStore", lambda: store)
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(bytes.fromhex("000000040000000000"))  # HTTP/2's SETTINGS
                        data = b""
                        while MODEL.encode() not in data:
                            data += connection.recv(65536)
                        seen.append(data)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(Unavailable, match="may have been drawn and charged") as told:
            ask(_address(listener), MODEL, "x")
    assert (told.value.retryable, len(seen)) == (False, 1 if off else 3)
    assert len({ident for data in seen for ident in _UUID.findall(data)}) == (0 if off else 1)


def _address(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"
