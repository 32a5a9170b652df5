"""The page that this began with, as written: its config file, its two curl calls, its two expected answers."""

import base64
import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.compat.conftest import missing, needs
from tests.integration import processes

CONFIG = """\
model_list:
  - model_name: gemini-image-gen
    litellm_params:
      model: gemini/gemini-2.5-flash-image-preview
      api_key: os.environ/GEMINI_API_KEY
"""
# The page's commands; its proxy listens on port 4000 of every address.
CALL = """curl {url}/v1/chat/completions \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $LITELLM_KEY" \\
  -d '{{
    "model": "gemini-image-gen",
    "messages": [
      {{
        "role": "user",
        "content": "Generate an image of a banana wearing a costume that says LiteLLM"
      }}
    ]{more}
}}'"""
STREAM = ',\n    "stream": true'


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    needs("curl")
    config = tmp_path_factory.mktemp("seed") / "config.yaml"
    config.write_text(CONFIG)
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--config", str(config)) as server,
    ):
        yield server.rest


def _run(command: str, *more: str) -> str:
    ended = subprocess.run(
        ["sh", "-c", " ".join([command, *more])],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LITELLM_KEY": "sk-1234"},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _same_shape(given: Any, expected: Any, path: str = "") -> None:
    """Every field of the page's is there, of its type; what is a fixed word there is that word here."""
    if isinstance(expected, dict):
        assert isinstance(given, dict), path
        for name, value in expected.items():
            assert name in given, f"{path}.{name}"
            _same_shape(given[name], value, f"{path}.{name}")
    elif isinstance(expected, list):
        assert len(given) == len(expected), path
        for i, value in enumerate(expected):
            _same_shape(given[i], value, f"{path}[{i}]")
    elif isinstance(expected, re.Pattern):
        assert expected.match(given), f"{path}: {given!r:.80}"
    elif isinstance(expected, type):
        assert type(given) is expected, path
    else:
        assert given == expected, path


_URL = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+={0,2}\Z")
ANSWER = {
    "id": re.compile(r"chatcmpl-[0-9a-f]{32}\Z"),
    "choices": [
        {
            "finish_reason": "stop",
            "index": 0,
            "message": {
                "content": "Here's the image you requested:",
                "role": "assistant",
                "image": {"url": _URL, "detail": "auto"},
            },
        }
    ],
    "created": int,
    # The page's id is an alias of the model that replaced it.
    "model": "gemini/gemini-2.5-flash-image",
    "object": "chat.completion",
    "usage": {"completion_tokens": int, "prompt_tokens": int, "total_tokens": int},
}


def test_the_unary_answer(url: str) -> None:
    answer = json.loads(_run(CALL.format(url=url, more="")))
    _same_shape(answer, ANSWER)
    assert list(answer) == list(ANSWER)
    assert list(answer["usage"])[:3] == ["completion_tokens", "prompt_tokens", "total_tokens"]
    # Within a choice the order is not the page's: pictures are written while they arrive, the text and the reason are
    # known at the end. Objects of JSON have no order; ours is told in docs/internals.md.
    assert list(answer["choices"][0]) == ["index", "message", "finish_reason", "native_finish_reason"]
    assert list(answer["choices"][0]["message"]) == ["role", "images", "image", "content"]
    assert list(answer["choices"][0]["message"]["image"]) == ["url", "detail"]
    image = answer["choices"][0]["message"]["image"]
    with Image.open(io.BytesIO(base64.b64decode(image["url"].partition(",")[2], validate=True))) as picture:
        picture.load()


def test_the_unary_answer_with_the_pages_field_alone(url: str) -> None:
    answer = json.loads(_run(CALL.format(url=url, more=""), "-H 'x-image-fields: image'"))
    _same_shape(answer, ANSWER)
    [choice] = answer["choices"]
    assert list(choice["message"]) == ["role", "image", "content"]
    assert list(choice) == ["index", "message", "finish_reason", "native_finish_reason"]
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def _chunk(delta: Any, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": re.compile(r"chatcmpl-[0-9a-f]{32}\Z"),
        "object": "chat.completion.chunk",
        "created": int,
        "model": "gemini/gemini-2.5-flash-image",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def test_the_stream(url: str) -> None:
    text = _run(CALL.format(url=url, more=STREAM), "-H 'x-image-fields: image'")
    lines = [line for line in text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    _same_shape(chunks[0], _chunk({"role": "assistant"}))
    *texts, picture, last = chunks[1:]
    for chunk in texts:
        _same_shape(chunk, _chunk({"content": str}))
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in texts) == "Here's the image you requested:"
    _same_shape(picture, _chunk({"image": {"url": _URL, "detail": "auto"}}))
    _same_shape(last, _chunk({}, "stop"))
    assert last["choices"][0]["delta"] == {}
    for chunk in chunks:
        assert list(chunk) == ["id", "object", "created", "model", "choices"]
        more = ["native_finish_reason"] if chunk is last else []
        assert list(chunk["choices"][0]) == ["index", "delta", "finish_reason", *more]
        assert len(chunk["choices"][0]["delta"]) <= 1
    assert list(picture["choices"][0]["delta"]["image"]) == ["url", "detail"]
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1


def test_the_stream_without_a_choice_of_fields_has_both(url: str) -> None:
    text = _run(CALL.format(url=url, more=STREAM))
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in text.split("\n") if line.startswith("data: {")]
    assert [next(iter(delta), "end") for delta in deltas if "content" not in delta] == [
        "role",
        "images",
        "image",
        "end",
    ]


def test_an_offer_of_http2_is_passed_over(url: str) -> None:
    if "HTTP2" not in _run("curl --version"):
        missing("curl with HTTP/2")
    assert "image" in json.loads(_run(CALL.format(url=url, more=""), "--http2"))["choices"][0]["message"]


def test_what_curl_shows_for_a_mistake(url: str, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"model": "gemini-image-gen", "mesages": []}')
    asked = f"curl {url}/v1/chat/completions -d @{body}"
    # Without a type curl says that it is a form, as a page of another site could.
    assert "Content-Type: application/json" in json.loads(_run(asked))["error"]["message"]
    answer = json.loads(_run(f"{asked} -H 'content-type: application/json'"))
    assert answer["error"]["param"] == "mesages"
    assert "messages" in answer["error"]["message"]
