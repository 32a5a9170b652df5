"""What the logger `imagewire` says of a call, and what it never says."""

import logging

import pytest

from imagewire import Client
from imagewire._grpc.loops import Connection
from tests.sdk.asks import MODEL, Ask, everything, failing
from tests.sdk.conftest import Script, scripted


@everything
def test_each_attempt_is_a_line_without_prompt_and_key(
    ask: Ask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(connection: Connection, seconds: float) -> None:
        pass

    monkeypatch.setattr(Client, "_wait", lambda client, seconds: None)
    monkeypatch.setattr(Connection, "wait", at_once)
    caplog.set_level(logging.DEBUG, "imagewire")
    script, left = Script(), iter([failing("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")])
    script.events, events = [], script.events

    def fail(context: object) -> None:
        script.events = events
        if again := next(left, None):
            again(context)

    script.fail = fail
    with scripted(script) as target:
        ask(target, MODEL, "a secret prompt", made={"api_key": "a-secret-key"})
    number = script.metadata[0]["x-request-id"]
    assert [record.getMessage() for record in caplog.records if record.name == "imagewire"] == [
        f"request {number}: attempt 1, to {target}",
        f"request {number}: attempt 1 failed: UNAVAILABLE UPSTREAM_UNAVAILABLE",
        f"request {number}: attempt 2, to {target}",
    ]
    assert {record.levelname for record in caplog.records} == {"INFO"}
