"""Types that the bodies of several endpoints share: what they hold, and where they end."""

from typing import Any

import msgspec
import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.common import shared_request
from imagewire_server.formats.openai.common.json_decode import convert

URL = {"image_url": {"url": "U"}}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (shared_request.ImageUrl, {"url": "U", "detail": "ultra_high", "format": "image/png", "display_name": "a"}),
        (shared_request.AnswerImage, {**URL, "type": "image_url", "index": 0, "thought": True, "mime_type": "a/b"}),
        (shared_request.NativePart, {"kind": "k", "value": None}),
        (shared_request.NativePart, {"kind": "k", "value_json": "1", "index": 0, "part": 1, "thought": False}),
        (shared_request.MediaPart, {"mime_type": "a/b", "url": "U", "index": 0, "part": 1, "display_name": "a"}),
        (
            shared_request.Extras,
            {
                "thought_signatures": [None, "QQ=="],
                "native_fields": [None, {"a": None}],
                "native_fields_json": [None, {"a": "1"}],
                "native_parts": [{"kind": "k", "value": 1}],
                "media": [],
                "parts": ["text:1"],
                "image": {"url": "U"},
            },
        ),
        (shared_request.ImageConfig, {"aspectRatio": "1:1", "image_size": "1K", "prominentPeople": "X"}),
        (shared_request.SearchOptions, {"search_types": ["WEB"], "searchTypes": {"webSearch": {}}}),
        (shared_request.ProviderOptions, {"service_tier": "flex", "outputConfig": {"outputUriPrefix": "gs://b/"}}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_is_read_is_written_alike(kind: type[Any], value: dict[str, Any]) -> None:
    assert msgspec.to_builtins(convert(value, kind)) == value


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [
        (shared_request.ImageUrl, {}, "url"),
        (shared_request.ImageUrl, {"url": None}, "url"),
        (shared_request.ImageUrl, {"url": "U", "detail": "highest"}, "detail"),
        (shared_request.AnswerImage, {}, "image_url"),
        (shared_request.AnswerImage, {"image_url": "U"}, "image_url"),
        (shared_request.AnswerImage, {**URL, "type": "image"}, "type"),
        (shared_request.NativePart, {}, "kind"),
        (shared_request.NativePart, {"kind": "k", "value_json": 1}, "value_json"),
        (shared_request.MediaPart, {"url": "U"}, "mime_type"),
        (shared_request.Extras, {"parts": ["text:1"] * 4097}, "parts"),
        (shared_request.Extras, {"parts": [None]}, "parts[0]"),
        (shared_request.Extras, {"native_fields": [[]]}, "native_fields[0]"),
        (shared_request.Extras, {"thought_signatures": "QQ=="}, "thought_signatures"),
        (shared_request.ImageConfig, {"aspect_ratio_": "1:1"}, "aspect_ratio_"),
        (shared_request.SafetySetting, {"category": "C"}, "threshold"),
        (shared_request.SearchOptions, {"exclude_domains": [1]}, "exclude_domains[0]"),
        (shared_request.TimeRange, {"start": "now"}, "start"),
        (shared_request.ProviderOptions, {"safetySettings": [{}]}, "safetySettings[0].category"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:40],
)
def test_what_is_wrong_is_refused_by_its_field(kind: type[Any], value: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        convert(value, kind)
    assert [one.field for one in caught.value.violations] == [field]


@pytest.mark.parametrize(
    ("kind", "taken", "refused"),
    [
        (shared_request.Int32, [-(2**31), 0, 2**31 - 1], [-(2**31) - 1, 2**31, 1.5, "1", None]),
        (shared_request.Drafts, [0, 3], [-1, 4]),
        (shared_request.Percent, [0, 100], [-1, 101]),
        (shared_request.Metadata, [{}, {"a": ""}, {"a": 1}], [[], {f"a{i}": "" for i in range(65)}]),
    ],
)
def test_a_range(kind: Any, taken: list[Any], refused: list[Any]) -> None:
    for value in taken:
        assert convert(value, kind) == value
    for value in refused:
        with pytest.raises(InvalidRequest):
            convert(value, kind)
