"""Errors in Google's format."""

import pytest

from imagewire_server.contract.errors import Code, Error, InvalidRequest, Refused, Unauthenticated, Violation
from imagewire_server.formats.google import errors


def test_an_error_has_our_reason_its_fields_and_its_hint() -> None:
    error = InvalidRequest([Violation("a", "is wrong"), Violation("b", "too")])
    error.retry_after = 1.5
    error.metadata = {"more": "x"}
    assert errors.body(error, 400, "INVALID_ARGUMENT", "id") == {
        "error": {
            "code": 400,
            "message": "a: is wrong (and 1 more)",
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "INVALID_REQUEST",
                    "domain": "imagewire.dev",
                    "metadata": {"more": "x", "request_id": "id"},
                },
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [
                        {"field": "a", "description": "is wrong"},
                        {"field": "b", "description": "too"},
                    ],
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.500s"},
            ],
        }
    }


def test_googles_own_details_stand_behind_ours() -> None:
    error = Refused("x", code=Code.RESOURCE_EXHAUSTED, reason="UPSTREAM_RATE_LIMITED", retry_after=1.0)
    error.details = ({"@type": "type.googleapis.com/google.rpc.Help", "links": []},)
    details = errors.body(error, 429, "RESOURCE_EXHAUSTED", "id")["error"]["details"]
    assert [one["@type"].rpartition(".")[2] for one in details] == ["ErrorInfo", "RetryInfo", "Help"]
    assert details[-1] == error.details[0]


def test_a_plain_error_has_its_reason_alone() -> None:
    details = errors.body(Error("x"), 500, "INTERNAL", "id")["error"]["details"]
    assert [one["@type"].rpartition(".")[2] for one in details] == ["ErrorInfo"]


@pytest.mark.parametrize(
    ("shown", "vertex", "http", "status", "reasons"),
    [
        (True, False, 400, "INVALID_ARGUMENT", ["API_KEY_INVALID", "KEY_INVALID"]),
        (False, False, 403, "PERMISSION_DENIED", ["KEY_INVALID"]),
        (True, True, 401, "UNAUTHENTICATED", ["ACCESS_TOKEN_TYPE_UNSUPPORTED", "KEY_INVALID"]),
        (False, True, 401, "UNAUTHENTICATED", ["CREDENTIALS_MISSING", "KEY_INVALID"]),
    ],
)
def test_a_key_that_is_wrong_or_missing(
    *, shown: bool, vertex: bool, http: int, status: str, reasons: list[str]
) -> None:
    found, body = errors.unauthenticated(Unauthenticated("send one"), "id", shown=shown, vertex=vertex)
    assert (found, body["error"]["code"], body["error"]["status"]) == (http, http, status)
    assert [one["reason"] for one in body["error"]["details"]] == reasons
    assert body["error"]["message"].endswith("(send one)")
