"""A request names an address inside the house by URL: nothing there is ever asked."""

from typing import Any

import pytest

from imagewire_server.transport.image_fetch import FetchLimits
from tests.conftest import running_stack
from tests.integration.picture_urls import chat, fetching, listening, response

INSIDE = [
    "https://169.254.169.254/latest/meta-data/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://localhost/a.png",
    "https://localhost:{port}/a.png",
    "https://127.0.0.1:{port}/a.png",
    "https://127.1:{port}/a.png",
    "https://2130706433:{port}/a.png",
    "https://0x7f000001:{port}/a.png",
    "https://0177.0.0.1:{port}/a.png",
    "https://[::1]:{port}/a.png",
    "https://[::ffff:127.0.0.1]:{port}/a.png",
    "https://[64:ff9b::7f00:1]:{port}/a.png",
    "https://[2002:7f00:1::]:{port}/a.png",
    "https://10.0.0.1/a.png",
    "https://172.16.0.1/a.png",
    "https://192.168.1.1/a.png",
    "https://100.64.0.1/a.png",
    "https://0.0.0.0:{port}/a.png",
    "https://inside.example:443/a.png",
    "https://inside.example:{port}/a.png",
    "https://user@inside.example/a.png",
    "https://good.example\\@127.0.0.1:{port}/a.png",
    "http://inside.example/a.png",
    "http://127.0.0.1:{port}/a.png",
    "file:///etc/passwd",
    "ftp://inside.example/a.png",
    "gopher://127.0.0.1:{port}/_x",
]


@pytest.mark.parametrize("asked", [chat, response], ids=["chat", "responses"])
async def test_nothing_inside_the_house_is_asked(asked: Any) -> None:
    path = "/v1/chat/completions" if asked is chat else "/v1/responses"
    async with listening("127.0.0.1") as four, listening("::1") as six:
        fetcher = fetching({"inside.example": ["127.0.0.1"]}, ports={443, four.port, six.port})
        async with running_stack(rest=True, fetcher=fetcher) as stack:
            for url in INSIDE:
                for listener in (four, six):
                    named = url.replace("{port}", str(listener.port))
                    answer = await stack.rest.post(path, json=asked(named))
                    error = answer.json()["error"]
                    assert answer.status_code == 400, named
                    assert error["param"].endswith(("image_url.url", "image_url")), named
                    assert "127" not in error["message"], named
        assert (four.connections, six.connections) == (0, 0)
        assert stack.emulator.ledger.entries == []


async def test_a_name_that_changes_its_address_reaches_nobody() -> None:
    # The first look-up is public, the next would not be: what was checked is what is asked.
    async with listening("127.0.0.1") as inside:
        fetcher = fetching(
            {"rebinding.example": ["192.0.2.1", "127.0.0.1"]},
            limits=FetchLimits(timeout=0.3),
            allowed=lambda address: str(address) == "192.0.2.1",
            ports={inside.port},
        )
        async with running_stack(rest=True, fetcher=fetcher) as stack:
            asked = chat(f"https://rebinding.example:{inside.port}/a.png")
            answer = await stack.rest.post("/v1/chat/completions", json=asked)
        assert answer.status_code == 400
        assert inside.connections == 0
