"""Options of a request: each of them moves the Spec, and nothing else does."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import imagewire
from imagewire import Answer, Client, build_spec, google_search, image, system, user
from imagewire.options import Options
from imagewire.v1.image_pb2 import ImageDetail
from imagewire.v1.spec_pb2 import GoogleSearch, Modality, SafetySetting, Spec, TimeRange, Tool, ToolConfig
from tests.pictures import PNG
from tests.sdk.conftest import Script, scripted


def _of(path: str, value: Any) -> Callable[[Spec], bool]:
    def shows(spec: Spec) -> bool:
        found: Any = spec
        for name in path.split("."):
            found = getattr(found, name)
        return bool((list(found) if isinstance(value, list) else found) == value)

    return shows


SEARCH = google_search(search_types=["IMAGE"])
METHOD = SafetySetting(category="C", threshold="T", method="SEVERITY")
SHOWS: dict[str, list[tuple[Any, Callable[[Spec], bool]]]] = {
    **{name: [("v", _of(f"image_config.{name}", "v"))] for name in ("aspect_ratio", "image_size", "person_generation")},
    **{
        name: [(value, _of(f"generation_config.{name}", value))]
        for name, value in {
            "temperature": 0.5,
            "top_p": 0.5,
            "top_k": 3,
            "max_output_tokens": 9,
            "seed": 7,
            "presence_penalty": 0.5,
            "frequency_penalty": 0.5,
            "media_resolution": "MEDIA_RESOLUTION_LOW",
        }.items()
    },
    **{
        name: [(value, _of(f"generation_config.thinking_config.{name}", value))]
        for name, value in {"thinking_level": "HIGH", "thinking_budget": 5, "include_thoughts": True}.items()
    },
    "stop": [("END", _of("generation_config.stop_sequences", ["END"]))],
    "modalities": [(["image"], _of("response_modalities", [Modality.MODALITY_IMAGE]))],
    "safety_settings": [
        ({"C": "T"}, _of("safety_settings", [SafetySetting(category="C", threshold="T")])),
        ([METHOD], _of("safety_settings", [METHOD])),
    ],
    "tools": [([SEARCH], _of("tools", [SEARCH]))],
    "tool_config": [(ToolConfig(mode="NONE"), _of("tool_config.mode", "NONE"))],
    "cached_content": [("cachedContents/a", _of("cached_content", "cachedContents/a"))],
    "labels": [({"team": "a"}, lambda spec: dict(spec.labels) == {"team": "a"})],
    "extra_body": [({"x": 1}, lambda spec: spec.extra_body["x"] == 1)],
    "service_tier": [("flex", _of("service_tier", "flex"))],
    "output_uri": [("gs://b/f/", _of("output_config.uri_prefix", "gs://b/f/"))],
    "continuation_token": [(b"\xfft", _of("continuation_token", b"\xfft"))],
    "previous_completion_id": [("cmpl-1", _of("previous_completion_id", "cmpl-1"))],
}


@pytest.mark.parametrize("name", Options.__annotations__)
def test_every_option_moves_the_spec(name: str) -> None:
    for value, shows in SHOWS[name]:
        made: Any = {name: value}
        spec = build_spec("m", "A banana", **made)
        assert shows(spec)
        assert spec != build_spec("m", "A banana")


def test_every_field_of_the_spec_has_an_option() -> None:
    fields = set(Spec.DESCRIPTOR.fields_by_name) - {"model", "messages"}
    reached = set()
    for values in SHOWS.items():
        made: Any = {values[0]: values[1][0][0]}
        spec = build_spec("m", "A banana", **made)
        reached |= {field.name for field, _ in spec.ListFields()}
    assert fields <= reached


@pytest.mark.parametrize("options", [{}, {"service_tier": "", "output_uri": "", "continuation_token": b""}])
def test_what_is_empty_is_not_asked(options: Any) -> None:
    assert build_spec("m", "A banana", **options) == build_spec("m", "A banana")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"service_tier": 3}, "service_tier: must be text"),
        ({"output_uri": b"gs://b"}, "output_uri: must be text"),
        ({"continuation_token": "text"}, "continuation_token: must be bytes"),
        ({"safety_settings": "C"}, "safety_settings: must be a mapping to text or a list, each item SafetySetting"),
    ],
)
def test_an_option_of_the_wrong_kind_is_named(options: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        build_spec("m", "A banana", **options)


def test_a_search_has_its_options() -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1)  # noqa: DTZ001  # UTC, as the words have it
    made = google_search(
        search_types=["WEB", "IMAGE"],
        exclude_domains=["example.com"],
        time_range=(begin, end),
        blocking_confidence="BLOCK_LOW_AND_ABOVE",
    )
    span = TimeRange()
    span.start_time.FromJsonString("2026-01-01T00:00:00Z")
    span.end_time.FromJsonString("2026-02-01T00:00:00Z")
    expected = GoogleSearch(
        search_types=["WEB", "IMAGE"],
        exclude_domains=["example.com"],
        time_range=span,
        blocking_confidence="BLOCK_LOW_AND_ABOVE",
    )
    assert made == Tool(google_search=expected)
    assert {field.name for field, _ in expected.ListFields()} == set(GoogleSearch.DESCRIPTOR.fields_by_name)
    assert google_search() == Tool(google_search=GoogleSearch())
    with pytest.raises(TypeError, match="must be a list"):
        google_search(exclude_domains="example.com")
    for wrong in ((begin,), (begin, end, end), ("2026-01-01", end), begin):
        with pytest.raises(TypeError, match=r"^time_range: must be a pair of datetimes"):
            google_search(time_range=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("detail", ["low", "medium", "high", "ultra_high"])
def test_every_detail_is_asked(detail: Any) -> None:
    [part] = user(image(PNG, detail=detail)).parts
    assert ImageDetail.Name(part.image.detail) == f"IMAGE_DETAIL_{detail.upper()}"


def test_the_rest_of_an_answer_is_asked_with_its_token() -> None:
    script = Script()
    script.events[-1].finished.continuation_token = b"more"
    script.events[-2].candidate_finished.native_finish_reason = "CONTINUATION"
    with scripted(script) as target, Client(target) as client:
        chat = client.chat.create("m", [system("Be brief"), user("A long story")], seed=7)
        answer = chat.sample()
        chat.sample(after=answer)
        list(chat.frames(after=answer))
        chat.sample()
    first, second, third, fourth = (request.spec for request in script.requests)
    assert [spec.continuation_token for spec in (first, second, third, fourth)] == [b"", b"more", b"more", b""]
    second.ClearField("continuation_token")
    assert first == second == fourth, "all else is the same"
    with pytest.raises(ValueError, match="no continuation_token"):
        chat.sample(after=Answer())
    assert imagewire.Answer is Answer
