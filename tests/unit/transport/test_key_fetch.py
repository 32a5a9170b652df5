"""Keys by URL: of one place, of a bounded size, and nothing else of what it answers."""

import pytest

from imagewire_server.transport.key_fetch import MAX_BYTES, KeyFetcher, KeysUnavailable
from tests.token_issuer import key_server


async def fetched(url: str) -> bytes:
    fetcher = KeyFetcher(url)
    try:
        return await fetcher.fetch()
    finally:
        await fetcher.aclose()


async def test_what_is_there_is_fetched() -> None:
    with key_server(b"x" * MAX_BYTES) as server:
        assert len(await fetched(server.url)) == MAX_BYTES
        assert server.asked == 1


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (404, {}, b"{}", "answers 404 instead of 200"),
        (302, {"location": "/keys"}, b"", "answers 302 instead of 200"),
        (200, {"content-encoding": "gzip"}, b"{}", "compresses its answer"),
        (200, {}, b"x" * (MAX_BYTES + 1), "is larger than 262144 bytes"),
        (200, {"content-length": "9"}, b"{}", r"cannot be reached \(RemoteProtocolError\)"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_any_other_answer_is_none(status: int, headers: dict[str, str], body: bytes, words: str) -> None:
    with key_server(body) as server:
        server.status, server.headers = status, headers
        with pytest.raises(KeysUnavailable, match=words):
            await fetched(server.url)
        assert server.asked == 1


@pytest.mark.parametrize("url", ["https://xn--/k", "https://300.1.1.1/k", "https://h/\x7f"])
async def test_a_url_that_nobody_can_have(url: str) -> None:
    with pytest.raises(KeysUnavailable, match=r"cannot be reached \(\w+\)"):
        await fetched(url)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "HTTPS_PROXY"])
async def test_an_environment_that_cannot_be_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "foo://nowhere")
    with pytest.raises(KeysUnavailable, match=r"cannot be fetched \(\w+\) because of SSL_CERT_FILE, .* correct it"):
        await fetched("https://127.0.0.1:1/k")


async def test_nobody_there() -> None:
    with key_server(b"") as server:
        url = server.url
    with pytest.raises(KeysUnavailable, match=r"cannot be reached \(ConnectError\)"):
        await fetched(url)
