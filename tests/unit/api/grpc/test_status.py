"""Our errors as gRPC statuses: every class, and the size of what travels in trailers."""

import json

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo
from google.rpc.status_pb2 import Status

from imagewire_server.api.grpc.status import status
from imagewire_server.contract import errors
from imagewire_server.contract.errors import AnswerWillNotFit, Code, Error, InvalidRequest, Refused, Violation
from imagewire_server.providers.google.wire.errors import refusal, refusal_in_answer


def classes(kind: type[Error] = Error) -> list[type[Error]]:
    """The contract's errors; an edge may have some of its own."""
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [kind, *(deeper for child in children for deeper in classes(child))]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_error_has_its_status(kind: type[Error]) -> None:
    if kind is InvalidRequest:
        error: Error = InvalidRequest([Violation("spec.model", "is required")])
    elif kind is AnswerWillNotFit:
        error = AnswerWillNotFit(3_932_160, "is too small")
    elif kind is Refused:
        error = Refused("words", code=Code.ABORTED, reason="UPSTREAM_ABORTED")
    else:
        error = kind("words")
    code, message, trailers = status(error, "id-1")
    details = dict(trailers)
    told = Status.FromString(details["grpc-status-details-bin"])
    info, request = ErrorInfo(), RequestInfo()
    assert told.details[0].Unpack(info)
    assert told.details[1].Unpack(request)
    assert code.value[0] == error.code == told.code
    assert (info.domain, info.reason, request.request_id) == ("imagewire.dev", error.reason, "id-1")
    assert message == told.message != ""
    assert ("grpc-retry-pushback-ms" in details) is error.charged


REPEATED_BY_MESHES = frozenset({Code.UNAVAILABLE, Code.CANCELLED})


def test_m1_no_error_that_may_be_charged_has_a_code_that_meshes_repeat() -> None:
    charged = [kind for kind in classes() if kind.charged]
    assert [kind.__name__ for kind in charged if kind.code in REPEATED_BY_MESHES or kind.repeatable] == []


def test_m1_nor_has_what_the_provider_refuses_before_or_within_an_answer() -> None:
    wrong = []
    for upstream in (*(code.name for code in Code), "API_KEY_INVALID", "A_NEW_ONE"):
        for http in (200, 400, 401, 403, 404, 408, 409, 429, 499, 500, 502, 503, 504):
            given = {"code": http, "status": upstream, "message": "words"}
            body = json.dumps({"error": given}).encode()
            before = refusal(http, body, retry_after=None, secrets=(), max_retry_after=60, request_bytes=0)
            within = refusal_in_answer(given)
            assert within.charged
            wrong += [
                (where, http, upstream, error.code.name)
                for where, error in (("before", before), ("within", within))
                if error.charged and error.code in REPEATED_BY_MESHES
            ]
    assert wrong == []


def test_the_tree_in_the_header_names_every_class() -> None:
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind in classes() if kind.__name__ not in drawn] == []


def test_pushback_is_the_hint_in_milliseconds() -> None:
    _, _, trailers = status(errors.Overloaded("x", retry_after=1.5), "id")
    assert dict(trailers)["grpc-retry-pushback-ms"] == "1500"


def test_details_stay_small_however_much_is_wrong() -> None:
    many = [Violation(f"spec.messages[{i}].content" * 20, "x" * 5000) for i in range(5000)]
    code, message, trailers = status(InvalidRequest(many), "id")
    told = Status.FromString(dict(trailers)["grpc-status-details-bin"])
    bad = BadRequest()
    assert told.details[-1].Unpack(bad)
    assert len(bad.field_violations) >= 3
    assert sum(len(key) + len(value) for key, value in trailers) + len(message) < 8000
    assert code is grpc.StatusCode.INVALID_ARGUMENT
