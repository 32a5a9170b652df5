"""Arguments of the wrong type: each is named, with what was given and what to give, before anything is sent."""

from collections.abc import Callable
from typing import Any

import pytest

import imagewire
from imagewire import AsyncClient, Client

MADE: list[tuple[dict[str, Any], str]] = [
    ({"target": 5}, "target: must be text, not int"),
    ({"target": b"a:1"}, "target: must be text, not bytes"),
    ({"api_key": 3}, "api_key: must be text, not int"),
    ({"api_key": {}}, "api_key: must be text"),
    ({"tls": "ca.pem"}, "tls: must be bool or Tls, not str"),
    ({"credentials": "x"}, "credentials: must be ChannelCredentials, not str"),
    ({"interceptors": 5}, "interceptors: must be a list of gRPC's interceptors, not int"),
    ({"metadata": {"a": "b"}}, r'metadata: must be a list of pairs, such as \[\("x-team", "blue"\)\], not dict'),
    ({"metadata": 5}, "metadata: must be a list of pairs.*, not int"),
    ({"metadata": [5]}, "metadata: must be a list of pairs"),
    ({"metadata": [("a", "b", "c")]}, "metadata: must be a list of pairs"),
]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(("given", "words"), MADE, ids=ascii)
def test_of_a_client(kind: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        kind(**({"target": "a:1"} | given))


CALLS: list[tuple[Callable[[Client], Any], str]] = [
    (lambda client: client.draw(5), "prompt: must be text, not int"),  # type: ignore[arg-type]
    (lambda client: client.draw("x", model=5), "model: must be text, not int"),  # type: ignore[arg-type]
    (lambda client: client.draw("x", images=5), "images: must be a list of pictures, not int"),  # type: ignore[arg-type]
    (lambda client: client.draw("x", images=None), "images: must be a list of pictures, not NoneType"),  # type: ignore[arg-type]
    (lambda client: client.draw("x", seed="x"), "seed: must be a whole number of 32 bits, not str"),  # type: ignore[arg-type]
    (lambda client: client.draw("x", seed=2**31), "seed: must be a whole number of 32 bits, not 2147483648"),
    (lambda client: client.draw("x", seed=True), "seed: must be a whole number of 32 bits, not bool"),
    (lambda client: client.draw("x", seed=""), "seed: must be a whole number of 32 bits, not str"),  # type: ignore[arg-type]
    (lambda client: client.draw("x", modalities=""), "modalities: must be a list, .*, not str"),
    (lambda client: client.create_completion(spec=5), "spec: must be Spec, not int"),  # type: ignore[typeddict-item]
    (lambda client: client.chat.create(5), "model: must be text, not int"),  # type: ignore[arg-type]
    (lambda client: client.chat.create("m", messages=5), "messages: must be a list .*, not int"),  # type: ignore[arg-type]
    (lambda client: client.chat.create("m").append("x").sample(after=5), "after: must be Answer, not int"),  # type: ignore[arg-type]
    (lambda client: client.get_model(5), "name: must be text, not int"),  # type: ignore[arg-type]
    (lambda client: imagewire.system(5), "text: must be text, not int"),  # type: ignore[arg-type]
    (lambda client: imagewire.function_result(5, {}), "call: must be FunctionCall, not int"),  # type: ignore[arg-type]
    (lambda client: imagewire.image(b"x", mime_type=5), "mime_type: must be text, not int"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "words"), CALLS, ids=[words[:30] for _, words in CALLS])
def test_of_a_call(call: Callable[[Client], Any], words: str) -> None:
    with Client("127.0.0.1:1") as client, pytest.raises(TypeError, match=words):
        call(client)


HALF = "a\ud800b"
TEXTS: list[tuple[Callable[[], Any], str]] = [
    (lambda: imagewire.build_spec(prompt=HALF), "prompt"),
    (lambda: imagewire.build_spec(HALF, "x"), "model"),
    (lambda: imagewire.build_spec(prompt="x", aspect_ratio=HALF), "aspect_ratio"),
    (lambda: imagewire.user(HALF), "text"),
    (lambda: imagewire.system(HALF), "text"),
]


@pytest.mark.parametrize(("call", "name"), TEXTS, ids=[f"{i}-{name}" for i, (_, name) in enumerate(TEXTS)])
def test_a_text_that_is_no_utf_8_is_named(call: Callable[[], Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: has half of a surrogate pair at position 1, .*; remove it$"):
        call()


def test_an_address_of_a_picture_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^source: has half of a surrogate pair at position 9, .*; remove it$"):
        imagewire.image(f"https://{HALF}")
