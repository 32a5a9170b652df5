"""The REST API on loopback: each fault has its status, its code and its place in a stream."""

import errno
import json

import httpx
import pytest

from imagewire_server.api.rest import middleware, temp_buffer
from imagewire_server.config.routing import Routing
from tests.conftest import Stack, running_stack
from tests.deployments import google
from tests.integration.rest_requests import MODEL, ask, body

FAULTS = [
    ("gemini/emulator-429", 429, "upstream_rate_limited", {"retry-after": "22"}),
    ("gemini/emulator-500", 503, "upstream_internal", {}),
    ("gemini/emulator-503", 503, "upstream_unavailable", {}),
    ("gemini/emulator-reset", 502, "upstream_cut", {"x-should-retry": "false"}),
    ("gemini/emulator-cut", 502, "upstream_cut", {"x-should-retry": "false"}),
    ("gemini/emulator-cut-clean", 502, "upstream_cut", {"x-should-retry": "false"}),
    ("gemini/emulator-bad-base64", 502, "upstream_malformed", {"x-should-retry": "false"}),
    ("gemini/emulator-bad-type", 502, "upstream_malformed", {"x-should-retry": "false"}),
    ("gemini/emulator-size-5MB", 502, "upstream_too_large", {"x-should-retry": "false"}),
    ("gemini/emulator-no-candidates", 502, "upstream_malformed", {"x-should-retry": "false"}),
    ("gemini/emulator-silent", 504, "upstream_timeout", {"x-should-retry": "false"}),
    ("gemini/emulator-stuck", 504, "upstream_timeout", {"x-should-retry": "false"}),
    ("gemini/emulator-array-error", 400, "upstream_invalid_argument", {}),
    ("gemini/no-such-model", 404, "model_not_found", {}),
    ("nobody/model", 404, "model_not_found", {}),
]


@pytest.mark.parametrize(("model", "status", "code", "headers"), FAULTS, ids=[row[0] for row in FAULTS])
async def test_a_fault_has_its_status(model: str, status: int, code: str, headers: dict[str, str]) -> None:
    # Each bound is small against the test's patience, or against a picture of 5 MB.
    limits = {"first_byte_timeout": 2.0, "idle_timeout": 1.0, "max_answer_bytes": 4_000_000}
    async with running_stack(rest=True, **limits) as stack:
        answer = await ask(stack, body(model))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert {name: answer.headers.get(name) for name in headers} == headers
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


MIDDLE = ["reset", "cut", "cut-clean", "bad-base64", "bomb", "stuck", "error-in-stream"]


@pytest.mark.parametrize("scenario", MIDDLE)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_a_fault_in_a_stream_is_an_event_and_then_nothing(scenario: str, path: str) -> None:
    asked = body(f"gemini/emulator-{scenario}", stream=True)
    if path == "/v1/responses":
        asked = {"model": asked["model"], "input": "A", "tools": [{"type": "image_generation"}], "stream": True}
    async with running_stack(rest=True, idle_timeout=1.0, max_answer_bytes=4_000_000) as stack:
        answer = await ask(stack, asked, path)
    assert answer.status_code == 200
    last = json.loads(answer.text.rstrip().rpartition("data: ")[2])
    assert last["error"]["message"]
    assert "[DONE]" not in answer.text
    assert "response.completed" not in answer.text


async def test_a_large_answer_that_fails_has_its_own_status() -> None:
    async with running_stack(rest=True, max_answer_bytes=40_000_000, rest_image_order="drawn") as stack:
        answer = await ask(stack, body("gemini/emulator-size-40MB"))
    assert (answer.status_code, answer.headers["x-should-retry"]) == (502, "false")


async def test_without_disk_an_answer_that_fails_after_it_began_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(temp_buffer, "_file", full)
    async with running_stack(rest=True, max_answer_bytes=40_000_000, rest_image_order="drawn") as stack:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(stack, body("gemini/emulator-size-40MB"))


@pytest.mark.parametrize(
    ("model", "native", "text"),
    [
        ("gemini/emulator-safety", "SAFETY", ""),
        ("gemini/emulator-image-safety", "IMAGE_SAFETY", "Here's the image you requested:"),
        ("gemini/emulator-no-image", "NO_IMAGE", "Here's the image you requested:"),
    ],
)
async def test_what_is_withheld_says_why(rest: Stack, model: str, native: str, text: str) -> None:
    [choice] = (await ask(rest, body(model))).json()["choices"]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("content_filter", native)
    assert choice["finish_message"]
    assert choice["message"]["content"] == text
    images = await ask(rest, {"model": model, "prompt": "A"}, "/v1/images/generations")
    assert (images.status_code, images.json()["error"]["code"]) == (400, "picture_withheld")
    assert native in images.json()["error"]["message"]
    response = (await ask(rest, {"model": model, "input": "A"}, "/v1/responses")).json()
    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})


async def test_what_one_of_several_calls_drew_is_not_lost_because_another_failed() -> None:
    async with running_stack(rest=True, max_concurrent_calls=1) as stack:
        answer = await ask(stack, {"model": MODEL, "prompt": "A", "n": 2}, "/v1/images/generations")
    told = answer.json()
    assert answer.status_code == 200
    assert (len(told["data"]), [error["code"] for error in told["errors"]]) == (1, ["overloaded"])


async def test_several_calls_do_not_look_free_to_repeat_when_one_may_have_been_charged() -> None:
    # The first call that reaches the provider costs nothing; the others may.
    emulate = (("x-emulate", "503 times 1; cut@50%"),)
    one = google("one", MODEL, "gemini", "gemini-2.5-flash-image", api_key="emulator-key", extra_headers=emulate)
    async with running_stack((one,), Routing(num_retries=0), rest=True) as stack:
        answer = await ask(stack, {"model": MODEL, "prompt": "A", "n": 4}, "/v1/images/generations")
        assert sum(entry.charged for entry in stack.emulator.ledger.entries) > 0
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["error"]["code"] == "upstream_cut"


async def test_a_fault_of_ours_shows_nothing(rest: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the key is AIzaSecret")

    monkeypatch.setattr(middleware.Exchange, "__init__", broken)
    answer = await ask(rest, body())
    assert answer.status_code == 500
    assert "AIza" not in answer.text
    assert answer.json()["error"]["request_id"] in answer.json()["error"]["message"]
