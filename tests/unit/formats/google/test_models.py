"""Lists of models in Google's format."""

import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.google import models

ENTRIES = [models.entry(f"m{number}", vertex=False, thinks=False) for number in range(120)]


def test_an_entry() -> None:
    assert models.entry("a/b", vertex=True, thinks=True) == {
        "name": "publishers/google/models/a/b",
        "versionId": "default",
    }
    methods = ["generateContent", "countTokens"]
    made = {"name": "models/a/b", "displayName": "a/b", "supportedGenerationMethods": methods}
    assert models.entry("a/b", vertex=False, thinks=False) == made
    assert models.entry("a/b", vertex=False, thinks=True) == {**made, "thinking": True}


@pytest.mark.parametrize(
    ("size", "token", "begin", "end"),
    [("", "", 0, 50), ("7", "", 0, 7), ("0", "100", 100, 120), ("9999", "", 0, 120), ("5", "120", 120, 120)],
)
def test_a_page(size: str, token: str, begin: int, end: int) -> None:
    found = models.page(ENTRIES, size, token, vertex=False)
    assert found["models"] == ENTRIES[begin:end]
    assert found.get("nextPageToken") == (str(end) if end < 120 else None)


def test_vertex_names_its_list_otherwise() -> None:
    assert models.page([], "", "", vertex=True) == {"publisherModels": []}


@pytest.mark.parametrize(("size", "token", "field"), [("x", "", "pageSize"), ("", "-1", "pageToken")])
def test_a_page_that_there_is_not(size: str, token: str, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        models.page(ENTRIES, size, token, vertex=False)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("gemini-3-pro-image", True),
        ("gemini/a:b@c", True),
        ("", False),
        ("a/../b", False),
        ("a?b", False),
        ("a b", False),
    ],
)
def test_what_can_be_the_name_of_a_model(name: str, *, good: bool) -> None:
    assert models.is_name(name) is good


def test_an_unknown_model() -> None:
    assert "models/nope is not found" in str(models.unknown("nope", vertex=False))
    assert "`publishers/google/models/nope` is not found" in str(models.unknown("nope", vertex=True))
