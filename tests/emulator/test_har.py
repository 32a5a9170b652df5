"""Recorded calls as files: written and read back, whatever their bytes are, and in HAR's shape."""

import json
import resource
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imagewire_emulator.transcripts import har

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def call(*chunks: bytes, path: str = "/v1beta/models/m:generateContent") -> har.Call:
    request = har.Request("POST", path, (("alt", "sse"),), (("accept", "*/*"),), {"a": 1}, "key")
    made = tuple(har.Chunk(float(at), data) for at, data in enumerate(chunks))
    return har.Call(request, 200, (("content-type", "text/event-stream"),), made, complete=len(chunks) != 1)


BODIES = {
    "none": (),
    "text": (b"data: {}\r\n\r\n", b"data: [DONE]"),
    "split-character": ("ä".encode()[:1], "ä".encode()[1:]),
    "binary": (b"\xff\x00", b"\x1f\x8b"),
    "cut": (b"data: ",),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_call_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    made = call(*BODIES[name])
    assert har.read(har.write(tmp_path, made, "https://example.com", STARTED)) == made


def test_files_are_numbered_on_and_named_by_the_method(tmp_path: Path) -> None:
    paths = ("/v1beta/models/m:countTokens", "/", "/v1beta/files/" + "x" * 300)
    names = [har.write(tmp_path, call(path=path), "", STARTED).name for path in paths]
    assert names == ["0001-countTokens.har", "0002-call.har", f"0003-{'x' * 60}.har"]


def test_the_shape_is_hars(tmp_path: Path) -> None:
    log = json.loads(har.write(tmp_path, call(b"a", b"bc"), "https://example.com", STARTED).read_text())["log"]
    (entry,) = log["entries"]
    assert log["version"] == "1.2"
    assert entry.keys() >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
    assert entry["startedDateTime"] == "2026-01-02T03:04:05+00:00"
    asked, answered = entry["request"], entry["response"]
    common = {"httpVersion", "cookies", "headers", "headersSize", "bodySize"}
    assert asked.keys() >= common | {"method", "url", "queryString", "postData"}
    assert answered.keys() >= common | {"status", "statusText", "content", "redirectURL"}
    assert asked["url"] == "https://example.com/v1beta/models/m:generateContent?alt=sse"
    assert answered["content"] == {"size": 3, "mimeType": "text/event-stream", "text": "abc"}
    assert entry["_imagewireEmulator"]["chunks"] == [[0.0, 1], [1.0, 2]]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b'{"a": 1, "b": 2}', b'{"b":2,"a":1}', True),
        (b'{"a": [1, 2]}', b'{"a": [2, 1]}', False),
        (b'{"a": 1}', b'{"a": "1"}', False),
        (b"text", b"text", True),
        (b"text", b"other", False),
        (b"", b"", True),
    ],
)
def test_the_hash_is_of_the_jsons_meaning(one: bytes, other: bytes, *, same: bool) -> None:
    assert (har.hashes("POST", "/a", [], one) == har.hashes("POST", "/a", [], other)) is same
    assert har.hashes("POST", "/a", [], one) != har.hashes("POST", "/b", [], one)
    assert har.hashes("POST", "/a", [("alt", "sse")], one) != har.hashes("POST", "/a", [], one)


def test_a_call_that_the_disk_does_not_take_leaves_no_file(tmp_path: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        with pytest.raises(OSError, match="File too large"):
            har.write(tmp_path, call(b"a" * 5000), "", STARTED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []
