"""Pages of other sites do not draw on a server that asks for no key."""

import json

import pytest

from tests.conftest import running_stack
from tests.integration.raw_client import Client
from tests.integration.rest_requests import body

JSON = "content-type: application/json"
HERE = "host: localhost:4000"

_ROWS: list[tuple[str, list[str], int]] = [
    ("a program", [HERE, JSON], 200),
    ("a program, by address", ["host: 127.0.0.1:4000", JSON], 200),
    ("a program, by IPv6 address", ["host: [::1]:4000", JSON], 200),
    ("a name below localhost", ["host: draw.localhost", JSON], 200),
    ("JSON with its encoding", [HERE, "content-type: application/json; charset=utf-8"], 200),
    ("its own page", [HERE, JSON, "origin: http://localhost:4000"], 200),
    ("its own page, behind TLS", [HERE, JSON, "origin: https://localhost:4000"], 200),
    ("a page that is allowed", [HERE, JSON, "origin: https://a.example"], 200),
    ("a name that is allowed", ["host: draw.example", JSON], 200),
    ("plain text", [HERE, "content-type: text/plain"], 415),
    ("a form", [HERE, "content-type: application/x-www-form-urlencoded"], 415),
    ("no type", [HERE], 415),
    ("a foreign page", [HERE, "content-type: text/plain", "origin: https://evil.example"], 403),
    ("a foreign page with JSON", [HERE, JSON, "origin: https://evil.example"], 403),
    ("a foreign page with a form", [HERE, "content-type: multipart/form-data", "origin: https://evil.example"], 403),
    ("a sandboxed page", [HERE, JSON, "origin: null"], 403),
    ("another port's page", [HERE, JSON, "origin: http://localhost:3000"], 403),
    ("a name that leads here", ["host: evil.example:4000", JSON], 403),
    ("a name that leads here, and its page", ["host: evil.example", JSON, "origin: http://evil.example"], 403),
    ("a name that looks like ours", ["host: localhost.evil.example", JSON], 403),
    ("an empty name", ["host: ", JSON], 403),
    ("two names", ["host: evil.example", HERE, JSON], 403),
]


@pytest.mark.parametrize(("headers", "status"), [row[1:] for row in _ROWS], ids=[row[0] for row in _ROWS])
async def test_d12_pages_of_other_sites_do_not_draw(headers: list[str], status: int) -> None:
    async with running_stack(rest=True, rest_cors_origins="https://a.example", rest_hosts="draw.example") as stack:
        async with Client(str(stack.rest.base_url)) as client:
            content = json.dumps(body()).encode()
            lines = ["POST /v1/chat/completions HTTP/1.1", f"content-length: {len(content)}", *headers]
            await client.send("\r\n".join([*lines, "", ""]).encode() + content)
            assert (await client.answer())[0] == status
        assert len(stack.emulator.ledger.entries) == (status == 200)


@pytest.mark.parametrize(("metrics_key", "shown", "status"), [("", "", 403), ("sk-scrape", "sk-scrape", 200)])
async def test_d12_pages_of_other_sites_do_not_read_metrics(metrics_key: str, shown: str, status: int) -> None:
    async with running_stack(rest=True, metrics_key=metrics_key) as stack:
        headers = {"host": "evil.example", "x-api-key": shown}
        assert (await stack.rest.get("/metrics", headers=headers)).status_code == status


async def test_d12_a_key_is_enough() -> None:
    async with running_stack(rest=True, master_key="sk-right") as stack:
        headers = {
            "authorization": "Bearer sk-right",
            "host": "draw.example",
            "origin": "https://b.example",
            "content-type": "text/plain",
        }
        answer = await stack.rest.post("/v1/chat/completions", headers=headers, content=json.dumps(body()))
        assert answer.status_code == 200
