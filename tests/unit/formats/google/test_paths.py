"""Which paths are Google's, and what of a URL is a key."""

import pytest

from imagewire_server.formats.google import paths

SDK = {b"x-goog-api-client": b"google-genai-sdk/1"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "query", "native"),
    [
        ("POST", "/v1beta/models/a:generateContent", {}, b"", True),
        ("GET", "/v1beta", {}, b"", True),
        ("GET", "/v1alpha/anything", {}, b"", True),
        ("POST", "/v1/models/a:generateContent", {}, b"", True),
        ("POST", "/v1/models/a/b:new", {}, b"", True),
        ("POST", "/v1/models/a", {}, b"", False),
        ("GET", "/v1/models/a:thinking", {}, b"", False),
        ("GET", "/v1/models/a:thinking", SDK, b"", True),
        ("POST", "/v1/projects/p/locations/l/publishers/google/models/a:generateContent", {}, b"", True),
        ("POST", "/v1/publishers/google/models/a:generateContent", {}, b"", True),
        ("POST", "/upload/v1beta/files", {}, b"", True),
        ("GET", "/v1/models", {}, b"", False),
        ("GET", "/v1/models", SDK, b"", True),
        ("GET", "/v1/models/a", {}, b"alt=json&key=k", True),
        ("GET", "/v1/models", {}, b"keys=k", False),
        ("HEAD", "/v1/models", SDK, b"", True),
        ("POST", "/v1/models", SDK, b"", False),
        ("POST", "/v1/files", SDK, b"", True),
        ("DELETE", "/v1/files/a", {}, b"key=k", True),
        ("POST", "/v1/files", {}, b"", False),
        ("POST", "/v1/images/files", SDK, b"key=k", False),
        ("POST", "/v1/chat/completions", SDK, b"key=k", False),
        ("GET", "/v1betamax", {}, b"", False),
        ("GET", "/", {}, b"", False),
    ],
)
def test_whose_api_a_request_is(
    method: str, path: str, headers: dict[bytes, bytes], query: bytes, *, native: bool
) -> None:
    assert paths.is_native(method, path, headers, query) is native


@pytest.mark.parametrize(
    ("query", "key", "rest"),
    [
        (b"", None, b""),
        (b"alt=sse", None, b"alt=sse"),
        (b"key=a", b"a", b""),
        (b"key=a%2Bb+c&alt=sse", b"a+b+c", b"alt=sse"),
        (b"alt=sse&k%65y=a&x=1", b"a", b"alt=sse&x=1"),
        (b"key=a&key=b", b"", b""),
        (b"key=", b"", b""),
        (b"key", b"", b""),
        (b"Key=a", None, b"Key=a"),
    ],
)
def test_the_key_of_a_url(query: bytes, key: bytes | None, rest: bytes) -> None:
    assert paths.take_key(query) == (key, rest)


@pytest.mark.parametrize(
    ("path", "vertex", "lists"),
    [
        ("/v1beta/models", False, True),
        ("/v1beta/models/a/b", False, True),
        ("/v1/models/a", False, True),
        ("/v1beta1/publishers/google/models", True, True),
        ("/v1/projects/p/locations/l/publishers/google/models/a", True, True),
        ("/v1/projects/p/locations/l/models", True, True),
        ("/v1beta/tunedModels", False, False),
        ("/v1beta/files", False, False),
        ("/v1/projects/p", True, False),
    ],
)
def test_what_a_path_is_of(path: str, *, vertex: bool, lists: bool) -> None:
    assert (paths.is_vertex(path), paths.lists_models(path)) == (vertex, lists)


def test_the_model_of_a_path() -> None:
    assert paths.model_name({"model": "a"}) == "a"
    assert paths.model_name({"model": "a/b"}) == "a/b"
    assert paths.model_name({"publisher": "google", "model": "a"}) == "a"
    assert paths.model_name({"publisher": "gemini", "model": "a"}) == "gemini/a"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1beta/files", "files"),
        ("/upload/v1beta/files", "files"),
        ("/v1beta/files/a:download", "files"),
        ("/v1beta1/projects/p/locations/l/cachedContents", "cached"),
        ("/v1beta/models/a:embedContent", "embeddings"),
        ("/v1beta/models/a:batchGenerateContent", "batches"),
        ("/v1beta/batches/1", "batches"),
        ("/v1beta1/publishers/google/models/a:predict", "Imagen"),
        ("/v1beta1/publishers/google/models/a:computeTokens", "computeTokens"),
        ("/v1beta/tunedModels", "tuning"),
        ("/v1beta/interactions", "interactions"),
        ("/v1beta/fileSearchStores/x", "stores"),
        ("/v1/files/a", "files"),
        ("/v1beta1/projects/p/locations/l/endpoints/1:generateContent", "tuning"),
        ("/v1beta/models/files:generateContent", ""),
        ("/v1beta/models/a/files-b:generateContent", ""),
        ("/v1beta/models/operations", ""),
        ("/v1beta/models/a:drawMe", ""),
        ("/v1beta/nothing", ""),
        ("/v1beta", ""),
    ],
)
def test_what_is_not_served_is_named(path: str, words: str) -> None:
    found = paths.unserved(path)
    assert found.startswith(words) if words else not found
