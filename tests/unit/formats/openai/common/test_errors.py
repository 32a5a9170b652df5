"""Errors in OpenAI's format."""

import pytest

from imagewire_server.contract import errors
from imagewire_server.contract.errors import Code, Violation
from imagewire_server.formats.openai.common.errors import body


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (errors.NotFound("no"), "not_found_error", "model_not_found"),
        (errors.Unauthenticated("no"), "authentication_error", "key_invalid"),
        (errors.Withheld("no"), "invalid_request_error", "picture_withheld"),
        (errors.Overloaded("no"), "rate_limit_error", "overloaded"),
        (errors.RequestTimeout("no"), "timeout_error", "request_timeout"),
        (errors.Internal("no"), "api_error", "internal"),
        (errors.Cut("no"), "api_error", "upstream_cut"),
        (errors.Refused("no", code=Code.PERMISSION_DENIED, reason="UPSTREAM_X"), "permission_error", "upstream_x"),
        (errors.Refused("no", code=Code.OUT_OF_RANGE, reason="UPSTREAM_X"), "invalid_request_error", "upstream_x"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_without_fields(error: errors.Error, kind: str, code: str) -> None:
    assert body(error, "id") == {
        "error": {"message": "no", "type": kind, "param": None, "code": code, "request_id": "id"}
    }


def test_one_wrong_field_is_the_param() -> None:
    assert body(errors.InvalidRequest([Violation("n", "must be 1")]), "id") == {
        "error": {
            "message": "n: must be 1",
            "type": "invalid_request_error",
            "param": "n",
            "code": "invalid_request",
            "request_id": "id",
        }
    }


def test_several_wrong_fields_are_all_listed() -> None:
    made = body(errors.InvalidRequest([Violation("n", "must be 1"), Violation("size", "is far")]), "")["error"]
    assert (made["message"], made["param"]) == ("n: must be 1; size: is far", "n")
    assert made["violations"] == [
        {"field": "n", "description": "must be 1"},
        {"field": "size", "description": "is far"},
    ]


def test_a_long_list_of_wrong_fields_is_cut() -> None:
    found = [Violation(f"field_{i}", "x" * 1000) for i in range(10)]
    made = body(errors.InvalidRequest(found), "")["error"]
    assert made["message"].endswith("x (and 7 more)")
    assert len(made["violations"]) == 10
