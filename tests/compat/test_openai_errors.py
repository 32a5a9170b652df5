"""openai-python's errors: each has its class, its code and its param; and what may have been charged is asked once."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.conftest import ASK, KEY, MODEL, Rest, package, sha256_of
from tests.integration import processes
from tests.pictures import PNG

openai = package("openai")
_TOOL: Any = {"type": "image_generation"}
_FILE: Any = ("in.png", PNG, "image/png")
_BAD: Any = ("in.png", b"no picture", "image/png")
Call = Callable[[Any], Any]


def _name(value: Any) -> str:
    return value if isinstance(value, str) else "call"


def _chat(**more: Any) -> Call:
    return lambda client: client.chat.completions.create(**{"model": MODEL, "messages": ASK, **more})


def _images(**more: Any) -> Call:
    return lambda client: client.images.generate(**{"model": MODEL, "prompt": "A banana", **more})


def _edit(**more: Any) -> Call:
    return lambda client: client.images.edit(**{"model": MODEL, "prompt": "Blue", "image": _FILE, **more})


def _responses(**more: Any) -> Call:
    return lambda client: client.responses.create(**{"model": MODEL, "input": "A banana", "tools": [_TOOL], **more})


# Each call names another model: one that asked for a wait is refused until then, and the client would wait for it.
@pytest.mark.parametrize(
    ("call", "code"),
    [
        (_chat(model="gemini/gemini-2.5-flash-image--cut"), "upstream_cut"),
        (_chat(model="gemini/gemini-2.5-flash-image--bad-type"), "upstream_malformed"),
        (_chat(model="gemini/gemini-2.5-flash-image--cut", stream=True), "upstream_cut"),
        (_images(model="gemini/gemini-3-pro-image--reset"), "upstream_cut"),
        (_images(model="gemini/gemini-3-pro-image--bad-base64", stream=True), "upstream_malformed"),
        (_images(model="gemini/gemini-3-pro-image--error-in-stream", stream=True), "upstream_unavailable"),
        (_images(model="gemini/gemini-3-pro-image--image-safety"), "picture_withheld"),
        (_edit(model="gemini/gemini-3.1-flash-image--no-candidates"), "upstream_malformed"),
        (_responses(model="gemini/gemini-3.1-flash-image--bad-base64"), "upstream_malformed"),
        (_responses(model="gemini/gemini-3.1-flash-image--reset", stream=True), "upstream_cut"),
    ],
    ids=_name,
)
def test_what_may_have_been_charged_is_asked_once(rest: Rest, call: Call, code: str) -> None:
    before = rest.calls()
    with (
        openai.OpenAI(base_url=rest.v1, api_key="any", max_retries=2) as client,
        pytest.raises(openai.APIError) as caught,
    ):
        list(call(client))  # a stream fails while it is read
    assert caught.value.code == code
    assert rest.calls() - before == 1


@pytest.mark.parametrize(
    ("model", "kind", "code"),
    [
        ("emulator-429", openai.RateLimitError, "upstream_rate_limited"),
        ("gemini-3-pro-image--cut", openai.InternalServerError, "upstream_cut"),
        ("nothing--here", openai.NotFoundError, "model_not_found"),
    ],
)
async def test_errors_have_openais_classes(rest: Rest, model: str, kind: type[Exception], code: str) -> None:
    async with openai.AsyncOpenAI(base_url=rest.v1, api_key="any", max_retries=0) as client:
        with pytest.raises(kind) as caught:
            await client.chat.completions.create(model=f"gemini/{model}", messages=ASK)
    error: Any = caught.value
    assert (error.code, error.param) == (code, None)
    assert error.request_id == error.body["request_id"]
    if kind is openai.RateLimitError:
        assert 15 < float(error.response.headers["retry-after"]) <= 22


@pytest.mark.parametrize(
    ("call", "param"),
    [
        (_chat(temperature=9), "temperature"),
        (_chat(n=2), "n"),
        (_chat(extra_body={"size": "huge"}), "size"),
        (_chat(extra_body={"image_config": {"aspect_ratio": "7:3"}}), "image_config.aspect_ratio"),
        (_chat(extra_body={"no_such_field": 1}), "no_such_field"),
        (_chat(modalities=["image", "audio"]), "modalities[1]"),
        (
            _chat(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}]),
            "messages[0].content[0].image_url.url",
        ),
        (_images(size="7x1"), "size"),
        (_images(quality="ultra"), "quality"),
        (_images(response_format="file"), "response_format"),
        (_edit(mask=_BAD), "mask"),
        (_edit(image=[_FILE, _BAD]), "image[1]"),
        (_responses(tools=[{**_TOOL, "size": "7x1"}]), "tools[0].size"),
        (_responses(previous_response_id="resp_1"), "previous_response_id"),
    ],
    ids=_name,
)
def test_a_wrong_field_is_named_and_nothing_is_asked(rest: Rest, call: Call, param: str) -> None:
    before = rest.calls()
    with openai.OpenAI(base_url=rest.v1, api_key="any") as client, pytest.raises(openai.BadRequestError) as caught:
        call(client)
    assert caught.value.param == param
    assert param in caught.value.message
    assert caught.value.type == "invalid_request_error"
    assert rest.calls() == before


@pytest.mark.parametrize("call", [_chat(), _chat(stream=True), _images(), _edit(), _responses()], ids=_name)
def test_a_wrong_key(locked: Rest, call: Call) -> None:
    before = locked.calls()
    with openai.OpenAI(base_url=locked.v1, api_key="sk-wrong") as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            call(client)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
    assert caught.value.type == "authentication_error"
    assert "sk-wrong" not in str(caught.value)
    assert locked.calls() == before


def test_the_right_key(locked: Rest) -> None:
    with openai.OpenAI(base_url=locked.v1, api_key=KEY) as client:
        answer = client.images.generate(model=MODEL, prompt="A banana")
    assert [sha256_of(picture.b64_json) for picture in answer.data] == locked.drawn()


def test_an_error_in_the_middle_of_a_stream_is_raised_after_what_came(rest: Rest) -> None:
    with openai.OpenAI(base_url=rest.v1, api_key="any") as client:
        seen: list[Any] = []
        with pytest.raises(openai.APIError, match="broke off"):
            seen.extend(_chat(model="gemini/emulator-cut", stream=True)(client))
        assert seen[0].choices[0].delta.role == "assistant"
        assert not any(getattr(chunk.choices[0].delta, "images", None) for chunk in seen)
        with pytest.raises(openai.APIError, match="broke off"):
            list(_responses(model="gemini/emulator-cut", stream=True)(client))


def test_a_response_that_fails_after_comments_fails_as_a_response(rest: Rest) -> None:
    with (
        processes.server(rest.emulator, heartbeat_interval="0.1", first_byte_timeout="0.5") as server,
        openai.OpenAI(base_url=f"{server.rest}/v1", api_key="any", max_retries=0) as client,
    ):
        seen: list[Any] = []
        with (
            client.responses.stream(model="gemini/gemini-3.1-flash-image--silent", input="A banana") as stream,
            pytest.raises(openai.APIError) as caught,
        ):
            seen.extend(event for event in stream)
    assert caught.value.code == "upstream_timeout"
    assert [event.type for event in seen] == ["response.created", "response.in_progress", "response.failed"]
    assert {event.response.model for event in seen} == {"gemini/gemini-3.1-flash-image--silent"}
    assert len({event.response.id for event in seen}) == 1
    assert all(event.response.created_at > 1_700_000_000 for event in seen)
