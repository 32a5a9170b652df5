"""The litellm SDK as a client, unmodified: as `openai/` with a base URL, and as `litellm_proxy/`."""

import os
from typing import Any

import pytest

from tests.compat.conftest import ASK, MODEL, Rest, sha256_of

pytestmark = pytest.mark.filterwarnings("default")  # the package's own
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch its prices at import


@pytest.fixture(scope="module")
def litellm() -> Any:
    import litellm  # noqa: PLC0415  # seconds, and only here

    litellm.suppress_debug_info = True
    return litellm


def _asked(rest: Rest, provider: str) -> dict[str, Any]:
    return {"model": f"{provider}/{MODEL}", "messages": ASK, "api_base": rest.v1, "api_key": "any"}


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
    assert message.content == "Here's the image you requested:"
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
    assert message.content == "Here's the image you requested:"
    assert [sha256_of(entry["image_url"]["url"]) for entry in message.images] == rest.drawn()
    assert rebuilt.usage.completion_tokens == 1299


@both
async def test_a_stream_async(litellm: Any, rest: Rest, provider: str) -> None:
    stream = await litellm.acompletion(**_asked(rest, provider), stream=True)
    assert _shown([chunk async for chunk in stream]) == rest.drawn()


def test_image_generation(litellm: Any, rest: Rest) -> None:
    answer = litellm.image_generation(model=f"openai/{MODEL}", prompt="A banana", api_base=rest.v1, api_key="any")
    assert [sha256_of(picture.b64_json) for picture in answer.data] == rest.drawn()


def test_an_error_is_litellms(litellm: Any, rest: Rest) -> None:
    before = rest.calls()
    with pytest.raises(litellm.BadRequestError, match="size"):
        litellm.completion(**_asked(rest, "openai"), extra_body={"size": "enormous"})
    assert rest.calls() == before
