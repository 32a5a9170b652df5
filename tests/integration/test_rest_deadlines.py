"""A deadline in a header of REST's ends like gRPC's, and the upstream call with it."""

import re
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest

from imagewire_server.core import settle
from tests.conftest import Stack, ended_upstream, running_stack
from tests.integration.rest_requests import MODEL, ask, body
from tests.integration.status import told
from tests.integration.watching import stream

SILENT = "gemini/emulator-silent"


@pytest.mark.parametrize("headers", [{"x-request-timeout": "0.2"}, {"x-envoy-expected-rq-timeout-ms": "200"}])
async def test_it_ends_with_504_and_grpcs_reason_and_so_does_the_upstream_call(
    rest: Stack, headers: dict[str, str]
) -> None:
    answer = await ask(rest, body(SILENT), headers=headers)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stream(rest, SILENT, timeout=0.2)
    assert told(caught.value).info.reason == "DEADLINE_EXCEEDED"
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
    # The provider's own time limit is 300 s.
    for entry in rest.emulator.ledger.entries:
        await ended_upstream(entry)
        assert entry.outcome == "client_disconnected"


async def test_a_deadline_that_has_passed_draws_nothing(tmp_path: Path) -> None:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as keeping:
        answer = await ask(keeping, body(MODEL), headers={"x-request-timeout": "0.000000001"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
        assert "nothing was charged" in answer.json()["error"]["message"]
        assert keeping.emulator.ledger.entries == []


async def test_enough_time_changes_nothing(rest: Stack) -> None:
    headers = {"x-request-timeout": "600", "x-envoy-expected-rq-timeout-ms": "600000"}
    assert (await ask(rest, body(MODEL), headers=headers)).status_code == 200


async def test_what_openais_clients_say_of_their_own_reading_is_no_deadline(rest: Stack) -> None:
    """x-stainless-read-timeout limits each wait of the client's, not the call."""
    assert (await ask(rest, body(MODEL), headers={"x-stainless-read-timeout": "0.001"})).status_code == 200


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "order 17"}])
async def test_what_is_drawn_on_is_found_by_what_the_answer_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: dict[str, str]
) -> None:
    charged: list[str] = []
    log = SimpleNamespace(info=lambda _, **fields: charged.append(fields["charged"]))
    monkeypatch.setattr(settle, "_log", log)
    asked = {**body(), "messages": [{"role": "user", "content": "x-emulate: latency=4s"}]}
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as keeping:
        late = await ask(keeping, asked, headers={"x-request-timeout": "2", **key})
        assert late.status_code == 504
        assert charged == ["maybe"]
        told = late.json()["error"]["message"]
        assert "ResumeCompletion" not in told
        assert "request_id" not in told
        assert ("send the request again with the same Idempotency-Key" in told) is bool(key)
        found = re.search(r"GET (/v1/responses/resp_[0-9a-f]{32})", told)
        assert found, told
        got = await keeping.rest.get(found[1])
        assert got.status_code == 200, got.text
        assert got.json()["output"]
        if key:
            assert (await ask(keeping, asked, headers=key)).headers["idempotency-replayed"] == "true"
        assert len(keeping.emulator.ledger.entries) == 1
