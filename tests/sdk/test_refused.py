"""What a client refuses by name before anything is sent: nobody pays for a mistake, and none is a stranger's words."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest

import imagewire
from imagewire import AsyncClient, Client
from tests.pictures import PNG
from tests.sdk.asks import MODEL, Ask, everything
from tests.sdk.conftest import Script, scripted

# argument of a client, value
WRONG: list[tuple[str, Any]] = [
    *(("timeout", value) for value in (0, -1, math.nan, math.inf, 1e12, "3", True)),
    *(("retries", value) for value in (-1, None, "2", 1.5)),
    *(("max_message_bytes", value) for value in (0, -1, 131_071, 2**31, "x")),
    *(("channel_options", [("grpc.max_receive_message_length", value)]) for value in (0, 131_071)),
    *(("api_key", value) for value in ("a\nb", "k\n", "\u00e9")),
    *(("metadata", [pair]) for pair in (("Bad Key", "v"), ("x", "a\nb"), ("x", 3), ("x-bin", "text"))),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=ascii)
def test_a_wrong_argument_of_a_client_is_named(name: str, value: Any) -> None:
    made: dict[str, Any] = {name: value}
    with pytest.raises(imagewire.InvalidRequest, match=f"^{name} ") as caught:
        Client("127.0.0.1:1", **made)
    assert [violation.field for violation in caught.value.violations] == [name]
    assert isinstance(caught.value, ValueError), "docs/python-errors.md: the errors before a call are Python's own"


@pytest.mark.parametrize("value", ["x", 2**31, 1.5, True])
def test_a_size_that_no_message_can_have_is_named(value: Any) -> None:
    script = Script()
    with scripted(script) as target, Client(target) as client:
        with pytest.raises(imagewire.InvalidRequest, match=r"^max_inline_bytes must be a whole number"):
            client.create_completion(MODEL, "x", max_inline_bytes=value)
        with pytest.raises(imagewire.InvalidRequest, match=r"^max_frame_bytes must be a whole number"):
            list(client.stream_completion(MODEL, "x", max_frame_bytes=value))
    assert script.requests == []


def test_a_size_for_which_there_is_no_room_is_named() -> None:
    script = Script()
    with scripted(script) as target, Client(target, max_message_bytes=200_000) as client:
        for inline in (0, 65_535):
            with pytest.raises(imagewire.InvalidRequest, match=r"^max_inline_bytes must be at least 65536, .* fetched"):
                client.create_completion(MODEL, "x", max_inline_bytes=inline)
        with pytest.raises(
            imagewire.InvalidRequest, match=r"^max_frame_bytes must be at most 100000, half of max_mess"
        ):
            list(client.stream_completion(MODEL, "x", max_frame_bytes=100_001))
    assert script.requests == []


def test_a_key_that_is_refused_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEWIRE_API_KEY", "secret\n")
    with pytest.raises(imagewire.InvalidRequest, match="IMAGEWIRE_API_KEY") as caught:
        Client("127.0.0.1:1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("target", [" ", "\n", "ho\nst:1", "host:1 ", "https://a b", "unix:", "unix:///", "dns:///"])
def test_what_is_no_target(target: str) -> None:
    with pytest.raises(ValueError, match="is no server's address; write host:port"):
        Client(target)


@everything
@pytest.mark.parametrize("timeout", [0, -1.0, math.inf])
def test_a_timeout_that_no_call_can_have(ask: Ask, timeout: float) -> None:
    script = Script()
    with scripted(script) as target, pytest.raises(imagewire.InvalidRequest, match="timeout must be"):
        ask(target, MODEL, "x", timeout=timeout)
    assert script.requests == []


CALLS: list[Callable[[Any], Any]] = [
    lambda client: client.draw("x"),
    lambda client: client.create_completion(MODEL, "x"),
    lambda client: client.list_models(),
    lambda client: client.get_model(MODEL),
    lambda client: client.ping(),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_client_says_so(call: Callable[[Any], Any]) -> None:
    client = Client("127.0.0.1:1")
    client.close()
    with pytest.raises(imagewire.Cancelled, match="the client is closed"):
        call(client)

    async def run() -> None:
        async with AsyncClient("127.0.0.1:1") as again:
            pass
        await call(again)

    with pytest.raises(imagewire.Cancelled, match="the client is closed"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt": None}, "prompt: must be text"),
        ({"prompt": b"x"}, "prompt: must be text"),
        ({"temperature": "hot"}, "temperature: must be a number"),
        ({"seed": 2**31}, "seed: must be a whole number of 32 bits"),
        ({"seed": True}, "seed: must be"),
        ({"aspect_ratio": 3}, "aspect_ratio: must be text"),
        ({"modalities": "image"}, "modalities: must be a list, each item text or image"),
        ({"modalities": ["video"]}, "modalities: must be"),
        ({"stop": [3]}, "stop: must be text or a list, each item text"),
        ({"safety_settings": ["x"]}, "safety_settings: must be a mapping to text"),
        ({"labels": {"a": 3}}, "labels: must be a mapping to text"),
        ({"extra_body": "x"}, "extra_body: must be a mapping"),
        ({"messages": "x"}, "messages: must be a list"),
        ({"messages": ["x"]}, "messages: must be a list"),
        ({"images": "cat.png"}, "images: must be a list; put the picture into one"),
        ({"images": PNG}, "images: must be a list"),
        ({"images": imagewire.image(PNG)}, "images: must be a list"),
    ],
    ids=ascii,
)
def test_an_option_of_the_wrong_kind_is_named(arguments: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        imagewire.build_spec("m", **arguments)


@pytest.mark.parametrize("wrong", [None, 3, b"x", ["x"], imagewire.image(PNG)], ids=ascii)
def test_what_is_no_message_is_no_part_of_a_chat(wrong: Any) -> None:
    chat = Client("127.0.0.1:1").chat.create("m")
    with pytest.raises(TypeError, match=f"{type(wrong).__name__} is not a message: give text, an Answer"):
        chat.append(wrong)
    assert len(chat.messages) == 0


def test_nothing_said_is_not_drawn(target: str) -> None:
    with Client(target) as client:
        for asked in client.chat.create(MODEL).append(""), client.chat.create(MODEL, [imagewire.user("", "")]):
            with pytest.raises(imagewire.InvalidRequest, match="is empty"):
                asked.sample()
