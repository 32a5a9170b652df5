"""A deadline in a header of REST's ends like gRPC's, and the upstream call with it."""

import grpc
import pytest

from tests.conftest import Stack, ended_upstream
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


async def test_enough_time_changes_nothing(rest: Stack) -> None:
    headers = {"x-request-timeout": "600", "x-envoy-expected-rq-timeout-ms": "600000"}
    assert (await ask(rest, body(MODEL), headers=headers)).status_code == 200


async def test_what_openais_clients_say_of_their_own_reading_is_no_deadline(rest: Stack) -> None:
    """x-stainless-read-timeout limits each wait of the client's, not the call."""
    assert (await ask(rest, body(MODEL), headers={"x-stainless-read-timeout": "0.001"})).status_code == 200
