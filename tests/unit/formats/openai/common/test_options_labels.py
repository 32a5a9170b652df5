"""Labels for billing, from `user` and `metadata`."""

from typing import Any

import pytest

from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import options
from tests.unit.formats.openai.common.test_options import picture, refusals

VERTEX = Capabilities(id="m", fields=frozenset({"Spec.labels"}))


@pytest.mark.parametrize(
    ("user", "metadata", "expected", "origin", "refused"),
    [
        (None, None, {}, None, []),
        (None, {}, {}, None, []),
        ("me", None, {"user": "me"}, "user", []),
        ("", None, {"user": ""}, "user", []),
        ("me@example.com", None, {}, None, []),
        (None, {"a": "b"}, {"a": "b"}, "metadata", []),
        ("me", {"a": "b"}, {"a": "b", "user": "me"}, "metadata", []),
        ("me", {"user": "me"}, {"user": "me"}, "metadata", []),
        (
            None,
            {"a": "b", "tags": ["x"], "User Id": "1", "mail": "a@b.c", "": "x"},
            {"a": "b"},
            "metadata",
            [],
        ),
        (
            "me",
            {"user": "you"},
            {"user": "you"},
            "metadata",
            [("metadata.user", "contradicts user; set only one of them")],
        ),
    ],
)
def test_labels(
    user: str | None, metadata: dict[str, Any] | None, expected: dict[str, str], origin: str | None, refused: Any
) -> None:
    _, builder = picture(lambda b: options.labels(b, user, metadata, VERTEX))
    assert dict(builder.spec.labels) == expected
    assert builder.origins.get("spec.labels") == origin
    assert refusals(builder) == refused
    _, builder = picture(lambda b: options.labels(b, user, metadata, Capabilities(id="m")))
    assert not builder.spec.labels
    assert refusals(builder) == []


@pytest.mark.parametrize("capabilities", [VERTEX, Capabilities(id="m")], ids=["with labels", "without"])
def test_guardrails_in_metadata_are_refused(capabilities: Capabilities) -> None:
    _, builder = picture(lambda b: options.labels(b, None, {"Guardrails": ["x"], "a": "b"}, capabilities))
    words = "is not supported: this server has no guardrails; leave it out"
    assert refusals(builder) == [("metadata.Guardrails", words)]


def test_what_of_metadata_is_no_label_is_told() -> None:
    given = {"a": "b", "tags": ["x"], "User Id": "1", "mail": "a@b.c"}
    _, builder = picture(lambda b: options.labels(b, None, given, VERTEX))
    assert builder.dropped == ["metadata.tags", "metadata.User Id", "metadata.mail"]
