"""Each spelling of the provider's own options moves the spec, or is refused by its name."""

import base64
from typing import Any

import pytest

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.common.spec_builder import in_callers_names
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire.encode import encode
from tests.unit.formats.openai.asked import PNG_URL, USER, reading, spec

SPAN = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00Z"}
OUR_SPAN = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-02-01T00:00:00Z"}
EVERY = ("chat", "images", "responses")
CONFIGS = [
    {"uri_prefix": "gs://b/f/"},
    {"uriPrefix": "gs://b/f/"},
    {"output_uri_prefix": "gs://b/f/"},
    {"outputUriPrefix": "gs://b/f/"},
]


def refused(kind: str, **fields: Any) -> str:
    """The field that a request is refused for, by its body, by the contract or by the provider."""
    with pytest.raises(InvalidRequest) as caught:
        _asked(kind, **fields)
    return caught.value.violations[0].field


def _asked(kind: str, **fields: Any) -> None:
    made = reading(kind, **fields)
    try:
        validation.check(made.spec, "spec")
        encode(made.spec, models("gemini").unknown)
    except InvalidRequest as error:
        raise in_callers_names(error, made.origins) from None


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    ("given", "sent"),
    [("auto", ""), ("default", "standard"), ("standard", "standard"), ("flex", "flex"), ("priority", "priority")],
)
def test_a_service_tier(kind: str, given: str, sent: str) -> None:
    assert spec(kind, service_tier=given).service_tier == sent


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("given", ["scale", "fast", "FLEX", 1])
def test_a_service_tier_that_google_lacks(kind: str, given: object) -> None:
    assert refused(kind, service_tier=given) == "service_tier"


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("field", ["output_config", "outputConfig"])
def test_where_pictures_are_written(kind: str, config: dict[str, str], field: str) -> None:
    assert spec(kind, **{field: config}).output_config.uri_prefix == "gs://b/f/"
    assert refused(kind, **{field: config}).startswith(field)  # the Gemini API writes nowhere
    assert refused(kind, **{field: {}}) == field
    assert refused(kind, **{field: {next(iter(config)): "http://b"}}) == f"{field}.{next(iter(config))}"


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("field", ["continuation_token", "continuationToken"])
def test_a_continuation_token(kind: str, field: str) -> None:
    assert spec(kind, **{field: base64.b64encode(b"on").decode()}).continuation_token == b"on"
    assert refused(kind, **{field: "!"}) == field


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("field", ["safety_settings", "safetySettings"])
def test_a_safety_method(kind: str, field: str) -> None:
    setting = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF", "method": "SEVERITY"}
    assert spec(kind, **{field: [setting]}).safety_settings[0].method == "SEVERITY"
    assert refused(kind, **{field: [setting]}) == f"{field}[0].method"  # the Gemini API has none
    assert refused(kind, **{field: [{**setting, "method": "LUCK"}]}) == f"{field}[0].method"
    assert refused(kind, **{field: [{**setting, "category": ""}]}) == f"{field}[0].category"


SEARCHES: list[tuple[dict[str, Any], pb.GoogleSearch]] = [
    ({}, pb.GoogleSearch()),
    ({"search_types": ["WEB", "IMAGE"]}, pb.GoogleSearch(search_types=["WEB", "IMAGE"])),
    ({"searchTypes": ["IMAGE"]}, pb.GoogleSearch(search_types=["IMAGE"])),
    ({"searchTypes": {"webSearch": {}, "imageSearch": {}}}, pb.GoogleSearch(search_types=["WEB", "IMAGE"])),
    ({"exclude_domains": ["a.com"]}, pb.GoogleSearch(exclude_domains=["a.com"])),
    ({"excludeDomains": ["a.com"]}, pb.GoogleSearch(exclude_domains=["a.com"])),
    ({"blocking_confidence": "BLOCK_HIGH"}, pb.GoogleSearch(blocking_confidence="BLOCK_HIGH")),
    ({"blockingConfidence": "BLOCK_HIGH"}, pb.GoogleSearch(blocking_confidence="BLOCK_HIGH")),
    *(
        (
            {name: span},
            pb.GoogleSearch(time_range={"start_time": {"seconds": 1767225600}, "end_time": {"seconds": 1769904000}}),
        )
        for name in ("time_range", "time_range_filter", "timeRangeFilter")
        for span in (SPAN, OUR_SPAN)
    ),
]
TOOLS = {
    "google_search": lambda given: {"google_search": given},
    "googleSearch": lambda given: {"googleSearch": given},
    "web_search": lambda given: {"type": "web_search", **given},
}


@pytest.mark.parametrize("spelling", TOOLS)
@pytest.mark.parametrize(("given", "made"), SEARCHES, ids=str)
def test_a_search(spelling: str, given: dict[str, Any], made: pb.GoogleSearch) -> None:
    kind = "responses" if spelling == "web_search" else "chat"
    [tool] = spec(kind, tools=[TOOLS[spelling](given)]).tools
    assert tool.google_search == made


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"search_types": ["NEWS"]}, "search_types"),
        ({"searchTypes": {"newsSearch": {}}}, "searchTypes.newsSearch"),
        ({"search_types": ["WEB"], "searchTypes": ["IMAGE"]}, "searchTypes"),
        ({"timeRangeFilter": {"startTime": "soon", "endTime": "2026-02-01T00:00:00Z"}}, "timeRangeFilter.startTime"),
        ({"time_range": {}}, "time_range.start_time"),
        ({"exclude_domains": ["a.com"]}, "exclude_domains"),  # Vertex AI's
        ({"invented": 1}, "invented"),
    ],
    ids=str,
)
def test_a_search_that_is_not_taken(given: dict[str, Any], field: str) -> None:
    assert refused("chat", tools=[{"googleSearch": given}]) == f"tools[0].googleSearch.{field}"


def test_two_searches_agree_or_are_refused() -> None:
    plain, images = {"googleSearch": {}}, {"googleSearch": {"searchTypes": ["IMAGE"]}}
    [tool] = spec("chat", web_search_options={}, tools=[plain, images, images]).tools
    assert tool.google_search.search_types == ["IMAGE"]
    assert refused("chat", tools=[images, {"google_search": {"search_types": ["WEB"]}}]) == "tools[1].google_search"


def test_openais_options_of_a_search_are_refused_by_name() -> None:
    assert spec("chat", web_search_options={"search_context_size": "medium"}).tools
    assert (
        refused("chat", web_search_options={"search_context_size": "high"}) == "web_search_options.search_context_size"
    )
    assert refused("chat", web_search_options={"user_location": {}}) == "web_search_options.user_location"
    filters = [{"type": "web_search", "filters": {"allowed_domains": ["a.com"]}}]
    assert refused("responses", tools=filters) == "tools[0].filters"


@pytest.mark.parametrize("detail", ["auto", "low", "medium", "high", "ultra_high"])
def test_how_closely_a_picture_is_looked_at(detail: str) -> None:
    wanted = getattr(pb.ImageDetail, f"IMAGE_DETAIL_{detail.upper()}")
    chat = [{"type": "image_url", "image_url": {"url": PNG_URL, "detail": detail}}]
    response = [{"type": "input_image", "image_url": PNG_URL, "detail": detail}]
    assert spec("chat", messages=[{"role": "user", "content": chat}]).messages[0].parts[0].image.detail == wanted
    made = spec("responses", input=[{"role": "user", "content": response}])
    assert made.messages[0].parts[0].image.detail == wanted


@pytest.mark.parametrize("name", ["prominent_people", "prominentPeople"])
def test_prominent_people(name: str) -> None:
    assert spec("chat", image_config={name: "BLOCK"}).image_config.prominent_people == "BLOCK"
    assert refused("chat", image_config={name: "BLOCK"}) == f"image_config.{name}"


@pytest.mark.parametrize("count", [0, 2, 8])
def test_u13_a_chat_draws_one_answer(count: int) -> None:
    assert refused("chat", n=count) == "n"
    assert spec("chat", n=1).generation_config.candidate_count == 1


CALL = {"id": "call_a", "function": {"name": "f", "arguments": "{}"}}
RESULT = [
    {"type": "text", "text": '{"found": {"$ref": "cat"}}'},
    {"type": "image_url", "image_url": {"url": PNG_URL, "display_name": "cat"}},
]


def test_a_functions_result_with_a_picture() -> None:
    tool = {"role": "tool", "tool_call_id": "call_a", "content": RESULT}
    made = spec("chat", messages=[*USER, {"role": "assistant", "tool_calls": [CALL]}, tool])
    validation.check(made, "spec")
    result = made.messages[2].parts[0].function_response
    assert [(image.display_name, bool(image.data)) for image in result.images] == [("cat", True)]
    assert result.response["found"]["$ref"] == "cat"
    call = {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": "{}"}
    output = [{"type": "input_image", "image_url": PNG_URL}]
    made = spec(
        "responses", input=[*USER, call, {"type": "function_call_output", "call_id": "call_a", "output": output}]
    )
    validation.check(made, "spec")
    [image] = made.messages[2].parts[0].function_response.images
    assert image.data


def test_a_results_picture_is_refused_by_the_callers_name() -> None:
    url = {"url": "data:image/png;base64,QUJD"}
    tool = {"role": "tool", "tool_call_id": "call_a", "content": [{"type": "image_url", "image_url": url}]}
    field = refused("chat", messages=[*USER, {"role": "assistant", "tool_calls": [CALL]}, tool])
    assert field == "messages[2].content[0].image_url.url"


EXACT = [
    '{"n": 9007199254740993}',
    '{"n": 1e400}',
    '{"a":' * 40 + "1" + "}" * 40,
    '{"n": -123456789012345678901234567890, "x": 1.0}',
]


@pytest.mark.parametrize("arguments", EXACT)
def test_u4_arguments_that_a_struct_cannot_hold_stay_exact(arguments: str) -> None:
    call = {**CALL, "function": {"name": "f", "arguments": arguments}}
    made = spec("chat", messages=[*USER, {"role": "assistant", "tool_calls": [call]}])
    validation.check(made, "spec")
    assert made.messages[1].parts[0].function_call.args_json == arguments
    item = {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": arguments}
    made = spec("responses", input=[*USER, item])
    assert made.messages[1].parts[0].function_call.args_json == arguments


@pytest.mark.parametrize("output", [*EXACT, "9007199254740993", "[1e400]"])
def test_a_functions_result_that_a_struct_would_change_stays_a_text(output: str) -> None:
    tool = {"role": "tool", "tool_call_id": "call_a", "content": output}
    made = spec("chat", messages=[*USER, {"role": "assistant", "tool_calls": [CALL]}, tool])
    validation.check(made, "spec")
    assert dict(made.messages[2].parts[0].function_response.response) == {"result": output}
    call = {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "call_a", "output": output}
    made = spec("responses", input=[*USER, call, result])
    assert dict(made.messages[2].parts[0].function_response.response) == {"result": output}


@pytest.mark.parametrize("own", [{}, {"provider_specific_fields": {}}])
def test_a_reasoning_item_that_says_nothing_is_passed_over(own: dict[str, Any]) -> None:
    made = spec("responses", input=[*USER, {"type": "reasoning", "summary": [], **own}, *USER])
    validation.check(made, "spec")
    assert [message.role for message in made.messages] == [pb.Role.ROLE_USER] * 2


def test_media_among_an_answers_images_keeps_its_name() -> None:
    url = {"url": "data:audio/wav;base64,QUJD", "display_name": "song"}
    said = {"role": "assistant", "images": [{"type": "image_url", "image_url": url, "mime_type": "audio/wav"}]}
    [part] = spec("chat", messages=[*USER, said]).messages[1].parts
    assert (part.media.display_name, part.media.mime_type) == ("song", "audio/wav")


def test_a_time_said_twice_alike_is_one() -> None:
    span = {
        "start_time": "2026-01-01T00:00:00Z",
        "startTime": "2026-01-01T00:00:00Z",
        "endTime": "2026-02-01T00:00:00Z",
    }
    tools = [{"googleSearch": {"timeRangeFilter": span}}]
    [tool] = spec("chat", messages=USER, tools=tools).tools
    assert tool.google_search.time_range.start_time.ToJsonString() == span["start_time"]
    span["startTime"] = "2026-01-02T00:00:00Z"
    assert refused("chat", messages=USER, tools=tools) == "tools[0].googleSearch.timeRangeFilter.startTime"
