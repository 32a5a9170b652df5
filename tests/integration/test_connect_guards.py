"""Connect and gRPC-Web: keys, pages of other sites, limits, deadlines, and requests that are wrong."""

import gzip
import json

import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, ended_upstream, running_stack
from tests.integration.connect_calls import (
    CONNECT,
    CREATE,
    JSON,
    MODELS,
    PROTO,
    STREAM,
    WEB,
    enveloped,
    messages,
    spec,
    status_of,
    told,
)

LIST = f"{MODELS}/ListModels"
ASKED = enveloped(pb.StreamCompletionRequest(spec=spec()))
SILENT = "gemini/emulator-silent"

_KEYLESS = [
    ("a page that is allowed", {"origin": "https://a.example"}, 200),
    ("a foreign page", {"origin": "https://evil.example"}, 403),
    ("a name that leads here", {"host": "evil.example"}, 403),
    ("plain text", {"content-type": "text/plain"}, 415),
    ("a form", {"content-type": "application/x-www-form-urlencoded"}, 415),
]


@pytest.mark.parametrize(("headers", "status"), [row[1:] for row in _KEYLESS], ids=[row[0] for row in _KEYLESS])
async def test_d12_pages_of_other_sites_do_not_call(headers: dict[str, str], status: int) -> None:
    async with running_stack(rest=True, rest_cors_origins="https://a.example") as stack:
        answer = await stack.rest.post(LIST, content=b"{}", headers=JSON | headers)
        assert answer.status_code == status
        assert answer.headers.get("access-control-allow-origin") == ("https://a.example" if status == 200 else None)


async def test_a_page_may_ask_before_and_read_what_an_answer_says() -> None:
    async with running_stack(rest=True, rest_cors_origins="https://a.example") as stack:
        asked = {
            "origin": "https://a.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "connect-protocol-version,connect-timeout-ms,content-type,x-user-agent",
        }
        before = await stack.rest.options(STREAM, headers=asked)
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == "https://a.example"
        assert "connect-timeout-ms" in before.headers["access-control-allow-headers"].lower()
        answer = await stack.rest.post(STREAM, content=ASKED, headers=CONNECT | {"origin": "https://a.example"})
        shown = answer.headers["access-control-expose-headers"].lower()
        assert {"x-request-id", "grpc-status", "trailer-x-imagewire-request-id"} <= set(shown.split(", "))


async def test_d2_without_a_key_nothing_is_read() -> None:
    async with running_stack(rest=True, master_key="sk-right") as stack:
        answer = await stack.rest.post(LIST, content=b"no JSON", headers=JSON)
        assert (answer.status_code, told(answer.json())) == (401, ("unauthenticated", "KEY_INVALID", ""))
        _, end = messages(await stack.rest.post(STREAM, content=b"no envelope", headers=CONNECT))
        assert told(end["error"]) == ("unauthenticated", "KEY_INVALID", "")
        _, trailers = messages(await stack.rest.post(STREAM, content=b"no envelope", headers=WEB))
        assert (trailers["grpc-status"], status_of(trailers).code) == ("16", 16)
        keyed = await stack.rest.post(LIST, json={}, headers={"authorization": "Bearer sk-right"})
        assert keyed.status_code == 200


_WRONG = [
    ("no JSON", LIST, JSON, b'{"pageSize":', 400, ("invalid_argument", "INVALID_REQUEST", "")),
    ("an unknown field", LIST, JSON, b'{"size":1}', 400, ("invalid_argument", "INVALID_REQUEST", "size")),
    ("no protobuf", LIST, PROTO, b"\xff\xff", 400, ("invalid_argument", "INVALID_REQUEST", "")),
    ("a wrong value", LIST, JSON, b'{"pageSize":-1}', 400, ("invalid_argument", "INVALID_REQUEST", "page_size")),
    ("an unknown method", f"{MODELS}/Guess", JSON, b"{}", 404, ("unimplemented", "PATH_NOT_FOUND", "")),
    ("a stream as one message", STREAM, JSON, b"{}", 415, ("unknown", "UNSUPPORTED_MEDIA_TYPE", "")),
    ("compression", LIST, JSON | {"content-encoding": "br"}, b"", 501, ("unimplemented", "NOT_SUPPORTED", "")),
    ("no gzip", LIST, JSON | {"content-encoding": "gzip"}, b"{}", 400, ("invalid_argument", "INVALID_REQUEST", "")),
    (
        "a large message in a small one",
        LIST,
        JSON | {"content-encoding": "gzip"},
        gzip.compress(b" " * 10_000_000),
        400,
        ("invalid_argument", "INVALID_REQUEST", ""),
    ),
    (
        "a wrong timeout",
        LIST,
        JSON | {"connect-timeout-ms": "1.5"},
        b"{}",
        400,
        ("invalid_argument", "INVALID_REQUEST", "connect-timeout-ms"),
    ),
    (
        "another version",
        LIST,
        JSON | {"connect-protocol-version": "2"},
        b"{}",
        400,
        ("invalid_argument", "INVALID_REQUEST", "connect-protocol-version"),
    ),
    ("a long message", LIST, JSON, b" " * 1_000_001, 413, ("resource_exhausted", "REQUEST_TOO_LARGE", "")),
]


@pytest.mark.parametrize(
    ("path", "headers", "content", "status", "error"), [row[1:] for row in _WRONG], ids=[row[0] for row in _WRONG]
)
async def test_a_wrong_unary_request_says_what_is_wrong(
    path: str, headers: dict[str, str], content: bytes, status: int, error: tuple[str, str, str]
) -> None:
    async with running_stack(rest=True, max_request_bytes=1_000_000) as stack:
        answer = await stack.rest.post(path, content=content, headers=headers)
        assert answer.headers["content-type"] == "application/json"
        said = told(answer.json())
        assert (answer.status_code, said) == (status, error)


@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc-web-text", "text/plain"])
async def test_what_speaks_neither_protocol_gets_words(rest: Stack, kind: str) -> None:
    answer = await rest.rest.post(LIST, headers={"content-type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "text/plain; charset=utf-8")
    assert "application/proto" in answer.headers["accept-post"]
    assert answer.text.startswith("send this method's request with one of the content types application/json")


async def test_methods_are_posted(rest: Stack) -> None:
    answer = await rest.rest.get(LIST)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


_BAD = [
    ("an unfinished envelope", CONNECT, ASKED[:-1], "invalid_argument"),
    ("flags", CONNECT, b"\x02" + ASKED[1:], "invalid_argument"),
    ("compression that is not announced", CONNECT, b"\x01" + ASKED[1:], "internal"),
    ("no message", CONNECT, b"", "unimplemented"),
    ("two messages", CONNECT, ASKED + ASKED, "unimplemented"),
    ("a length without bounds", CONNECT, b"\x00\xff\xff\xff\xff", "resource_exhausted"),
    ("compression", CONNECT | {"connect-content-encoding": "br"}, ASKED, "unimplemented"),
    ("no gzip", CONNECT | {"connect-content-encoding": "gzip"}, b"\x01" + ASKED[1:], "invalid_argument"),
    ("a wrong field", CONNECT, enveloped(pb.StreamCompletionRequest()), "invalid_argument"),
    ("an unknown model", CONNECT, enveloped(pb.StreamCompletionRequest(spec=spec(model="no/x"))), "not_found"),
]


@pytest.mark.parametrize(("headers", "content", "code"), [row[1:] for row in _BAD], ids=[row[0] for row in _BAD])
async def test_a_wrong_stream_ends_with_its_error(
    rest: Stack, headers: dict[str, str], content: bytes, code: str
) -> None:
    found, end = messages(await rest.rest.post(STREAM, content=content, headers=headers))
    assert (found, end["error"]["code"]) == ([], code)
    assert end["metadata"]["x-imagewire-request-id"]
    assert rest.emulator.ledger.entries == []


@pytest.mark.parametrize(
    ("headers", "limit"), [(CONNECT, {"connect-timeout-ms": "300"}), (WEB, {"grpc-timeout": "300m"})]
)
async def test_a_deadline_ends_the_call_and_its_upstream_call(
    rest: Stack, headers: dict[str, str], limit: dict[str, str]
) -> None:
    asked = enveloped(pb.StreamCompletionRequest(spec=spec(model=SILENT)))
    _, end = messages(await rest.rest.post(STREAM, content=asked, headers=headers | limit))
    if headers is CONNECT:
        assert told(end["error"]) == ("deadline_exceeded", "DEADLINE_EXCEEDED", "")
        assert end["metadata"]["grpc-retry-pushback-ms"] == ["-1"]
    else:
        assert (end["grpc-status"], end["grpc-retry-pushback-ms"]) == ("4", "-1")
    [entry] = rest.emulator.ledger.entries
    await ended_upstream(entry)
    assert entry.outcome == "client_disconnected"


async def test_a_unary_deadline_is_an_http_status(rest: Stack) -> None:
    asked = pb.CreateCompletionRequest(spec=spec(model=SILENT)).SerializeToString()
    answer = await rest.rest.post(CREATE, content=asked, headers=PROTO | {"connect-timeout-ms": "300"})
    assert (answer.status_code, told(answer.json())[0]) == (504, "deadline_exceeded")
    assert json.loads(answer.content)["message"]
