"""The REST edge on loopback: what is asked moves the upstream request, what is wrong is named, faults have a status."""

import base64
import json
import re
from typing import Any

import httpx
import pytest
import structlog

from imagewire_server.api.rest import middleware
from imagewire_server.core import settle
from tests.conftest import Stack, running_stack
from tests.pictures import PNG, encoded

MODEL = "gemini/gemini-2.5-flash-image"
THREE = "gemini/gemini-3-pro-image"
PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def body(model: str = MODEL, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "A banana"}], **fields}


async def ask(stack: Stack, given: dict[str, Any], path: str = "/v1/chat/completions", **more: Any) -> httpx.Response:
    return await stack.rest.post(path, json=given, **more)


async def test_every_field_moves_the_request(rest: Stack) -> None:
    given = body(
        "vertex_ai/gemini-3-pro-image",
        messages=[
            {"role": "system", "content": "Be brief"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Edit"}, {"type": "image_url", "image_url": PNG_URL}],
            },
        ],
        modalities=["image", "text"],
        image_config={"aspectRatio": "16:9", "imageSize": "2K"},
        n=1,
        seed=7,
        temperature=0.5,
        top_p=0.9,
        max_tokens=4000,
        stop=["END"],
        reasoning_effort="high",
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}, {"googleSearch": {}}],
        tool_choice="auto",
        safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
        user="someone",
        metadata={"team": "art"},
        extra_body={"generationConfig": {"topK": 40}},
    )
    answer = await ask(rest, given)
    assert answer.status_code == 200, answer.text
    sent = rest.emulator.ledger.entries[-1].body
    config = sent["generationConfig"]
    assert config["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}
    assert config["responseModalities"] == ["IMAGE", "TEXT"]
    assert (config["candidateCount"], config["seed"], config["temperature"], config["topP"]) == (1, 7, 0.5, 0.9)
    assert config["topK"] == 40
    assert (config["maxOutputTokens"], config["stopSequences"]) == (4000, ["END"])
    assert config["thinkingConfig"] == {"thinkingLevel": "HIGH"}
    assert sent["systemInstruction"]["parts"] == [{"text": "Be brief"}]
    assert [sorted(tool) for tool in sent["tools"]] == [["functionDeclarations"], ["googleSearch"]]
    assert sent["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert sent["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}]
    assert sent["labels"] == {"team": "art", "user": "someone"}


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"size": "2048x2048"}, "size", "use 1K"),
        ({"size": "5000x100"}, "size", "far from every aspect ratio"),
        ({"image_config": {"image_size": "2K"}}, "image_config.image_size", "leave it out"),
        ({"image_config": {"aspect_ratio": "7:5"}}, "image_config.aspect_ratio", "use 1:1"),
        ({"aspect_ratio": "1:1", "image_config": {"aspectRatio": "16:9"}}, "aspect_ratio", "image_config.aspectRatio"),
        ({"n": 2}, "n", "must be 1"),
        ({"seed": 2**40}, "seed", "2147483647"),
        ({"temperature": 3}, "temperature", "0 to 2"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens", "max_completion_tokens"),
        ({"reasoning_effort": "high"}, "reasoning_effort", "does not think"),
        ({"thinking": {"type": "enabled", "budget_tokens": 5}}, "thinking", "does not think"),
        ({"user": "Someone@example.com"}, "user", "a-z"),
        ({"user": "someone"}, "user", "Vertex AI only"),
        ({"metadata": {"Team": "art"}}, "metadata", "a-z"),
        ({"store": True}, "store", "false"),
        ({"logprobs": True}, "logprobs", "false"),
        ({"response_format": {"type": "json_object"}}, "response_format.type", '"text"'),
        ({"stream_options": {"include_usage": True}}, "stream_options", "stream"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].type", '"function"'),
        ({"tools": [{"type": "function"}]}, "tools[0]", "set function"),
        ({"tools": [{"type": "function", "function": {"name": "1"}}]}, "tools[0].function", "starting with a letter"),
        ({"messages": []}, "messages", "at least one"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", '"assistant"'),
        ({"messages": [{"role": "user"}]}, "messages[0]", "empty"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0].type",
            "image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]},
            "messages[0].content[0].image_url.url",
            "data:image/TYPE;base64",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}],
                    }
                ]
            },
            "messages[0].content[0].image_url.url",
            "not a supported image file",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "gs://b/o"}}]}]},
            "messages[0].content[0].image_url.format",
            "required beside a gs://",
        ),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "y"}]}, "messages[0].tool_call_id", "no call"),
        (
            {"extra_body": {"generationConfig": {"seed": 1}}, "seed": 2},
            "extra_body.generationConfig.seed",
            "already set",
        ),
        ({"sizes": "1K"}, "sizes", "did you mean 'size'"),
    ],
    ids=str,
)
async def test_what_cannot_be_honoured_is_named(rest: Stack, fields: dict[str, Any], param: str, words: str) -> None:
    answer = await ask(rest, body(**fields))
    error = answer.json()["error"]
    assert answer.status_code == 400, answer.text
    assert (error["type"], error["param"]) == ("invalid_request_error", param), error
    assert words in error["message"]
    assert rest.emulator.ledger.entries == []


@pytest.mark.parametrize(
    ("size", "model", "expected"),
    [
        ("1024x1024", MODEL, {"aspectRatio": "1:1"}),
        ("1536x1024", MODEL, {"aspectRatio": "3:2"}),
        ("1024x1792", MODEL, {"aspectRatio": "9:16"}),
        ("1024x1024", THREE, {"aspectRatio": "1:1", "imageSize": "1K"}),
        ("3840x2160", THREE, {"aspectRatio": "16:9", "imageSize": "2K"}),
        ("4096x4096", THREE, {"aspectRatio": "1:1", "imageSize": "4K"}),
        ("2K", THREE, {"imageSize": "2K"}),
        ("auto", THREE, None),
    ],
)
async def test_a_size_becomes_the_nearest_ratio_and_size(rest: Stack, size: str, model: str, expected: Any) -> None:
    assert (await ask(rest, body(model, size=size))).status_code == 200
    assert rest.emulator.ledger.entries[-1].body["generationConfig"].get("imageConfig") == expected


FAULTS = [
    ("gemini/emulator-429", 429, "upstream_rate_limited", {"retry-after": "22"}),
    ("gemini/emulator-500", 503, "upstream_internal", {}),
    ("gemini/emulator-503", 503, "upstream_unavailable", {}),
    ("gemini/emulator-reset", 502, "upstream_cut", {"x-should-retry": "false"}),
    ("gemini/emulator-truncated", 502, "upstream_cut", {"x-should-retry": "false"}),
    ("gemini/emulator-truncated-clean", 502, "upstream_cut", {"x-should-retry": "false"}),
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


MIDDLE = ["reset", "truncated", "truncated-clean", "bad-base64", "bomb", "stuck", "error-in-stream"]


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


async def test_an_answer_that_fails_after_it_began_is_cut_and_never_ends_well() -> None:
    async with running_stack(rest=True, max_answer_bytes=40_000_000) as stack:
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


@pytest.mark.parametrize(
    ("given", "param", "words"),
    [
        ([], "input", "is required"),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "gs://bucket/object"}]}],
            "input[0].content[0].image_url",
            "gs://bucket/picture.png",
        ),
    ],
)
async def test_a_wrong_input_is_named(rest: Stack, given: Any, param: str, words: str) -> None:
    answer = await ask(rest, {"model": MODEL, "input": given}, "/v1/responses")
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, param), error
    assert words in error["message"]


async def test_calls_and_their_results_go_around(rest: Stack) -> None:
    call = {"id": "call_imagewire_x_0", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    history = [
        {"role": "user", "content": "A banana"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "yellow"},
    ]
    assert (await ask(rest, body(messages=history))).status_code == 200
    sent = rest.emulator.ledger.entries[-1].body["contents"]
    assert sent[1]["parts"] == [{"functionCall": {"name": "look", "args": {"a": 1}}}]
    assert sent[2]["parts"] == [{"functionResponse": {"name": "look", "response": {"result": "yellow"}}}]


async def test_what_one_of_several_calls_drew_is_not_lost_because_another_failed() -> None:
    async with running_stack(rest=True, max_concurrent_calls=1) as stack:
        answer = await ask(stack, {"model": MODEL, "prompt": "A", "n": 2}, "/v1/images/generations")
    told = answer.json()
    assert answer.status_code == 200
    assert (len(told["data"]), [error["code"] for error in told["errors"]]) == (1, ["overloaded"])


async def test_headers_tell_of_the_call(rest: Stack) -> None:
    answer = await ask(rest, body(), headers={"x-request-id": "mine-1"})
    headers = answer.headers
    assert headers["x-request-id"] == headers["x-imagewire-request-id"] == headers["x-litellm-call-id"] == "mine-1"
    assert headers["x-imagewire-model"] == MODEL
    assert headers["x-litellm-model-id"] == headers["x-imagewire-deployment"] == "gemini"
    assert float(headers["x-litellm-response-cost"]) == pytest.approx(answer.json()["usage"]["cost"])
    other = await ask(rest, body(), headers={"x-request-id": "no good\tid"})
    assert other.headers["x-request-id"] != "no good\tid"


async def test_the_master_key() -> None:
    async with running_stack(rest=True, master_key="sk-right") as stack:
        for headers in ({}, {"authorization": "Bearer sk-wrong"}, {"authorization": "Basic sk-right"}):
            answer = await stack.rest.post("/v1/chat/completions", content=b"{", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["error"]["type"] == "authentication_error"
        assert (await stack.rest.get("/v1/models")).status_code == 401
        assert (await stack.rest.get("/health")).status_code == 401
        for path in ("/", "/docs", "/openapi.json", "/health/liveliness", "/health/readiness"):
            assert (await stack.rest.get(path)).status_code == 200
        assert stack.emulator.ledger.entries == []
        answer = await ask(stack, body(), headers={"authorization": "bearer sk-right"})
        assert answer.status_code == 200


async def test_a_fault_of_ours_shows_nothing(rest: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the key is AIzaSecret")

    monkeypatch.setattr(middleware.Exchange, "__init__", broken)
    answer = await ask(rest, body())
    assert answer.status_code == 500
    assert "AIza" not in answer.text
    assert answer.json()["error"]["request_id"] in answer.json()["error"]["message"]


async def test_pictures_of_input_are_read_by_their_bytes(rest: Stack) -> None:
    jpeg = base64.b64encode(encoded("JPEG", 4, 4)).decode()
    parts = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{jpeg}"}}]
    assert (await ask(rest, body(messages=[{"role": "user", "content": parts}]))).status_code == 200
    [part] = rest.emulator.ledger.entries[-1].body["contents"][0]["parts"]
    assert part["inlineData"]["mimeType"] == "image/jpeg"


async def test_other_origins_are_answered_only_where_configured() -> None:
    preflight = {"origin": "https://a.example", "access-control-request-method": "POST"}
    async with running_stack(rest=True) as stack:
        assert "access-control-allow-origin" not in (await ask(stack, body(), headers=preflight)).headers
    async with running_stack(rest=True, master_key="sk", rest_cors_origins="https://a.example") as stack:
        answer = await stack.rest.options("/v1/chat/completions", headers=preflight)
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        other = await stack.rest.options("/v1/chat/completions", headers={**preflight, "origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_pages_of_other_origins_may_read_what_is_told() -> None:
    origin = {"origin": "https://a.example"}
    async with running_stack(rest=True, rest_cors_origins="https://a.example") as stack:
        good = await ask(stack, body(), headers=origin)
        told = {name for name in good.headers if name.startswith(("x-imagewire-", "x-litellm-", "x-request"))}
        assert len(told) >= 8
        for model, more in (("gemini/emulator-429", {"retry-after", "retry-after-ms"}), ("gemini/emulator-reset", {})):
            failed = await ask(stack, body(model), headers=origin)
            told |= {"x-should-retry", *more} & set(failed.headers)
            assert told <= set(failed.headers["access-control-expose-headers"].split(", "))
    assert {"x-should-retry", "retry-after", "retry-after-ms"} <= told


async def test_paths_and_methods_that_are_not_there(rest: Stack) -> None:
    assert (await rest.rest.get("/nothing")).status_code == 404
    answer = await rest.rest.get("/v1/chat/completions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_models_and_health(rest: Stack) -> None:
    models = (await rest.rest.get("/v1/models")).json()
    assert MODEL in [model["id"] for model in models["data"]]
    flash, lite = [
        (await rest.rest.get(f"/v1/models/gemini/gemini-{name}-image")).json()
        for name in ("2.5-flash", "3.1-flash-lite")
    ]
    assert flash["object"] == "model"
    assert (flash["image_sizes"], flash["thinking_levels"], flash["system_instruction"]) == ([], [], False)  # none
    assert "max_input_images" not in flash  # unknown
    assert not lite.keys() & {"thinking_levels", "aspect_ratios"}
    assert (lite["max_input_images"], lite["image_sizes"]) == (14, ["1K"])
    assert (await rest.rest.get("/health")).json()["unhealthy_count"] == 0
    await ask(rest, body("gemini/emulator-429"))
    assert (await rest.rest.get("/health")).json()["unhealthy_count"] == 1
    assert rest.emulator.ledger.entries[-1].scenario == "429"  # health asked nobody


def form(prompt: bytes, *, end: bytes = b"--BB--\r\n", name: bytes = b"prompt") -> bytes:
    """An edit's form: fields, then a picture."""
    head = b'--BB\r\ncontent-disposition: form-data; name="%b"'
    fields = head % b"model" + b"\r\n\r\n" + MODEL.encode() + b"\r\n" + head % name + b"\r\n\r\n" + prompt + b"\r\n"
    return fields + head % b"image" + b'; filename="a.png"\r\n\r\n' + PNG + b"\r\n" + end


async def edit(stack: Stack, content: bytes, more: str = "") -> httpx.Response:
    headers = {"content-type": f"multipart/form-data; boundary=BB{more}"}
    return await stack.rest.post("/v1/images/edits", content=content, headers=headers)


_SECOND = b'--BB\r\ncontent-disposition: form-data; name="image"; filename="b.png"\r\n\r\n' + PNG + b"\r\n"


@pytest.mark.parametrize("end", [b"--B", b"--BB", b"--BB\r\n", b"", b"--BB-", _SECOND, _SECOND + b"--B", _SECOND[:-40]])
async def test_a_cut_form_is_refused(rest: Stack, end: bytes) -> None:
    assert (await edit(rest, form(b"Blue"))).status_code == 200
    rest.emulator.ledger.clear()
    answer = await edit(rest, form(b"Blue", end=end))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "body"), answer.text
    assert rest.emulator.ledger.entries == []


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        (b"image_config", b'{"aspectRatio": "9:9"}', "image_config.aspectRatio"),
        (b"safetySettings", b'[{"category": "C", "threshold": "OFF", "method": "LUCK"}]', "safetySettings[0].method"),
        (b"outputConfig", b'{"outputUriPrefix": "gs://b/"}', "outputConfig.outputUriPrefix"),
        (b"extra_body", b'{"', "extra_body"),
        (b"service_tier", b"scale", "service_tier"),
        (b"continuation_token", b"!", "continuation_token"),
    ],
)
async def test_a_forms_fields_are_those_of_json(rest: Stack, name: bytes, value: bytes, field: str) -> None:
    more = b'--BB\r\ncontent-disposition: form-data; name="%b"\r\n\r\n%b\r\n--BB--\r\n' % (name, value)
    answer = await edit(rest, form(b"Blue", end=more))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in {field, field.partition(".")[0]}


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "utf-7", "utf-16-le", "rot13", "nonsense"])
@pytest.mark.parametrize("name", [b"prompt", b"\\ud800 +2AA-x"])
async def test_a_forms_charset_makes_no_fault(rest: Stack, charset: str, name: bytes) -> None:
    answer = await edit(rest, form(b"\\ud800 +2AA-x", name=name), f"; charset={charset}")
    assert answer.status_code in {200, 400}, answer.text
    if charset in {"unicode_escape", "raw_unicode_escape", "utf-7"}:
        assert "UTF-8" in answer.json()["error"]["message"]


async def test_the_log_names_routes_and_nothing_that_a_caller_wrote(
    rest: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = structlog.testing.CapturingLogger()
    monkeypatch.setattr(settle, "_log", log)
    for path in ("/v1/models/AIzaSecret", "/models/AIza/Secret", "/AIzaSecret", f"/v1/models/{MODEL}?key=AIza"):
        await rest.rest.get(path)
    await rest.rest.put("/v1/models/AIzaSecret")
    await ask(rest, body(), "/chat/completions")
    await rest.server.rest.drain()  # a call's line is written when its answer is already out
    assert [call.kwargs["method"] for call in log.calls] == [
        "GET /v1/models/{model:path}",
        "GET /models/{model:path}",
        "GET (unknown path)",
        "GET /v1/models/{model:path}",
        "PUT /v1/models/{model:path}",
        "POST /chat/completions",
    ]
    assert "AIza" not in str(log.calls)


async def test_every_path_is_there_without_v1_too(rest: Stack) -> None:
    prompt = {"model": MODEL, "prompt": "A"}
    for path, given in (
        ("/chat/completions", body()),
        ("/responses", {"model": MODEL, "input": "A"}),
        ("/images/generations", prompt),
    ):
        assert (await ask(rest, given, path)).status_code == 200, path
    headers = {"content-type": "multipart/form-data; boundary=BB"}
    assert (await rest.rest.post("/images/edits", content=form(b"Blue"), headers=headers)).status_code == 200
    assert (await rest.rest.get("/models")).json() == (await rest.rest.get("/v1/models")).json()
    assert (await rest.rest.get(f"/models/{MODEL}")).json()["id"] == MODEL


@pytest.mark.parametrize(
    ("url", "told", "sent"),
    [
        ("gs://bucket/a.PNG", None, "image/png"),
        ("gs://bucket/a.b.jpg", None, "image/jpeg"),
        ("gs://bucket/a", "image/webp", "image/webp"),
        ("gs://bucket/a.png", "image/webp", "image/webp"),
    ],
)
async def test_a_picture_in_a_bucket_goes_to_vertex_by_its_name(
    rest: Stack, url: str, told: str | None, sent: str
) -> None:
    parts = [{"type": "text", "text": "Edit"}, {"type": "image_url", "image_url": {"url": url, "format": told}}]
    asked = body("vertex_ai/gemini-3-pro-image", messages=[{"role": "user", "content": parts}])
    answer = await ask(rest, asked)
    assert answer.status_code == 200, answer.text
    part = rest.emulator.ledger.entries[-1].body["contents"][0]["parts"][1]
    assert part["fileData"] == {"mimeType": sent, "fileUri": url}


@pytest.mark.parametrize("setting", ["both", "image", "images"])
async def test_the_setting_says_where_pictures_go_and_the_header_says_otherwise(setting: str) -> None:
    places = {"both": {"image", "images"}, "image": {"image"}, "images": {"images"}}
    async with running_stack(rest=True, rest_image_fields=setting) as stack:
        for header, expected in (({}, setting), *(({"x-image-fields": name}, name) for name in places)):
            unary = (await ask(stack, body(), headers=header)).json()["choices"][0]["message"]
            assert places[expected] == {"image", "images"} & set(unary)
            stream = (await ask(stack, body(stream=True), headers=header)).text
            deltas = [
                json.loads(line[6:])["choices"][0]["delta"] for line in stream.split("\n") if line[:7] == "data: {"
            ]
            assert places[expected] == {"image", "images"} & {name for delta in deltas for name in delta}


async def test_the_pages_need_nothing_from_elsewhere(rest: Stack) -> None:
    for path in ("/", "/docs"):
        page = (await rest.rest.get(path)).text
        assert not re.search(r"<script|<img|<link|@import|url\(", page, re.IGNORECASE)
        links = re.findall(r'href="([^"]*)"', page)
        assert len(links) == len(re.findall(r"(?:src|href|action)\s*=", page, re.IGNORECASE)) > 0
        for link in links:
            assert re.match(r"/(?!/)|#", link), link
            assert (await rest.rest.get(link)).status_code == 200, link
