"""gRPC's client interceptors and channel options, on real servers."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import grpc
import grpc.aio
import pytest

import imagewire
from imagewire import AsyncClient, Client
from imagewire._grpc.channel import channel_options
from imagewire._grpc.sizes import Sizes
from tests.sdk.asks import failing
from tests.sdk.conftest import Script, good_stream, scripted


class Details(NamedTuple):
    """The call's details, as gRPC hands them on."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: Any
    compression: Any


class Header(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds a header to every call, and notes the methods."""

    def __init__(self, name: str, value: str, seen: list[str]) -> None:
        self._pair, self._seen = (name, value), seen

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(self._with_header(details), request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(self._with_header(details), request)

    def _with_header(self, details: Any) -> Any:
        self._seen.append(f"{self._pair[0]} {details.method.rpartition('/')[2]}")
        made: Any = Details(*(getattr(details, name) for name in Details._fields))
        return made._replace(metadata=[*(details.metadata or ()), self._pair])


class AsyncUnaryHeader(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        details.metadata.add("x-async", "1")
        return await continuation(details, request)


class AsyncStreamHeader(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        details.metadata.add("x-async", "1")
        return await continuation(details, request)


class Counting(grpc.UnaryStreamClientInterceptor):
    """Puts a generator in the place of gRPC's call, as measuring interceptors do."""

    def __init__(self) -> None:
        self.messages = 0
        self.ends = 0

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return self._count(continuation(details, request))

    def _count(self, call: Any) -> Iterator[Any]:
        try:
            for message in call:
                self.messages += 1
                yield message
        finally:
            self.ends += 1
            call.cancel()


def test_the_first_interceptor_sees_a_call_first_and_each_may_add_to_it(target: str) -> None:
    seen: list[str] = []
    interceptors = [Header("x-a", "1", seen), Header("x-b", "2", seen)]
    with Client(target, interceptors=interceptors) as client:
        assert client.draw("A banana").size_bytes > 0
        assert client.create_completion(prompt="A banana").candidates
        assert client.list_models()
        assert client.ping().status == "SERVING"
    methods = ("StreamCompletion", "CreateCompletion", "ListModels", "ListModels", "Check")
    assert seen == [f"{name} {method}" for method in methods for name in ("x-a", "x-b")]


def test_what_an_interceptor_adds_arrives() -> None:
    script = Script()
    with scripted(script) as target, Client(target, interceptors=[Header("x-team", "art", [])]) as client:
        client.draw("x")
    assert script.metadata[0]["x-team"] == "art"
    assert script.metadata[0]["x-request-id"]


async def test_an_async_clients_interceptors_are_grpc_aios(target: str) -> None:
    script = Script()
    interceptors = [AsyncUnaryHeader(), AsyncStreamHeader()]
    with scripted(script) as scripts:
        async with AsyncClient(scripts, interceptors=interceptors) as client:
            await client.draw("x")
            await client.create_completion(prompt="x")
    assert [sent["x-async"] for sent in script.metadata] == ["1", "1"]
    async with AsyncClient(target, interceptors=interceptors) as client:
        assert (await client.draw("A banana")).size_bytes > 0
        assert (await client.ping()).status == "SERVING"
        assert await client.list_models()


def test_an_interceptor_may_put_a_generator_in_the_place_of_the_stream() -> None:
    counting, script = Counting(), Script()
    with scripted(script) as target, Client(target, interceptors=[counting]) as client:
        assert client.draw("x").data == b"picture" * 100
        assert (counting.messages, counting.ends) == (len(script.events), 1)


def test_leaving_a_stream_ends_it_behind_such_an_interceptor() -> None:
    counting, script = Counting(), Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target, Client(target, interceptors=[counting]) as client:
        events = client.stream_completion("m", "x")
        next(events)
        events.close()
        assert counting.ends == 1
        assert script.ended.wait(20)


async def test_leaving_an_async_stream_ends_it_behind_an_interceptor() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target:
        async with AsyncClient(target, interceptors=[AsyncStreamHeader()]) as client:
            events = client.stream_completion("m", "x")
            await anext(events)
            await events.aclose()
            assert await asyncio.to_thread(script.ended.wait, 20)


def test_an_interceptor_is_called_for_each_attempt_and_errors_stay_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "_wait", lambda client, seconds: None)
    seen: list[str] = []
    script = Script(events=[], fail=failing("UNAVAILABLE", "UPSTREAM_UNAVAILABLE"))
    with (
        scripted(script) as target,
        Client(target, retries=2, interceptors=[Header("x-a", "1", seen)]) as client,
        pytest.raises(imagewire.Unavailable),
    ):
        client.draw("x")
    assert seen == ["x-a StreamCompletion"] * 3


def test_channel_options_override_ours_by_name() -> None:
    with scripted(Script(events=good_stream(b"x" * 200_000, pieces=1))) as target:
        with Client(target) as client:
            assert client.draw("x").size_bytes == 200_000
        small = [("grpc.max_receive_message_length", 131072)]
        with Client(target, channel_options=small) as client, pytest.raises(imagewire.AnswerTooLarge):
            client.draw("x")


async def test_channel_options_of_an_async_client() -> None:
    with scripted(Script(events=good_stream(b"x" * 200_000, pieces=1))) as target:
        async with AsyncClient(target, channel_options=[("grpc.max_receive_message_length", 131072)]) as client:
            with pytest.raises(imagewire.AnswerTooLarge):
                await client.draw("x")


def test_the_others_stay() -> None:
    ours = channel_options("a:1", 2**26)
    given = channel_options("a:1", 2**26, [("grpc.keepalive_time_ms", 5), ("grpc.new", "x")])
    assert given == {**ours, "grpc.keepalive_time_ms": 5, "grpc.new": "x"}


@pytest.mark.parametrize(("most", "inline"), [(2**26, 2**26 - 2**20), (-1, 2**31 - 1 - 2**20), (131072, 65536)])
def test_a_unary_answer_is_asked_for_in_the_size_that_the_channel_takes(most: int, inline: int) -> None:
    options = channel_options("a:1", 2**26, [("grpc.max_receive_message_length", most)])
    assert Sizes.of(options).inline() == inline


def test_a_channel_without_room_for_an_answer_is_refused() -> None:
    with pytest.raises(imagewire.InvalidRequest, match="at least 131072"):
        Sizes.of(channel_options("a:1", 2**26, [("grpc.max_receive_message_length", 131071)]))


@pytest.mark.parametrize("given", [["grpc.x"], [("grpc.x",)], [(1, 2)], [("grpc.x", None)]])
def test_what_is_no_option_is_refused(given: Any) -> None:
    with pytest.raises(imagewire.InvalidRequest, match=r"^channel_options must be pairs"):
        Client("host:1", channel_options=given)
