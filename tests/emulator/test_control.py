"""The control API: what it says and sets, and that its OpenAPI document describes its real answers."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest

from imagewire_emulator import Emulator
from imagewire_emulator.control import steering
from imagewire_emulator.errors import ApiError
from tests.emulator.requests import ask, body

MODEL = "emulator-size-200000"


class Control:
    """A client of the control API, which checks each answer against the OpenAPI document."""

    def __init__(self, session: aiohttp.ClientSession, document: Any) -> None:
        self._session = session
        self.document = document
        self.called: set[tuple[str, str]] = set()

    async def call(self, method: str, path: str, given: Any = None, status: int = 200) -> Any:
        data = given if isinstance(given, bytes) or given is None else json.dumps(given).encode()
        async with self._session.request(method, f"/_emulator{path}", data=data) as answer:
            text = await answer.read()
            assert answer.status == status, text
            (operation,) = [
                operations[method.lower()]
                for template, operations in self.document["paths"].items()
                if method.lower() in operations and alike(template, answer.url.path)
            ]
            self.called.add((method, operation["operationId"]))
            (kind, described), *_ = operation["responses"][str(status)]["content"].items()
            if kind == "image/*":
                assert answer.content_type.startswith("image/")
                return text
            assert answer.content_type == kind
            value = json.loads(text)
            jsonschema.validate(value, described["schema"] | {"components": self.document["components"]})
            return value


def alike(template: str, path: str) -> bool:
    pieces = list(zip(template.split("/"), path.split("/"), strict=False))
    return template.count("/") == path.count("/") and all(a == b or a.startswith("{") for a, b in pieces)


@pytest.fixture
async def control(client: aiohttp.ClientSession) -> AsyncIterator[Control]:
    async with client.get("/_emulator/openapi.json") as answer:
        yield Control(client, await answer.json())


async def test_every_operation_answers_as_described(client: aiohttp.ClientSession, control: Control) -> None:
    await ask(client, MODEL)
    await ask(client, "emulator-429")
    first, second = await control.call("GET", "/requests")
    assert [first["status"], second["status"]] == [200, 429]
    assert await control.call("GET", f"/requests?after={first['id']}") == [second]
    assert await control.call("GET", f"/requests/{first['id']}") == first
    assert await control.call("GET", "/charges") == {"requests": 2, "charged": 1, "pictures": 1}
    picture = await control.call("GET", f"/pictures/{first['images'][0]['sha256']}")
    assert len(picture) == 200_000
    assert "drip" in await control.call("GET", "/scenarios")
    assert await control.call("POST", "/directives", {"directives": "503 times 1"}) == {"directives": "503 times 1"}
    assert await control.call("GET", "/directives") == {"directives": "503 times 1"}
    assert await control.call("DELETE", "/directives") == {"directives": ""}
    quota = {"requests": 5, "pictures": None, "requests_per_minute": None}
    assert await control.call("POST", "/quota", {"requests": 5}) == quota
    assert await control.call("GET", "/quota") == quota
    assert await control.call("DELETE", "/quota") == quota | {"requests": None}
    assert await control.call("POST", "/reset") == {}
    assert await control.call("GET", "/requests") == []
    assert await control.call("DELETE", "/requests") == {}
    operations = {o["operationId"] for paths in control.document["paths"].values() for o in paths.values()}
    assert {name for _, name in control.called} == operations


WRONG: list[tuple[str, str, Any, int, str]] = [
    ("GET", "/requests?after=x", None, 400, "after: 'x' is not a number"),
    ("GET", "/requests/99", None, 404, "There is no request 99"),
    ("GET", f"/pictures/{'0' * 64}", None, 404, "The picture is not kept"),
    ("POST", "/directives", {"directives": "cutt"}, 400, "the nearest that there is: cut"),
    ("POST", "/directives", {"directive": "cut"}, 400, "unknown field `directive`"),
    ("POST", "/directives", b"cut", 400, "The body is not what /_emulator/directives takes"),
    ("POST", "/quota", {"requests": "5"}, 400, "at `$.requests`"),
    ("POST", "/quota", {"requests": -1}, 400, "at `$.requests`"),
    ("POST", "/quota", None, 400, "The body is not what /_emulator/quota takes"),
]


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "told"), WRONG, ids=[f"{m} {p} {g}" for m, p, g, *_ in WRONG]
)
async def test_a_wrong_call_is_told(
    control: Control, method: str, path: str, given: Any, status: int, told: str
) -> None:
    answer = await control.call(method, path, given, status)
    assert told in answer["error"]["message"]
    assert answer["error"]["code"] == status


async def test_an_unknown_control_path_is_no_call(client: aiohttp.ClientSession, emulator: Emulator) -> None:
    async with client.get("/_emulator/nothing") as answer:
        assert answer.status == 404
        assert "/_emulator/openapi.json" in (await answer.json())["error"]["message"]
    for method, path, allowed in (("PUT", "/quota", "GET, POST, DELETE"), ("POST", "/requests/1", "GET")):
        async with client.request(method, f"/_emulator{path}") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert emulator.ledger.entries == []


async def test_directives_for_all_calls(client: aiohttp.ClientSession, control: Control) -> None:
    await control.call("POST", "/directives", {"directives": "503 after 1 times 2"})
    assert [(await ask(client, MODEL))[0] for _ in range(4)] == [200, 503, 503, 200]
    await control.call("DELETE", "/requests")
    assert [(await ask(client, MODEL))[0] for _ in range(2)] == [200, 503]
    await control.call("DELETE", "/directives")
    assert (await ask(client, MODEL))[0] == 200


async def test_directives_for_all_calls_are_counted_over_all_paths(
    client: aiohttp.ClientSession, control: Control
) -> None:
    await control.call("POST", "/directives", {"directives": "503 after 1 times 2"})
    statuses = []
    for path in ("/v1beta/models", "/v1beta/files", "/v1beta/cachedContents", "/v1beta/models"):
        async with client.get(path) as answer:
            statuses.append(answer.status)
    assert statuses == [200, 503, 503, 200]


@pytest.mark.parametrize(
    ("quota", "statuses"),
    [
        ({"requests": 2}, [200, 200, 429]),
        ({"requests": 0}, [429, 429, 429]),
        ({"pictures": 1}, [200, 429, 429]),
        ({"pictures": 3, "requests": 2}, [200, 200, 429]),
    ],
    ids=str,
)
async def test_a_quota_is_used_up(
    client: aiohttp.ClientSession, control: Control, quota: dict[str, int], statuses: list[int]
) -> None:
    await control.call("POST", "/quota", quota)
    answers = [await ask(client, MODEL) for _ in range(3)]
    assert [status for status, _ in answers] == statuses
    error = json.loads(answers[-1][1])["error"]
    name = "pictures" if "requests" not in quota else "requests"
    assert error["details"][0]["violations"][0]["quotaMetric"].endswith(f"generate_{name}_per_model_per_day")
    assert error["details"][0]["violations"][0]["quotaValue"] == str(quota[name])


async def test_a_quota_of_requests_a_minute_is_there_again(
    client: aiohttp.ClientSession, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    await control.call("POST", "/quota", {"requests_per_minute": 2})
    answers = [await ask(client, MODEL) for _ in range(4)]
    assert [status for status, _ in answers] == [200, 200, 429, 429]
    quota, _, retry = json.loads(answers[-1][1])["error"]["details"]
    assert quota["violations"][0]["quotaId"] == "GenerateRequestsPerMinutePerProjectPerModel"
    assert quota["violations"][0]["quotaValue"] == "2"
    assert 0 < int(retry["retryDelay"].removesuffix("s")) <= 60
    monkeypatch.setattr(steering, "MINUTE", 0.0)
    assert [(await ask(client, MODEL))[0] for _ in range(3)] == [200, 200, 200]


def test_never_more_than_the_quota_within_any_minute() -> None:
    now = 0.0
    made = steering.Steering(lambda: now)
    made.limit(steering.Quota(requests_per_minute=2, requests=5))

    def pays() -> bool:
        try:
            made.pay()
        except ApiError:
            return False
        return True

    for seconds, expected in ((0, True), (30, True), (59.9, False), (60, True), (89, False), (90, True), (150, True)):
        now = seconds
        assert pays() is expected, seconds
    assert made.quota == steering.Quota(requests_per_minute=2, requests=0)
    made.limit(steering.Quota(requests_per_minute=0))
    assert not pays()


async def test_a_call_draws_no_more_than_the_quota_has(client: aiohttp.ClientSession, control: Control) -> None:
    await control.call("POST", "/quota", {"pictures": 1})
    for sse in (False, True):
        assert (await ask(client, "emulator-two-images", body(), sse=sse))[0] == 429
    assert (await control.call("GET", "/quota"))["pictures"] == 1
    assert (await control.call("GET", "/charges"))["pictures"] == 0
    assert (await ask(client, MODEL))[0] == 200


async def test_an_invalid_request_costs_no_quota(client: aiohttp.ClientSession, control: Control) -> None:
    await control.call("POST", "/quota", {"requests": 1})
    assert (await ask(client, MODEL, {"contents": []}))[0] == 400
    assert (await ask(client, MODEL))[0] == 200


@pytest.mark.parametrize(
    ("model", "pictures"),
    [
        ("emulator-two-images", 2),
        ("emulator-drafts", 1),
        ("emulator-thought-only", 0),
        ("emulator-cut", 1),
        ("emulator-503", 0),
    ],
)
async def test_what_was_drawn_is_charged(
    client: aiohttp.ClientSession, control: Control, model: str, pictures: int
) -> None:
    try:
        await ask(client, model, body(), sse=True)
    except aiohttp.ClientError:
        assert model == "emulator-cut"
    assert (await control.call("GET", "/charges"))["pictures"] == pictures


async def test_another_sites_page_may_not_steer(client: aiohttp.ClientSession) -> None:
    for site, status in (("cross-site", 403), ("same-origin", 200), ("none", 200)):
        async with client.post("/_emulator/reset", headers={"Sec-Fetch-Site": site}) as answer:
            assert answer.status == status


async def test_the_page_of_the_docs_has_every_operation(control: Control) -> None:
    page = (Path(__file__).parents[2] / "docs/emulator.md").read_text()
    rows = re.findall(r"^\| ((?:`[A-Z]+`,? ?)*`[A-Z]+ /\S+`) \|", page, re.MULTILINE)
    listed = {
        (method, row.split()[-1].strip("`")) for row in rows for method in re.findall(r"[A-Z]{3,}", row.split("/")[0])
    }
    described = {
        (method.upper(), path.replace("{sha256}", "SHA256"))
        for path, operations in control.document["paths"].items()
        for method in operations
        if "{id}" not in path
    }
    assert listed == described | {("GET", "/_emulator/openapi.json")}
