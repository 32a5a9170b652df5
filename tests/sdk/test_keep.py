"""A server that keeps answers: connections break, and each picture arrives whole and is paid once."""

import asyncio
import hashlib
import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest

import imagewire
from imagewire._grpc.loops import Connection
from tests.integration import processes
from tests.integration.processes import Program
from tests.sdk.asks import Ask, astreamed, creates, everything, failing, streamed, streams
from tests.sdk.command import outcome
from tests.sdk.conftest import Event, Script, scripted
from tests.sdk.cutting import cutting

BIG = "gemini/emulator-size-8MB"
SMALL = "gemini/gemini-2.5-flash-image"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    wait, asleep = imagewire.Client._wait, Connection.wait
    monkeypatch.setattr(imagewire.Client, "_wait", lambda client, seconds: wait(client, min(seconds, 0.02)))
    monkeypatch.setattr(Connection, "wait", lambda connection, seconds: asleep(connection, min(seconds, 0.02)))


def picture(events: list[Event]) -> bytes:
    """The picture of a stream, whose chunks go on without a gap and are checked against its hash."""
    data = bytearray()
    for event in events:
        if event.HasField("image_chunk"):
            assert event.image_chunk.offset == len(data)
            data += event.image_chunk.data
        elif event.HasField("part_finished") and event.part_finished.HasField("image"):
            assert hashlib.sha256(data).digest() == event.part_finished.image.sha256
    return bytes(data)


@streams
def test_a_stream_goes_on_in_the_middle_of_a_picture(target: str, paid: Any, stream: Ask) -> None:
    with cutting(target, every=1_500_000, most=4) as proxy:
        events = stream(proxy.address, BIG, "x")
    assert proxy.cuts == 4
    assert len(picture(events)) == 8_000_000
    numbers = [event.sequence for event in events if event.WhichOneof("event") not in {"image_chunk", "heartbeat"}]
    assert numbers == list(range(1, len(numbers) + 1))
    assert paid() == 1


@pytest.mark.parametrize("every", [90, 150, 300, 700])
@everything
def test_a_cut_anywhere_in_a_small_answer(target: str, paid: Any, ask: Ask, every: int) -> None:
    """Also in front of the first event, where the request is sent again with its request_id."""
    with cutting(target, every=every, most=1) as proxy:
        ask(proxy.address, SMALL, "x")
    assert (proxy.cuts, paid()) == (1, 1)


@everything
def test_a_large_unary_answer_has_its_pictures(target: str, paid: Any, ask: Ask) -> None:
    if ask in {streamed, astreamed}:
        return
    with cutting(target, every=1_500_000, most=4) as proxy:
        image = ask(proxy.address, BIG, "x", max_inline_bytes=100_000).candidates[0].message.image
    assert proxy.cuts == 4
    assert (len(image.data), hashlib.sha256(image.data).digest()) == (8_000_000, image.sha256)
    assert paid() == 1


@streams
def test_a_connection_that_is_cut_at_every_turn_ends_in_an_error(target: str, paid: Any, stream: Ask) -> None:
    with cutting(target, every=60) as proxy, pytest.raises(imagewire.Unavailable, match="broke off"):
        stream(proxy.address, SMALL, "x")
    assert paid() <= 1


@everything
def test_without_retries_nothing_goes_on(target: str, ask: Ask) -> None:
    with cutting(target, every=90, most=1) as proxy, pytest.raises(imagewire.Unavailable, match="broke off"):
        ask(proxy.address, SMALL, "x", made={"retries": 0})


@everything
def test_the_same_request_id_is_paid_once(target: str, paid: Any, ask: Ask) -> None:
    ident = str(uuid.uuid4())
    for _ in range(3):
        ask(target, SMALL, "x", request_id=ident)
    assert paid() == 1
    with pytest.raises(imagewire.RequestIdReused):
        ask(target, SMALL, "y", request_id=ident)
    with pytest.raises(imagewire.InvalidRequest, match="request_id must be a UUID"):
        ask(target, SMALL, "y", request_id="mine")


@everything
def test_a_request_id_is_the_same_in_upper_and_lower_case(target: str, paid: Any, ask: Ask) -> None:
    ident = str(uuid.uuid4())
    for one in ident, ident.upper():
        ask(target, SMALL, "x", request_id=one)
    with imagewire.Client(target) as client:
        ids = {client.get_completion(request_id=one).id for one in (ident, ident.upper())}
    assert (len(ids), paid()) == (1, 1)


@everything
def test_a_server_that_keeps_nothing_draws_without_ids(not_keeping: str, paid: Any, ask: Ask) -> None:
    ask(not_keeping, SMALL, "x")
    with pytest.raises(imagewire.KeepOff):
        ask(not_keeping, SMALL, "x", request_id=str(uuid.uuid4()))
    assert paid() == 1


def test_a_client_asks_a_server_that_keeps_nothing_once(not_keeping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    begin = imagewire.client_base.Asking.begin
    monkeypatch.setattr(
        imagewire.client_base.Asking,
        "begin",
        lambda asking, chat: (sent.append(asking._request.request_id), begin(asking, chat))[1],
    )
    with imagewire.Client(not_keeping) as client:
        for _ in range(3):
            client.draw("x")
    assert [bool(each) for each in sent] == [True, False, False, False]


def test_a_cut_stream_of_a_server_that_keeps_nothing_is_an_error(not_keeping: str) -> None:
    for ask in (streamed, astreamed):
        with cutting(not_keeping, every=1_500_000) as proxy, pytest.raises(imagewire.Unavailable, match="charged"):
            ask(proxy.address, BIG, "x")


def test_a_server_that_is_killed_is_not_paid_again(emulator: Program, tmp_path: Path, paid: Any) -> None:
    """Another one with the same store tells what it knows."""
    folder = str(tmp_path)
    with (
        processes.server(emulator.address, keep="local", keep_dir=folder) as killed,
        processes.server(emulator.address, keep="local", keep_dir=folder) as other,
        cutting(killed.address) as proxy,
        imagewire.Client(proxy.address) as client,
    ):
        growing = client.chat.create("gemini/emulator-drip-3000").append("x").stream()
        answer, _ = next(growing)
        proxy.upstream = other.address
        killed.process.kill()
        with pytest.raises(imagewire.OutcomeUnknown) as failed:
            list(growing)
        assert failed.value.metadata["completion_id"] == answer.id
    assert paid() == 1


def _refusing(*failures: tuple[str, str]) -> Any:
    """Fails the first calls: with a reason, "" for a connection that breaks."""
    left = iter(failures)

    def fail(context: Any) -> None:
        if (failure := next(left, None)) is None:
            return
        code, reason = failure
        if not reason:
            context.abort(grpc.StatusCode[code], "Socket closed")
        failing(code, reason)(context)

    return fail


@creates
def test_a_store_that_is_down_lets_calls_go_on(create: Ask) -> None:
    script = Script(fail=_refusing(("UNAVAILABLE", "STORE_UNAVAILABLE")))
    with scripted(script) as address:
        create(address, SMALL, "x")
    assert [bool(request.request_id) for request in script.requests] == [True, False]


@creates
def test_a_store_that_is_down_refuses_a_callers_own_id(create: Ask) -> None:
    script = Script(fail=_refusing(*[("UNAVAILABLE", "STORE_UNAVAILABLE")] * 3))
    with scripted(script) as address, pytest.raises(imagewire.StoreUnavailable):
        create(address, SMALL, "x", request_id=str(uuid.uuid4()))
    assert len({request.request_id for request in script.requests}) == 1


@pytest.mark.parametrize(
    "second", [("FAILED_PRECONDITION", "KEEP_OFF"), ("UNAVAILABLE", "STORE_UNAVAILABLE")], ids=lambda row: row[1]
)
@creates
def test_what_one_server_may_have_drawn_is_not_asked_of_another_without_its_id(
    create: Ask, second: tuple[str, str]
) -> None:
    script = Script(fail=_refusing(("UNAVAILABLE", ""), *[second] * 3))
    with scripted(script) as address, pytest.raises(imagewire.Unavailable, match="broke off"):
        create(address, SMALL, "x")
    assert all(request.request_id for request in script.requests)


@pytest.mark.parametrize(("wish", "ended"), [("cancel", "client_disconnected"), ("keep", "ok"), (None, "ok")])
def test_a_caller_chooses_what_becomes_of_what_it_leaves(target: str, emulator: Program, wish: Any, ended: str) -> None:
    with imagewire.Client(target) as client:
        growing = client.chat.create("gemini/emulator-drip-3000").append("x").stream(on_disconnect=wish)
        next(growing)
        growing.close()
    assert outcome(emulator.address) == ended

    async def leave() -> None:
        async with imagewire.AsyncClient(target) as client:
            growing = client.chat.create("gemini/emulator-drip-3000").append("x").stream(on_disconnect=wish)
            await anext(growing)
            await growing.aclose()

    asyncio.run(leave())
    assert outcome(emulator.address) == ended


@everything
def test_a_wish_that_there_is_not_is_refused(not_keeping: str, ask: Ask) -> None:
    with pytest.raises(TypeError, match="on_disconnect: must be keep or cancel"):
        ask(not_keeping, SMALL, "x", on_disconnect="stay")
    with pytest.raises(imagewire.KeepOff):
        ask(not_keeping, SMALL, "x", on_disconnect="keep")
    ask(not_keeping, SMALL, "x", on_disconnect="cancel")
