"""langchain-openai, unmodified, over /v1/responses."""

from typing import Any

import pytest

from tests.compat.conftest import MODEL, Rest, sha256_of

pytestmark = pytest.mark.filterwarnings("default")  # the package's own


@pytest.fixture
def model(rest: Rest) -> Any:
    from langchain_openai import ChatOpenAI  # noqa: PLC0415  # seconds, and only here

    made = ChatOpenAI(model=MODEL, base_url=rest.v1, api_key="any", use_responses_api=True)  # type: ignore[arg-type]
    return made.bind_tools([{"type": "image_generation"}])


def _pictures(message: Any) -> list[str]:
    blocks = [block for block in message.content_blocks if block["type"] == "image"]
    return [sha256_of(block["base64"]) for block in blocks]


def test_invoke(model: Any, rest: Rest) -> None:
    message = model.invoke("A banana")
    assert _pictures(message) == rest.drawn()
    assert message.text == "Here's the image you requested:"
    assert message.usage_metadata["total_tokens"] == 1301


async def test_ainvoke(model: Any, rest: Rest) -> None:
    assert _pictures(await model.ainvoke("A banana")) == rest.drawn()


def test_stream(model: Any, rest: Rest) -> None:
    whole: Any = None
    for chunk in model.stream("A banana"):
        whole = chunk if whole is None else whole + chunk
    assert _pictures(whole) == rest.drawn()
    assert whole.text == "Here's the image you requested:"
    assert whole.usage_metadata["total_tokens"] == 1301


def test_an_edit(model: Any, rest: Rest) -> None:
    first = model.invoke("A banana")
    block = next(block for block in first.content_blocks if block["type"] == "image")
    picture = {"type": "image", "base64": block["base64"], "mime_type": "image/png"}
    second = model.invoke([("user", [{"type": "text", "text": "Make it blue"}, picture])])
    assert _pictures(second) == rest.drawn()
    assert [next(iter(part)) for part in rest.last_request()["contents"][0]["parts"]] == ["text", "inlineData"]


def test_a_picture_that_the_client_left_out_is_asked_for_by_name(model: Any, rest: Rest) -> None:
    # It sends the id alone, for servers that keep pictures.
    first = model.invoke("A banana")
    with pytest.raises(Exception, match=r"input\[2\].result: is required"):
        model.invoke([("user", "A banana"), first, ("user", "Make it blue")])
