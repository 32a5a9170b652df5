"""LiteLLM's form of the API as a type checker sees it. It is checked, never run."""

from typing import assert_type

from imagewire import (
    Completion,
    Image,
    acompletion,
    completion,
    litellm,
    stream_chunk_builder,
)


def as_litellm() -> None:
    messages = [{"role": "user", "content": "A banana"}]
    response = completion(model="gemini/x", messages=messages, timeout=60, aspect_ratio="16:9", num_retries=0)
    assert_type(response.id, str)
    assert_type(response.created, int)
    assert_type(response.model, str)
    assert_type(response.usage.total_tokens, int)
    assert_type(response.usage.cost, float | None)
    assert_type(response.usage.cost_nano_usd, int | None)
    assert_type(response.usage.completion_tokens_details.reasoning_tokens, int | None)
    assert_type(response.choices[0].finish_message, str | None)
    message = response.choices[0].message
    assert_type(message.content, str)
    assert_type(message.reasoning_content, str | None)
    if message.image is not None:
        assert_type(message.image.url, str)
        assert_type(message.image.picture, Image)
        _ = message.image["url"], message["image"], message.get("images")
    completion("gemini/x", [*messages, message, {"role": "user", "content": "Make it blue"}])
    completion("gemini/x", messages, service_tier="flex", output_config={"uri_prefix": "gs://b/"})
    completion("gemini/x", messages, temprature=1)  # type: ignore[call-overload]
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    completion(
        "gemini/x", messages, tools=[tool], tool_choice="auto", fallbacks=["a", {"model": "b"}], drop_params=True
    )
    for call in message.tool_calls or ():
        assert_type(call.function.arguments, str)
    assert_type(response.model_dump_json(), str)
    chunks = list(completion("gemini/x", messages, stream=True))
    assert_type(stream_chunk_builder(chunks, messages=messages), Completion | None)
    litellm.drop_params = True
    try:
        assert_type(litellm.completion("gemini/x", messages), Completion)
    except litellm.RateLimitError as error:
        assert_type(error.retry_after, float | None)
    for chunk in chunks:
        assert_type(chunk.choices[0].delta.content, str | None)
        if hasattr(chunk.choices[0].delta, "image") and chunk.choices[0].delta.image is not None:
            assert_type(chunk.choices[0].delta.image.url, str)


async def as_litellm_asynchronous() -> None:
    messages = [{"role": "user", "content": "A banana"}]
    response = await acompletion(model="gemini/x", messages=messages)
    assert_type(response.choices[0].message.content, str)
    async for chunk in await acompletion("gemini/x", messages, stream=True):
        assert_type(chunk.choices[0].delta.content, str | None)
