"""langchain-openai, unmodified, over /v1/responses."""

from typing import Any

import pytest

from tests.compat.conftest import KEY, MODEL, TEXT, Rest, package, sha256_of

pytestmark = pytest.mark.filterwarnings("default")  # the package's own


def _model(rest: Rest, name: str = MODEL, **more: Any) -> Any:
    made = package("langchain_openai").ChatOpenAI(
        **{"model": name, "base_url": rest.v1, "api_key": "any", "use_responses_api": True, **more}
    )
    return made.bind_tools([{"type": "image_generation"}])


@pytest.fixture
def model(rest: Rest) -> Any:
    return _model(rest)


def _pictures(message: Any) -> list[str]:
    blocks = [block for block in message.content_blocks if block["type"] == "image"]
    return [sha256_of(block["base64"]) for block in blocks]


def test_invoke(model: Any, rest: Rest) -> None:
    message = model.invoke("A banana")
    assert _pictures(message) == rest.drawn()
    assert message.text == TEXT
    assert message.usage_metadata["total_tokens"] == 1301


def test_stream(model: Any, rest: Rest) -> None:
    whole: Any = None
    for chunk in model.stream("A banana"):
        whole = chunk if whole is None else whole + chunk
    assert _pictures(whole) == rest.drawn()
    assert whole.text == TEXT
    assert whole.usage_metadata["total_tokens"] == 1301


async def test_ainvoke_and_astream(model: Any, rest: Rest) -> None:
    # One test: the package keeps one async connection pool, which a second test's loop could not use.
    assert _pictures(await model.ainvoke("A banana")) == rest.drawn()
    whole: Any = None
    async for chunk in model.astream("A banana"):
        whole = chunk if whole is None else whole + chunk
    assert _pictures(whole) == rest.drawn()
    assert whole.text == TEXT


@pytest.mark.parametrize("streamed", [False, True])
def test_blocks_keep_their_order(rest: Rest, streamed: bool) -> None:
    model = _model(rest, "gemini/emulator-interleaved")
    if streamed:
        chunks = list(model.stream("A banana"))
        message = sum(chunks[1:], chunks[0])
    else:
        message = model.invoke("A banana")
    kinds = [block["type"] for block in message.content_blocks]
    assert [kind for i, kind in enumerate(kinds) if i == 0 or kind != kinds[i - 1]] == [
        "text",
        "image",
        "text",
        "image",
        "text",
    ]
    assert _pictures(message) == rest.drawn()


def test_what_is_withheld(rest: Rest) -> None:
    message = _model(rest, "gemini/emulator-image-safety").invoke("A banana")
    assert message.text == TEXT
    assert _pictures(message) == []
    assert message.response_metadata["incomplete_details"] == {"reason": "content_filter"}


@pytest.mark.parametrize("streamed", [False, True])
def test_what_may_have_been_charged_is_asked_once(rest: Rest, streamed: bool) -> None:
    model = _model(rest, f"gemini/gemini-3.1-flash-lite-image--{'reset' if streamed else 'cut'}", max_retries=2)
    before = rest.calls()
    # It makes a ValueError of a response that fails while it comes.
    with pytest.raises(ValueError if streamed else package("openai").APIError, match="broke off"):
        _ = list(model.stream("A banana")) if streamed else model.invoke("A banana")
    assert rest.calls() - before == 1


def test_a_wrong_key(locked: Rest) -> None:
    with pytest.raises(package("openai").AuthenticationError):
        _model(locked, api_key="sk-wrong").invoke("A banana")
    assert _pictures(_model(locked, api_key=KEY).invoke("A banana")) == locked.drawn()


def test_an_edit(model: Any, rest: Rest) -> None:
    first = model.invoke("A banana")
    block = next(block for block in first.content_blocks if block["type"] == "image")
    picture = {"type": "image", "base64": block["base64"], "mime_type": "image/png"}
    second = model.invoke([("user", [{"type": "text", "text": "Make it blue"}, picture])])
    assert _pictures(second) == rest.drawn()
    assert [next(iter(part)) for part in rest.last_request()["contents"][0]["parts"]] == ["text", "inlineData"]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_chat_goes_on_by_the_ids_of_its_pictures(rest: Rest, streamed: bool) -> None:
    # It sends the id of a picture alone, for servers that keep it.
    model = _model(rest, "gemini/gemini-3-pro-image")
    chunks = list(model.stream("A banana")) if streamed else [model.invoke("A banana")]
    first = sum(chunks[1:], chunks[0])
    [drawn] = [block["base64"] for block in first.content_blocks if block["type"] == "image"]
    second = model.invoke([("user", "A banana"), first, ("user", "Make it blue")])
    assert _pictures(second)[-1] in rest.drawn()
    turns = rest.last_request()["contents"]
    assert [turn["role"] for turn in turns] == ["user", "model", "user"]
    [picture] = [part for part in turns[1]["parts"] if "inlineData" in part]
    assert picture["inlineData"]["data"] == f"<{len(drawn)} characters>"
    assert picture["thoughtSignature"]


def test_a_picture_that_is_not_kept_is_asked_for_by_name(model: Any, rest: Rest) -> None:
    first = model.invoke("A banana")
    with package("openai").OpenAI(base_url=rest.v1, api_key="any") as client:
        client.responses.delete(first.response_metadata["id"])
    with pytest.raises(package("openai").NotFoundError, match=r"input\[2\].id: you have no such picture, or it has"):
        model.invoke([("user", "A banana"), first, ("user", "Make it blue")])
