"""What Google's own API refuses, by Google's rules and by ours, in Google's format."""

import json
from typing import Any

import pytest

from tests.conftest import Stack, running_stack
from tests.deployments import google
from tests.integration.native import FLASH, VERTEX, body, directly, post, reason
from tests.integration.raw_listener import answer as http_answer
from tests.integration.raw_listener import listening

COUNT = f"/v1beta/models/{FLASH}:countTokens"
JSON = {"content-type": "application/json"}
KEYS = ({"x-goog-api-key": "wrong"}, {"authorization": "Bearer wrong"}, {})


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("nope", {}),
        (FLASH, {"json": {"contents": []}}),
        (FLASH, {"json": body(generationConfig={"imageConfig": {"aspectRatio": "7:7"}})}),
        (FLASH, {"json": body(unknown=1)}),
        (FLASH, {"json": None, "content": b"{", "headers": JSON}),
        (FLASH, {"json": None, "content": b"[]", "headers": JSON}),
        (FLASH, {"json": None, "content": b"", "headers": JSON}),
        ("emulator-400", {}),
        ("emulator-403", {}),
        ("emulator-429", {}),
        ("emulator-503", {}),
        ("emulator-504", {}),
    ],
)
async def test_the_status_of_an_error_is_googles(rest: Stack, model: str, asked: dict[str, Any]) -> None:
    for way in ("generateContent", "sse", "array"):
        ours = await post(rest, model, way, **dict(asked))
        headers = asked.get("headers")
        direct = {name: value for name, value in asked.items() if name != "headers"}
        theirs = await directly(rest, model, way, **direct)
        assert (ours.status_code, ours.json()["error"]["status"]) == (
            theirs.status_code,
            theirs.json()["error"]["status"],
        ), (headers, ours.text, theirs.text)
        assert ours.json()["error"]["code"] == ours.status_code
        assert reason(ours)


async def test_the_providers_words_and_its_hint_come_through(rest: Stack) -> None:
    answer = await post(rest, "emulator-429")
    error = answer.json()["error"]
    assert "You exceeded your current quota" in error["message"]
    assert {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "22.000s"} in error["details"]
    assert answer.headers["retry-after"] == "22"
    wrong = (await post(rest, json=body(unknown=1))).json()["error"]
    assert 'Unknown name "unknown"' in wrong["message"]


async def test_what_google_says_of_the_fields_and_of_the_quota_comes_through(rest: Stack) -> None:
    for model, asked in ((FLASH, {"json": body(unknown=1)}), ("emulator-429", {})):
        ours = (await post(rest, model, **dict(asked))).json()["error"]["details"]
        theirs = (await directly(rest, model, "generateContent", **dict(asked))).json()["error"]["details"]
        wanted = [one for one in theirs if one["@type"].rpartition(".")[2] in {"BadRequest", "QuotaFailure", "Help"}]
        assert wanted
        assert [one for one in ours if one in wanted] == wanted


@pytest.mark.parametrize("shown", KEYS, ids=["wrong", "wrong bearer", "none"])
@pytest.mark.parametrize("place", ["/v1beta", "/v1", VERTEX])
async def test_a_wrong_key_gets_what_google_says(place: str, shown: dict[str, str]) -> None:
    async with running_stack(rest=True, master_key="master") as stack:
        answer = await post(stack, place=place, headers=shown)
        error = answer.json()["error"]
        if place == VERTEX:
            expected: tuple[int, str] = (401, "UNAUTHENTICATED")
        else:
            expected = (400, "INVALID_ARGUMENT") if shown else (403, "PERMISSION_DENIED")
        assert (answer.status_code, error["status"]) == expected
        assert reason(answer) == "KEY_INVALID"
        theirs = [one["reason"] for one in error["details"] if one.get("domain") == "googleapis.com"]
        assert theirs == (["API_KEY_INVALID"] if shown and place != VERTEX else theirs)
        assert not stack.emulator.ledger.entries


@pytest.mark.parametrize(
    ("verb", "path", "status", "name"),
    [
        ("GET", "/v1beta/files", 404, "METHOD_NOT_SERVED"),
        ("POST", "/upload/v1beta/files", 404, "METHOD_NOT_SERVED"),
        ("GET", "/v1beta/files/abc", 404, "METHOD_NOT_SERVED"),
        ("POST", "/v1beta/cachedContents", 404, "METHOD_NOT_SERVED"),
        ("GET", "/v1/cachedContents/x", 404, "METHOD_NOT_SERVED"),
        ("PATCH", "/v1/projects/p/locations/l/cachedContents/x", 404, "METHOD_NOT_SERVED"),
        ("POST", "/v1beta/models/gemini-embedding-001:batchEmbedContents", 404, "METHOD_NOT_SERVED"),
        ("POST", "/v1beta/models/imagen:predict", 404, "METHOD_NOT_SERVED"),
        ("POST", "/v1/models/imagen:predict", 404, "METHOD_NOT_SERVED"),
        ("POST", f"/v1beta/models/{FLASH}:batchGenerateContent", 404, "METHOD_NOT_SERVED"),
        ("GET", "/v1beta/tunedModels", 404, "METHOD_NOT_SERVED"),
        ("POST", f"/v1beta/models/{FLASH}:drawMe", 404, "PATH_NOT_FOUND"),
        ("GET", "/v1beta/nothing", 404, "PATH_NOT_FOUND"),
        ("POST", "/v1/projects/p", 404, "PATH_NOT_FOUND"),
        ("PUT", f"/v1beta/models/{FLASH}:generateContent", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/v1beta/models", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1beta/models/nope", 404, "MODEL_NOT_FOUND"),
        ("OPTIONS", f"/v1beta/models/{FLASH}:generateContent", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_what_is_not_served_is_refused_with_a_reason(
    rest: Stack, verb: str, path: str, status: int, name: str
) -> None:
    answer = await rest.rest.request(verb, path, json=body())
    assert (answer.status_code, reason(answer)) == (status, name)
    expected = {"METHOD_NOT_SERVED": "UNIMPLEMENTED", "METHOD_NOT_ALLOWED": "UNIMPLEMENTED"}.get(name, "NOT_FOUND")
    assert answer.json()["error"]["status"] == expected
    assert not rest.emulator.ledger.entries


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ("?fields=candidates", {}, "fields"),
        ("?alt=proto", {}, "alt"),
        ("?$alt=json;enum-encoding=int", {}, "$alt"),
        ("", {"idempotency-key": "k"}, "Idempotency-Key"),
        ("", {"x-server-timeout": "soon"}, "x-server-timeout"),
        ("", {"x-request-timeout": "-1"}, "x-request-timeout"),
    ],
)
async def test_what_is_not_honoured_is_refused_by_name(
    rest: Stack, query: str, headers: dict[str, str], field: str
) -> None:
    path = f"/v1beta/models/{FLASH}:generateContent{query}"
    answer = await rest.rest.post(path, json=body(), headers=headers)
    assert answer.status_code == 400
    (violations,) = [one["fieldViolations"] for one in answer.json()["error"]["details"] if "fieldViolations" in one]
    assert [one["field"] for one in violations] == [field]
    assert not rest.emulator.ledger.entries


@pytest.mark.parametrize("header", ["x-server-timeout", "x-litellm-timeout", "x-request-timeout"])
async def test_a_time_limit_by_header(rest: Stack, header: str) -> None:
    answer = await post(rest, "emulator-silent", headers={header: "0.2"})
    assert (answer.status_code, reason(answer)) == (504, "DEADLINE_EXCEEDED")
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "named",
    [
        {"cachedContent": "cachedContents/x"},
        {"cached_content": "mine"},
        {"contents": [{"parts": [{"fileData": {"fileUri": "gs://bucket/a.png"}}]}]},
        {"contents": [{"parts": [{"file_data": {"file_uri": "files/abc"}}]}]},
        {"later": [{"x": "\\u0067s://bucket/a.png"}]},
        {"contents": [{"parts": [{"fileData": {"fileUri": "http://127.0.0.1:1/v1beta/files/abc"}}]}]},
        {"tools": [{"googleMaps": {"authConfig": {}}}]},
    ],
)
async def test_d11_what_the_servers_credentials_open_is_named_only_where_it_may_be(named: dict[str, Any]) -> None:
    sent = json.dumps(body(**named)).replace("\\\\u", "\\u")
    async with running_stack(rest=True, allowed_buckets="none", allowed_resources="none") as stack:
        for way in ("generateContent", "sse"):
            answer = await post(stack, way=way, json=None, content=sent, headers=JSON)
            assert (answer.status_code, reason(answer)) == (400, "INVALID_REQUEST"), answer.text
        assert not stack.emulator.ledger.entries


@pytest.mark.parametrize(
    "name",
    [
        *("", "%20", "a%20b", "/", "..%2F..%2Fx", "vertex_ai/..%2F..", "gemini/..", "a%3Fkey=1", "a%23b"),
        *("x" * 257, "vertex_ai/" + "x" * 257),
    ],
)
async def test_what_is_no_name_of_a_model_reaches_no_provider(rest: Stack, name: str) -> None:
    for method in ("generateContent", "countTokens"):
        answer = await rest.rest.post(f"/v1beta/models/{name}:{method}", json=body())
        assert (answer.status_code, reason(answer)) == (404, "MODEL_NOT_FOUND"), answer.text
    assert not rest.emulator.ledger.entries


async def test_an_error_behind_a_whole_answer_shows_no_key() -> None:
    whole = '{"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]}'
    error = '{"error": {"code": 503, "message": "the key AIza-of-the-server", "status": "UNAVAILABLE"}}'
    said = f"data: {whole}\n\ndata: {error}\n\n".encode()
    async with listening(http_answer(said, content_type="text/event-stream")) as provider:
        base = f"http://127.0.0.1:{provider.port}/v1beta"
        deployment = google("gemini", "gemini/*", "gemini", "*", api_key="AIza-of-the-server", api_base=base)
        async with running_stack((deployment,), rest=True) as stack:
            answer = await post(stack, way="sse")
    assert answer.content == said.replace(b"AIza-of-the-server", b"[redacted]")


@pytest.mark.parametrize("key", ["any", "AAAAAAAAAAAA"])
async def test_a_picture_and_a_text_may_have_the_letters_of_a_key(key: str) -> None:
    parts = [{"inlineData": {"mimeType": "image/png", "data": "AAAA" * 50_000 + "any+"}}, {"text": f"any {key}"}]
    said = json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).encode()
    async with listening(http_answer(said)) as provider:
        base = f"http://127.0.0.1:{provider.port}/v1beta"
        deployment = google("gemini", "gemini/*", "gemini", "*", api_key=key, api_base=base)
        async with running_stack((deployment,), rest=True) as stack:
            answer = await post(stack)
    assert answer.content == said


@pytest.mark.parametrize("said", [b"<html>Sign in</html>", b"null", b"[1]", b"", b'{"totalTokens": 2} {}', b'"\xff"'])
async def test_a_count_of_tokens_that_is_no_json_object_is_the_providers_fault(said: bytes) -> None:
    async with listening(http_answer(said, content_type="text/html")) as provider:
        base = f"http://127.0.0.1:{provider.port}/v1beta"
        async with running_stack((google("gemini", "gemini/*", "gemini", "*", api_base=base),), rest=True) as stack:
            answer = await stack.rest.post(COUNT, json=body())
    assert (answer.status_code, reason(answer)) == (502, "UPSTREAM_MALFORMED"), answer.text


async def test_a_count_of_tokens_is_passed_as_it_is_but_for_a_key() -> None:
    said = b'\xef\xbb\xbf {"totalTokens":2, "new":"AIza-of-the-server"}\n'
    async with listening(http_answer(said)) as provider:
        base = f"http://127.0.0.1:{provider.port}/v1beta"
        deployment = google("gemini", "gemini/*", "gemini", "*", api_key="AIza-of-the-server", api_base=base)
        async with running_stack((deployment,), rest=True) as stack:
            answer = await stack.rest.post(COUNT, json=body())
    assert answer.content == said.replace(b"AIza-of-the-server", b"[redacted]")
