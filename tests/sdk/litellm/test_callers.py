"""Programs in the manner of LiteLLM's users, with the import line changed, against the real server and emulator."""

import asyncio
import base64
import copy
import json
import pickle
import time
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

import imagewire
from imagewire import acompletion, completion, litellm, stream_chunk_builder
from imagewire.litellm.rebuild import stream_chunk_builder as rebuilt
from tests.sdk.conftest import Script, good_stream, scripted

FLASH = "gemini/gemini-2.5-flash-image"
PRO = "gemini/gemini-3-pro-image"
SAY = [{"role": "user", "content": "Generate an image of a banana"}]
FUNCTION = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {"data": {"type": "string"}, "n": {"type": "integer"}},
            "required": ["data"],
        },
    },
}


@pytest.fixture(autouse=True)
def _target(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEWIRE_TARGET", target)


def _bytes(url: str) -> bytes:
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(data)


def test_pictures_saved_to_files_by_keys_and_by_attributes(tmp_path: Any) -> None:
    response = completion(model=FLASH, messages=SAY, modalities=["image", "text"])
    message = response.choices[0].message
    for i, image in enumerate(message.images or []):
        (tmp_path / f"{i}.png").write_bytes(_bytes(image["image_url"]["url"]))
    same = response["choices"][0]["message"]["images"][0]["image_url"]["url"]
    assert (tmp_path / "0.png").read_bytes() == _bytes(same) == _bytes(message.images[0].image_url.url)  # type: ignore[index]
    assert response.get("choices")[0].get("message").get("tool_calls", "none") == "none"
    assert message.tool_calls is None
    assert message.function_call is None


def test_a_logger_writes_the_answer_as_json() -> None:
    response = completion(model=FLASH, messages=SAY, user="user-1", metadata={"generation_name": "x", "tags": ["a"]})
    told = response.model_dump()
    assert json.loads(response.model_dump_json(indent=2)) == told
    assert told["choices"][0]["message"]["tool_calls"] is told["choices"][0]["message"]["function_call"] is None
    assert "tool_calls" not in response.model_dump(exclude_none=True)["choices"][0]["message"]
    assert response.json() == response.dict() == response.to_dict() == told
    assert response.model_dump(exclude={"choices"}).keys() == told.keys() - {"choices"}
    assert dict(response.usage) == {key: response.usage[key] for key in response.usage}
    with pytest.raises(TypeError, match="indentation"):
        response.model_dump(indentation=2)


def test_a_cost_tracker_reads_hidden_params_and_the_usage() -> None:
    total = 0.0
    response = completion(FLASH, SAY)
    total += response._hidden_params.get("response_cost") or 0.0  # LiteLLM's name
    assert response._response_ms > 0
    assert litellm.completion_cost(completion_response=response) == total
    assert isinstance(response, litellm.ModelResponse)
    usage = response.usage
    assert total == pytest.approx(usage.cost)
    assert response._hidden_params["custom_llm_provider"] == "gemini"
    assert usage.completion_tokens_details.image_tokens > 0
    assert usage.completion_tokens_details.audio_tokens is None
    assert usage.prompt_tokens_details.cached_tokens == 0
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]


def test_a_stream_is_joined_by_the_chunk_builder() -> None:
    chunks = list(completion(model=FLASH, messages=SAY, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    whole = stream_chunk_builder(chunks, messages=SAY)
    assert whole is not None
    assert whole.choices[0].message.content == text
    assert whole.choices[0].message.images[0].image_url.url.startswith("data:image/png")  # type: ignore[index]
    assert whole.id == chunks[0].id
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.model_dump() == whole.usage.model_dump()
    assert stream_chunk_builder([]) is None
    with pytest.raises(imagewire.InvalidRequest, match=r"^chunks\[0\]"):
        rebuilt([{"choices": []}])  # type: ignore[list-item]


async def test_many_at_once_with_a_semaphore() -> None:
    limit = asyncio.Semaphore(2)

    async def one(prompt: str) -> str:
        async with limit:
            response = await acompletion(model=FLASH, messages=[{"role": "user", "content": prompt}], timeout=60)
        return response.choices[0].message.images[0].image_url.url  # type: ignore[index]

    urls = await asyncio.gather(*(one(f"A banana, number {i}") for i in range(4)))
    assert len(set(urls)) == 4


async def test_an_async_stream_of_a_web_application() -> None:
    response = await acompletion(model=FLASH, messages=SAY, stream=True)
    sent = [f"data: {chunk.model_dump_json()}\n\n" async for chunk in response]
    deltas = [json.loads(line.removeprefix("data: "))["choices"][0]["delta"] for line in sent]
    assert [delta for delta in deltas if "images" in delta]


def test_an_agent_calls_a_function_and_draws() -> None:
    messages: list[Any] = [{"role": "user", "content": "call:get_current_weather then draw"}]
    response = completion(model=PRO, messages=messages, tools=[FUNCTION], tool_choice="auto")
    message = response.choices[0].message
    assert response.choices[0].finish_reason == "tool_calls"
    messages.append(message)
    for call in message.tool_calls or ():
        arguments = json.loads(call.function.arguments)
        assert call["function"]["name"] == "get_current_weather"
        result = json.dumps({"celsius": arguments["n"]})
        messages.append({"role": "tool", "tool_call_id": call.id, "name": call.function.name, "content": result})
    messages.append({"role": "user", "content": "Draw it"})
    second = completion(model=PRO, messages=messages, tools=[FUNCTION])
    assert second.choices[0].message.images


def test_an_agent_that_keeps_its_history_as_json() -> None:
    messages: list[Any] = [{"role": "user", "content": "call:get_current_weather"}]
    message = completion(model=PRO, messages=messages, tools=[FUNCTION]).choices[0].message
    history = json.loads(json.dumps([*messages, message.model_dump()]))
    history.append({"role": "tool", "tool_call_id": history[1]["tool_calls"][0]["id"], "content": "sunny"})
    history.append({"role": "user", "content": "Draw it"})
    assert completion(model=PRO, messages=history, tools=[FUNCTION]).choices[0].message.images


def test_calls_of_functions_are_streamed() -> None:
    calls: dict[int, dict[str, str]] = {}
    messages = [{"role": "user", "content": "call:get_current_weather"}]
    for chunk in completion(model=PRO, messages=messages, tools=[FUNCTION], stream=True):
        for call in chunk.choices[0].delta.tool_calls or ():
            known = calls.setdefault(call.index, {"name": "", "arguments": ""})
            known["name"] += call.function.name or ""
            known["arguments"] += call.function.arguments or ""
        reason = chunk.choices[0].finish_reason
    assert reason == "tool_calls"
    assert json.loads(calls[0]["arguments"]) == {"data": "abc", "n": 3}


def test_fallbacks_by_names_and_by_mappings() -> None:
    response = completion(
        model="gemini/emulator-503",
        messages=SAY,
        num_retries=0,
        fallbacks=["gemini/emulator-429", {"model": FLASH, "temperature": 0.5}],
    )
    assert response.model == FLASH
    chunks = list(completion("gemini/emulator-503", SAY, max_retries=0, fallbacks=[FLASH], stream=True))
    assert {chunk.model for chunk in chunks} == {FLASH}


async def test_fallbacks_with_asyncio_and_a_generator_of_messages() -> None:
    said = (message for message in SAY)
    response = await acompletion("gemini/emulator-503", said, num_retries=0, fallbacks=[FLASH])
    assert response.model == FLASH


def test_when_all_fallbacks_fail_the_first_model_s_error_is_raised() -> None:
    with pytest.raises(imagewire.RateLimited) as caught:
        completion("gemini/emulator-429-per-day", SAY, num_retries=0, fallbacks=["gemini/emulator-503"])
    assert "emulator-503" in caught.value.__notes__[0]


def test_one_set_of_arguments_for_every_model_with_drop_params() -> None:
    response = completion(
        model=FLASH,
        messages=[{"role": "user", "content": [{"type": "text", "text": "A banana", "cache_control": {"type": "e"}}]}],
        drop_params=True,
        reasoning_effort="high",
        parallel_tool_calls=False,
        logit_bias={"50256": -100},
        response_format={"type": "json_object"},
        image_size="2K",
        frequency_penalty=None,
        client=None,
        api_key=None,
    )  # type: ignore[call-overload]
    assert response.choices[0].message.images
    dropped = response._hidden_params["dropped_params"]
    assert {"logit_bias", "response_format", "reasoning_effort", "image_size"} <= set(dropped)


def test_without_drop_params_it_is_refused_by_name() -> None:
    with pytest.raises(imagewire.InvalidRequest, match="response_format"):
        completion(FLASH, SAY, response_format={"type": "json_object"})  # type: ignore[call-overload]
    with pytest.raises(imagewire.InvalidRequest, match=r"^reasoning_effort") as caught:
        completion(FLASH, SAY, reasoning_effort="high")
    assert [violation.field for violation in caught.value.violations] == ["reasoning_effort"]
    with pytest.raises(imagewire.InvalidRequest, match=r"^temperature"):
        completion(FLASH, SAY, temperature=9, drop_params=True)


def test_a_retry_loop_by_status_codes() -> None:
    statuses = []
    for model in ("gemini/emulator-429-per-day", "gemini/emulator-503", "gemini/emulator-500"):
        try:
            completion(model=model, messages=SAY, num_retries=0)
        except Exception as error:  # noqa: BLE001  # as such programs do
            told: Any = error
            statuses.append((told.status_code, told.llm_provider, told.model))
    assert statuses == [
        (429, "gemini", "emulator-429-per-day"),
        (503, "gemini", "emulator-503"),
        (503, "gemini", "emulator-500"),
    ]


def test_an_error_names_the_model_behind_an_alias() -> None:
    def fail(context: Any) -> None:
        context.set_trailing_metadata([("x-imagewire-model", "vertex_ai/gemini-3-pro-image")])
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down")

    for told, named in ((fail, ("vertex_ai", "gemini-3-pro-image")), (None, ("", "nano"))):
        script = Script(events=[], fail=told or (lambda context: context.abort(grpc.StatusCode.NOT_FOUND, "no")))
        with scripted(script) as target, pytest.raises(imagewire.ImagewireError) as caught:
            completion("nano", SAY, target=target, num_retries=0)
        error: Any = caught.value
        assert (error.llm_provider, error.model) == named
        assert (pickle.loads(pickle.dumps(error)).args) == error.args  # noqa: S301  # our own


def test_a_cache_keeps_answers_as_copies_and_pickles() -> None:
    response = completion(FLASH, SAY)
    for kept in (copy.deepcopy(response), pickle.loads(pickle.dumps(response))):  # noqa: S301  # our own
        assert kept.model_dump() == response.model_dump()


def test_an_edit_of_an_uploaded_picture_and_the_chat_goes_on() -> None:
    first = completion(FLASH, SAY).choices[0].message
    shown = {"type": "image_url", "image_url": {"url": first.image.url, "detail": "auto"}}  # type: ignore[union-attr]
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "Make it blue"}, shown]}]
    second = completion(FLASH, messages, n=1, stop=None, temperature=0.7, top_p=1.0, max_tokens=4000)
    messages += [second.choices[0].message, {"role": "user", "content": "Now green", "name": "anna"}]
    assert completion(FLASH, messages).choices[0].message.image is not None


def test_a_redacted_message_goes_back_as_it_is_now() -> None:
    script = Script(events=good_stream())
    with scripted(script) as target:
        message = completion(FLASH, SAY, target=target).choices[0].message
        message.content = "redacted"
        with pytest.raises(imagewire.InvalidRequest, match="send the answer back unchanged"):
            completion(FLASH, [*SAY, message, *SAY], target=target)  # its signed text would not fit
        kept = {"role": message.role, "content": message.content}
        completion(FLASH, [*SAY, kept, *SAY], target=target)
    assert script.requests[-1].spec.messages[1].parts[0].text == "redacted"


def test_a_trace_id_reaches_the_servers_log_and_interceptors() -> None:
    script = Script(events=good_stream())
    with scripted(script) as target:
        completion(FLASH, SAY, target=target, extra_headers={"X-Request-Id": "trace-1", "X-Team": "art"})
    assert (script.metadata[0]["x-request-id"], script.metadata[0]["x-team"]) == ("trace-1", "art")


def test_a_timeout_of_httpx_ends_the_call() -> None:
    timeout = SimpleNamespace(connect=1.0, read=0.2, write=1.0, pool=1.0)
    begun = time.monotonic()
    with pytest.raises(imagewire.DeadlineExceeded):
        completion(model="gemini/emulator-silent", messages=SAY, timeout=timeout, num_retries=0)  # type: ignore[call-overload]
    assert time.monotonic() - begun < 60


def test_a_history_made_anew_says_what_had_no_signature() -> None:
    chat = [*SAY, {"role": "assistant", "content": "Here it is"}, *SAY]
    assert completion(PRO, chat)._hidden_params["unsigned"] == ["messages[1]"]
    chunks = list(completion(PRO, chat, stream=True))
    whole = stream_chunk_builder(chunks)
    assert whole is not None
    assert whole._hidden_params["unsigned"] == ["messages[1]"]
