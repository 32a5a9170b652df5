"""The litellm SDK as a client, unmodified: as `openai/` with a base URL, and as `litellm_proxy/`."""

import io
from typing import Any

import pytest

from imagewire_emulator import in_thread
from tests.compat.conftest import ASK, KEY, MODEL, TEXT, Rest, package, sha256_of
from tests.compat.test_emulator_clients import check, run
from tests.pictures import PNG

pytestmark = pytest.mark.filterwarnings("default")  # the package's own


@pytest.fixture(scope="module")
def litellm() -> Any:
    made = package("litellm")
    made.suppress_debug_info = True
    return made


def _asked(rest: Rest, provider: str, model: str = MODEL, key: str = "any") -> dict[str, Any]:
    return {"model": f"{provider}/{model}", "messages": ASK, "api_base": rest.v1, "api_key": key}


def _shown(chunks: list[Any]) -> list[str]:
    """The pictures of a stream: newer versions of the package read `images` and drop `image`."""
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    entries = [entry for delta in deltas for entry in getattr(delta, "images", None) or ()]
    return [sha256_of(entry["image_url"]["url"]) for entry in entries]


both = pytest.mark.parametrize("provider", ["openai", "litellm_proxy"])


@both
def test_completion(litellm: Any, rest: Rest, provider: str) -> None:
    answer = litellm.completion(**_asked(rest, provider))
    message = answer.choices[0].message
    assert message.content == TEXT
    assert [sha256_of(entry["image_url"]["url"]) for entry in message.images] == rest.drawn()
    assert answer.usage.completion_tokens == 1299


@both
async def test_acompletion(litellm: Any, rest: Rest, provider: str) -> None:
    answer = await litellm.acompletion(**_asked(rest, provider))
    assert sha256_of(answer.choices[0].message.images[0]["image_url"]["url"]) == rest.drawn()[0]


@both
def test_a_stream_and_its_rebuilding(litellm: Any, rest: Rest, provider: str) -> None:
    chunks = list(litellm.completion(**_asked(rest, provider), stream=True, stream_options={"include_usage": True}))
    assert _shown(chunks) == rest.drawn()
    rebuilt = litellm.stream_chunk_builder(chunks, messages=ASK)
    message = rebuilt.choices[0].message
    assert message.content == TEXT
    assert [sha256_of(entry["image_url"]["url"]) for entry in message.images] == rest.drawn()
    assert rebuilt.usage.completion_tokens == 1299


@both
@pytest.mark.parametrize("fields", ["both", "image", "images"])
@pytest.mark.parametrize("model", [MODEL, "gemini/emulator-drafts"])
def test_an_answer_said_back_as_it_came(litellm: Any, rest: Rest, provider: str, fields: str, model: str) -> None:
    asked = {**_asked(rest, provider, model), "extra_headers": {"x-image-fields": fields}}
    message = litellm.completion(**asked).choices[0].message
    given = message.model_dump()
    [shown, *_] = [entry["image_url"] for entry in given.get("images") or ()] or [
        given["provider_specific_fields"]["image"]
    ]
    for said in (message, message.model_dump()):
        litellm.completion(**{**asked, "messages": [*ASK, said, {"role": "user", "content": "Blue"}]})
        [*_, part] = rest.last_request()["contents"][1]["parts"]
        assert part["inlineData"]["data"] == f"<{len(shown['url'].partition(',')[2])} characters>"


@both
async def test_a_stream_async(litellm: Any, rest: Rest, provider: str) -> None:
    stream = await litellm.acompletion(**_asked(rest, provider), stream=True)
    assert _shown([chunk async for chunk in stream]) == rest.drawn()


def test_image_generation(litellm: Any, rest: Rest) -> None:
    answer = litellm.image_generation(model=f"openai/{MODEL}", prompt="A banana", api_base=rest.v1, api_key="any")
    assert [sha256_of(picture.b64_json) for picture in answer.data] == rest.drawn()


def test_image_edit(litellm: Any, rest: Rest) -> None:
    files = [io.BytesIO(PNG), io.BytesIO(PNG)]
    answer = litellm.image_edit(model=f"openai/{MODEL}", prompt="Blue", image=files, api_base=rest.v1, api_key="any")
    assert [sha256_of(picture.b64_json) for picture in answer.data] == rest.drawn()
    assert len(rest.last_request()["contents"][0]["parts"]) == 3


@pytest.mark.parametrize("stream", [False, True])
def test_responses(litellm: Any, rest: Rest, stream: bool) -> None:
    asked = {"model": f"openai/{MODEL}", "input": "A banana", "tools": [{"type": "image_generation"}]}
    answer = litellm.responses(**asked, api_base=rest.v1, api_key="any", stream=stream)
    response = list(answer)[-1].response if stream else answer
    drawn = [item for item in response.output if item.type == "image_generation_call"]
    assert [sha256_of(item.result) for item in drawn] == rest.drawn()


@both
@pytest.mark.parametrize(("scenario", "pictures"), [("two-images", 2), ("drafts", 2), ("interleaved", 2)])
def test_no_picture_is_lost_when_chunks_are_joined(
    litellm: Any, rest: Rest, provider: str, scenario: str, pictures: int
) -> None:
    chunks = list(litellm.completion(**_asked(rest, provider, f"gemini/emulator-{scenario}"), stream=True))
    message = litellm.stream_chunk_builder(chunks, messages=ASK).choices[0].message
    assert [sha256_of(entry["image_url"]["url"]) for entry in message.images] == rest.drawn()
    assert len(message.images) == pictures
    assert message.content.startswith(TEXT)


@both
def test_what_is_withheld(litellm: Any, rest: Rest, provider: str) -> None:
    answer = litellm.completion(**_asked(rest, provider, "gemini/emulator-image-safety"))
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == ("content_filter", TEXT)
    chunks = list(litellm.completion(**_asked(rest, provider, "gemini/emulator-image-safety"), stream=True))
    assert litellm.stream_chunk_builder(chunks, messages=ASK).choices[0].finish_reason == "content_filter"


@both
def test_a_wrong_field_is_named_and_nothing_is_asked(litellm: Any, rest: Rest, provider: str) -> None:
    before = rest.calls()
    with pytest.raises(litellm.BadRequestError, match="size"):
        litellm.completion(**_asked(rest, provider), extra_body={"size": "enormous"})
    assert rest.calls() == before


@both
def test_a_wrong_key(litellm: Any, locked: Rest, provider: str) -> None:
    with pytest.raises(litellm.AuthenticationError):
        litellm.completion(**_asked(locked, provider, key="sk-wrong"))
    assert litellm.completion(**_asked(locked, provider, key=KEY)).choices[0].message.images


# Each call names another model: one that asked for a wait is refused until then, and the client would wait for it.
@pytest.mark.parametrize(
    ("provider", "model", "stream"),
    [
        ("openai", "gemini-3-pro-image-preview--cut", False),
        ("openai", "gemini-3.1-flash-image-preview--cut", True),
        ("litellm_proxy", "gemini-3-pro-image-preview--bad-type", False),
        ("litellm_proxy", "gemini-3.1-flash-image-preview--bad-base64", True),
    ],
)
def test_what_may_have_been_charged_is_asked_once(
    litellm: Any, rest: Rest, provider: str, model: str, stream: bool
) -> None:
    before = rest.calls()
    kind = litellm.APIConnectionError if stream else litellm.BadGatewayError
    with pytest.raises((kind, litellm.exceptions.MidStreamFallbackError)):
        list(litellm.completion(**_asked(rest, provider, f"gemini/{model}"), stream=stream))
    assert rest.calls() - before == 1


def test_a_rate_limit(litellm: Any, rest: Rest) -> None:
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(**_asked(rest, "openai", "gemini/gemini-3-pro-image--429-9"), max_retries=0)


def test_the_emulator_itself(litellm: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The program of docs/emulator.md."""
    with in_thread() as emulator:
        run("programs/litellm_emulator.py", emulator)
        check(capsys.readouterr().out, emulator)
