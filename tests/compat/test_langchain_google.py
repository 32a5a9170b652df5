"""langchain-google-genai, with nothing changed but the base URL and the key.

What it says through our server is what it says when it asks Google, which is the emulator here.
"""

import base64
from typing import Any

import pytest

from tests.compat.conftest import KEY, package, sha256_of
from tests.integration import processes
from tests.pictures import PNG

pytestmark = pytest.mark.filterwarnings("default")  # the package's own

FLASH, PRO, NEW = "gemini-2.5-flash-image", "gemini-3-pro-image", "gemini-3.1-flash-image"
_EDIT = [
    {"type": "text", "text": "Make it blue"},
    {"type": "image", "base64": base64.b64encode(PNG).decode(), "mime_type": "image/png"},
]
# Each model's name and settings, and what is asked, one turn after the other.
_CASES: dict[str, tuple[str, dict[str, Any], list[Any]]] = {
    "plain": (NEW, {}, ["A banana"]),
    "ratio": (FLASH, {"image_config": {"aspect_ratio": "16:9"}}, ["A banana"]),
    "large": (PRO, {"image_config": {"image_size": "2K"}}, ["A banana"]),
    "modalities": (NEW, {"response_modalities": ["TEXT", "IMAGE"]}, ["A banana"]),
    "thoughts": (PRO, {"include_thoughts": True}, ["A banana"]),
    "sampling": (NEW, {"temperature": 0.25, "top_p": 0.5, "top_k": 40, "seed": 7, "stop": ["END"]}, ["A banana"]),
    "unicode": (NEW, {}, ["Eine Banane \U0001f34c, \u65e5\u672c\u8a9e <&> \u2028"]),
    "edit": (FLASH, {}, [_EDIT]),
    "chat": (PRO, {}, ["A banana", "Make it blue", _EDIT]),
    "talk": (f"{NEW}--no-image", {}, ["Hello", "Why?"]),
    "two-pictures": (f"{NEW}--two-images", {}, ["A banana"]),
    "interleaved": (f"{NEW}--interleaved", {}, ["A banana"]),
    "tool-call": (f"{NEW}--tool-call", {}, ["A banana"]),
    "withheld": (f"{NEW}--image-safety", {}, ["A banana"]),
    "blocked": (f"{NEW}--safety", {}, ["A banana"]),
}
_VERTEX = ("plain", "ratio", "edit", "chat")
_ROWS = [
    (api, name, way)
    for api, names in (("gemini", tuple(_CASES)), ("vertex", _VERTEX))
    for name in names
    for way in ("invoke", "stream", "ainvoke", "astream")
    # Vertex AI streams a signature in an empty part. The package sends it back so, and Vertex AI refuses it.
    if (api, name) != ("vertex", "chat") or way.endswith("invoke")
]
_NO_PICTURE = ("talk", "withheld", "blocked")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_GENAI_USE_VERTEXAI"):
        monkeypatch.delenv(name, raising=False)


def _model(name: str, key: str, *, api: str = "gemini", **more: Any) -> Any:
    settings = {"model": name, "api_key": key, "vertexai": api == "vertex", "max_retries": 1}
    return package("langchain_google_genai").ChatGoogleGenerativeAI(**settings, **more)


def _pair(google: dict[str, str], api: str, name: str, **more: Any) -> tuple[Any, Any]:
    """The same model, asked directly and through our server."""
    return (
        _model(name, "emulator-key", api=api, base_url=google["directly"], **more),
        _model(name, KEY, api=api, base_url=google[api], **more),
    )


def _said(message: Any) -> Any:
    """All that a message says; its id is another for each call."""
    return message.model_dump(exclude={"id"})


def _pictures(message: Any) -> list[str]:
    blocks = [block for block in message.content if isinstance(block, dict)]  # text may be bare
    return [sha256_of(block["image_url"]["url"]) for block in blocks if block["type"] == "image_url"]


async def _answers(model: Any, turns: list[Any], way: str) -> tuple[list[Any], list[Any]]:
    """What each turn got, piece by piece, and the messages as a whole."""
    history: list[Any] = []
    pieces: list[Any] = []
    for turn in turns:
        history.append(("user", turn))
        if way == "invoke":
            got = [model.invoke(history)]
        elif way == "stream":
            got = list(model.stream(history))
        elif way == "ainvoke":
            got = [await model.ainvoke(history)]
        else:
            got = [piece async for piece in model.astream(history)]
        pieces += [_said(piece) for piece in got]
        history.append(sum(got[1:], got[0]))
    return pieces, history[1::2]


@pytest.mark.parametrize(("api", "name", "way"), _ROWS)
async def test_the_answer_is_the_same(google: dict[str, str], api: str, name: str, way: str) -> None:
    model, settings, turns = _CASES[name]
    before = len(processes.ledger(google["directly"]))
    found = []
    for one in _pair(google, api, model, **settings):
        found.append(await _answers(one, turns, way))
        await one.aclose()
    (directly, whole), (through, also) = found
    assert through == directly
    entries = processes.ledger(google["directly"])[before:]
    assert len(entries) == 2 * len(turns)
    asked = [(entry["body"], entry["model"], entry["stream"]) for entry in entries]
    assert asked[: len(turns)] == asked[len(turns) :]
    drawn = [_pictures(message) for message in also]
    assert drawn == [_pictures(message) for message in whole]
    assert all(drawn) != (name in _NO_PICTURE)
    if name not in _NO_PICTURE:
        assert drawn[-1][-1] == entries[-1]["images"][-1]["sha256"]


@pytest.mark.parametrize("streamed", [False, True], ids=["unary", "streamed"])
@pytest.mark.parametrize("name", ["400", "403", "429", "429-per-day", "503", "unknown-model", "wrong-key"])
def test_an_error_is_the_same(google: dict[str, str], name: str, streamed: bool) -> None:
    told = []
    for url, key in ((google["directly"], "emulator-key"), (google["gemini"], KEY)):
        asked = "nope" if name == "unknown-model" else NEW if name == "wrong-key" else f"{NEW}--{name}"
        model = _model(asked, "wrong" if name == "wrong-key" else key, base_url=url)
        with pytest.raises(Exception, match=r"\d\d\d") as failed:
            _ = list(model.stream("x")) if streamed else model.invoke("x")
        cause: Any = failed.value.__cause__
        told.append((type(failed.value), type(cause), cause.code, cause.status))
    assert told[0] == told[1]


def test_what_came_before_an_error_inside_a_stream_is_the_same(google: dict[str, str]) -> None:
    told = []
    for model in _pair(google, "gemini", f"{NEW}--error-in-stream"):
        pieces: list[Any] = []
        with pytest.raises(package("langchain_google_genai.chat_models").GoogleAPIError):
            pieces.extend(_said(piece) for piece in model.stream("x"))
        told.append(pieces)
    assert told[0] == told[1]
    assert told[0]


@pytest.mark.parametrize("api", ["gemini", "vertex"])
def test_tokens_are_counted(google: dict[str, str], api: str) -> None:
    assert [model.get_num_tokens("A banana") for model in _pair(google, api, NEW)] == [2, 2]


@pytest.mark.parametrize("way", ["base_url", "client_options", "environment"])
def test_each_way_to_give_the_base_url(google: dict[str, str], monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    url = google["gemini"]
    given: dict[str, Any] = {}
    if way == "base_url":
        given = {"base_url": url}
    elif way == "client_options":
        given = {"client_options": {"api_endpoint": url}}
    else:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", url)
    [sha256] = _pictures(_model(NEW, KEY, **given).invoke("A banana"))
    assert [image["sha256"] for image in processes.ledger(google["directly"])[-1]["images"]] == [sha256]
