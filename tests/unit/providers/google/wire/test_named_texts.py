"""What a request in Google's own format names, wherever it stands and however it is written."""

import json

import pytest

from imagewire_server.providers.google.wire import Allowed, check_text

NOTHING = Allowed((), ())


def refused(body: bytes, allowed: Allowed = NOTHING) -> list[str]:
    found: list[str] = []
    json.loads(body)
    check_text(body, allowed, lambda path, words: found.append(path))
    return found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"{}", []),
        (b'{"contents":[{"parts":[{"text":"a picture of gs:// things"}]}]}', []),
        (b'{"a":{"fileUri":"gs://b/c"}}', ["fileUri"]),
        (b'{"fileUri" : "gs:\\/\\/b\\/c"}', ["fileUri"]),
        (b'{"x":"\\u0067s://b/c"}', ["x"]),
        (b'{"x":["a","files/b"]}', ["x"]),
        (b'{"x":"https://storage.googleapis.com/b/c"}', ["x"]),
        (b'{"cachedContent":"mine"}', ["cachedContent"]),
        (b'{"cached_content":"mine"}', ["cached_content"]),
        (b'{"cached\\u0043ontent":"mine"}', ["cachedContent"]),
        (b'{"cachedContent":"mine","cachedContent":""}', ["cachedContent"]),
        (b'{"cachedContent":"","a":"mine"}', []),
        (b'{"tools":[{"auth_config":{}}]}', ["auth_config"]),
        (b'{"text":"say \\"cachedContent\\": \\"x\\""}', []),
        (b'{"text":"\\ud83d\\ude00 \\ud800", "a":"projects/p"}', ["a"]),
        (b'{"data":"%b"}' % (b"A" * 100_000), []),
        (b'{"data":"%b"}' % (b"A\\/" * 100_000), []),
        (b'{"data":"gs://%b"}' % (b"A" * 100_000), ["data"]),
    ],
)
def test_every_string_is_looked_at(body: bytes, found: list[str]) -> None:
    assert refused(body) == found


def test_what_is_allowed_may_be_named() -> None:
    body = b'{"a":"gs://b/c","cachedContent":"cachedContents/x"}'
    assert refused(body, Allowed(("b",), ("cachedContents/*",))) == []
    assert refused(body, Allowed(("other",), ("cachedContents/y",))) == ["a", "cachedContent"]
