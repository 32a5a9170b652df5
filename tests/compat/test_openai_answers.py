"""openai-python on the answers that are not one text and one picture: drafts, several, none, and odd text."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.compat.conftest import ASK, TEXT, Rest, package, sha256_of

openai = package("openai")
_TOOL: Any = {"type": "image_generation"}


@pytest.fixture
def client(rest: Rest) -> Iterator[Any]:
    with openai.OpenAI(base_url=rest.v1, api_key="any") as made:
        yield made


def _unary(client: Any, model: str) -> Any:
    return client.chat.completions.create(model=model, messages=ASK)


def _streamed(client: Any, model: str) -> Any:
    """The helper joins the deltas, so it must be told which picture is which."""
    with client.chat.completions.stream(model=model, messages=ASK, stream_options={"include_usage": True}) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion()


both = pytest.mark.parametrize("ask", [_unary, _streamed])


def _pictures(message: Any) -> list[str]:
    assert [entry["index"] for entry in message.images] == list(range(len(message.images)))
    return [sha256_of(entry["image_url"]["url"]) for entry in message.images]


@both
def test_drafts_are_marked(client: Any, rest: Rest, ask: Any) -> None:
    answer = ask(client, "gemini/emulator-drafts")
    message = answer.choices[0].message
    assert message.content == TEXT
    assert "Composing" in message.reasoning_content
    order = 1 if ask is _streamed else -1  # in an answer that is not a stream, the draft is behind the picture
    assert _pictures(message) == rest.drawn()[::order]
    assert [entry.get("thought", False) for entry in message.images] == [True, False][::order]
    assert sha256_of(message.image["url"]) == rest.drawn()[-1]
    assert answer.usage.completion_tokens == 1189


@both
def test_text_between_pictures(client: Any, rest: Rest, ask: Any) -> None:
    answer = ask(client, "gemini/emulator-interleaved")
    message = answer.choices[0].message
    assert message.content.startswith(TEXT)
    assert message.content.endswith("I'll edit it.")
    assert _pictures(message) == rest.drawn()
    assert len(rest.drawn()) == 2
    assert answer.usage.completion_tokens_details.model_extra["image_tokens"] == 2240


@both
def test_text_that_line_readers_stumble_over(client: Any, ask: Any) -> None:
    message = ask(client, "gemini/emulator-unicode").choices[0].message
    assert message.content.startswith("Line\u2028separator, \u2029paragraph, emoji 🍌")


@both
def test_a_long_picture(client: Any, rest: Rest, ask: Any) -> None:
    message = ask(client, "gemini/emulator-size-6MB").choices[0].message
    assert _pictures(message) == rest.drawn()


@pytest.mark.parametrize(
    ("scenario", "text", "reason"),
    [("safety", "", "SAFETY"), ("image-safety", TEXT, "IMAGE_SAFETY"), ("no-image", TEXT, "NO_IMAGE")],
)
def test_what_is_withheld_has_its_reason_and_its_text(client: Any, scenario: str, text: str, reason: str) -> None:
    model = f"gemini/emulator-{scenario}"
    choice = _unary(client, model).choices[0]
    assert choice.message.content == text
    assert (choice.finish_reason, choice.native_finish_reason) == ("content_filter", reason)
    assert choice.finish_message
    chunks = list(client.chat.completions.create(model=model, messages=ASK, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
    assert (chunks[-1].choices[0].finish_reason, chunks[-1].choices[0].native_finish_reason) == (
        "content_filter",
        reason,
    )
    response = client.responses.create(model=model, input="A banana", tools=[_TOOL])
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "content_filter")
    assert response.output_text == text
    # The package's own stream helper has no answer for a filter but this one.
    with pytest.raises(openai.ContentFilterFinishReasonError):
        _streamed(client, model)


def _message_texts(response: Any) -> list[str]:
    return [item.content[0].text for item in response.output if item.type == "message"]


def _events(client: Any, model: str) -> Any:
    with client.responses.stream(model=model, input="A banana", tools=[_TOOL]) as stream:
        return stream.get_final_response()


def test_a_response_has_one_message_for_one_text(client: Any) -> None:
    response = client.responses.create(model="gemini/gemini-3-pro-image", input="A banana", tools=[_TOOL])
    assert _message_texts(response) == [TEXT]
    assert _message_texts(_events(client, "gemini/gemini-2.5-flash-image")) == [TEXT]


def test_a_streamed_response_has_one_message_for_one_text(client: Any) -> None:
    assert _message_texts(_events(client, "gemini/gemini-3-pro-image")) == [TEXT]


def test_a_streamed_responses_items_go_back_as_input(client: Any, rest: Rest) -> None:
    first = _events(client, "gemini/gemini-3-pro-image")
    history = [
        {"role": "user", "content": "A banana"},
        *(item.model_dump(exclude_none=True) for item in first.output),
        {"role": "user", "content": "Blue"},
    ]
    again = client.responses.create(model="gemini/gemini-3-pro-image", input=history, tools=[_TOOL])
    assert again.status == "completed"
    parts = rest.last_request()["contents"][1]["parts"]
    assert any("inlineData" in part and part["thoughtSignature"] for part in parts)
