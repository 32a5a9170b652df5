"""`drop_params`: what is left out before the call, what after the server's refusal, and what never."""

from typing import Any

import pytest

import imagewire
from imagewire.errors import InvalidRequest, Violation
from imagewire.litellm import known_arguments
from imagewire.litellm.drops import Drops, name_arguments
from imagewire.litellm.params import read, requests
from imagewire.v1.spec_pb2 import Spec

MODEL = "gemini/gemini-2.5-flash-image"
SAY = [{"role": "user", "content": "A banana"}]
CACHED = {"role": "user", "content": [{"type": "text", "text": "A", "cache_control": {"type": "e"}}]}

HARMLESS: dict[str, Any] = {
    "client": None,
    "safety_identifier": "hash",
    "prompt_cache_key": "key",
    "parallel_tool_calls": True,
    "logit_bias": {},
    "logprobs": False,
    "store": False,
    "response_format": {"type": "text"},
    "functions": [],
    "caching": False,
}
NOT_SERVED: dict[str, Any] = {
    "client": object(),
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "store": True,
    "response_format": {"type": "json_object"},
    "mock_response": "hi",
    "caching": True,
    "api_version": "v1",
    "input_cost_per_token": 1e-6,
    "langfuse_public_key": "pk",
    "style": "vivid",
    "verbosity": "high",
    "litellm_call_id": "x",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_changes_nothing_is_accepted(name: str) -> None:
    assert read(MODEL, SAY, {name: HARMLESS[name]}) == read(MODEL, SAY, {})


@pytest.mark.parametrize("name", NOT_SERVED)
def test_what_is_not_served_is_refused_or_dropped(name: str) -> None:
    given = {name: NOT_SERVED[name]}
    with pytest.raises(InvalidRequest) as caught:
        read(MODEL, SAY, given)
    assert [violation.field for violation in caught.value.violations] == [name]
    request = read(MODEL, SAY, given | {"drop_params": True})
    assert request.drops.names == [name]
    assert request.spec == read(MODEL, SAY, {}).spec


def test_a_name_that_nobody_knows_is_never_dropped() -> None:
    with pytest.raises(InvalidRequest, match="did you mean aspect_ratio"):
        read(MODEL, SAY, {"aspect_ration": "16:9", "drop_params": True})


def test_cache_control_is_dropped_from_messages() -> None:
    with pytest.raises(InvalidRequest, match=r"messages\[0\]\.content\[0\]\.cache_control"):
        read(MODEL, [CACHED], {})
    request = read(MODEL, [CACHED], {"drop_params": True})
    assert request.drops.names == ["messages[0].content[0].cache_control"]
    assert request.spec.messages[0].parts[0].text == "A"


def _refused(*fields: str) -> InvalidRequest:
    return InvalidRequest("no", violations=[Violation(field, "is not supported") for field in fields])


def test_what_the_server_refuses_is_cleared() -> None:
    spec = imagewire.build_spec("m", "A", seed=1, thinking_level="HIGH", labels={"a": "b"}, aspect_ratio="1:1")
    drops = Drops(enabled=True)
    assert drops.clear(
        spec, _refused("spec.generation_config.thinking_config.thinking_level", "spec.labels", "spec.labels[a]")
    )
    assert drops.names == ["reasoning_effort", "metadata"]
    assert spec == imagewire.build_spec("m", "A", seed=1, aspect_ratio="1:1")


@pytest.mark.parametrize("field", ["spec.messages[0].content", "spec.model", "spec.safety_settings[0]", "spec.tools"])
def test_the_request_itself_is_never_cleared(field: str) -> None:
    spec = imagewire.build_spec("m", "A", labels={"a": "b"})
    assert not Drops(enabled=True).clear(spec, _refused("spec.labels", field))
    assert spec == imagewire.build_spec("m", "A", labels={"a": "b"})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("spec.generation_config.thinking_config", "reasoning_effort"),
        ("spec.generation_config.thinking_config.thinking_level", "reasoning_effort"),
        ("spec.generation_config.max_output_tokens", "max_tokens"),
        ("spec.generation_config.stop_sequences[5]", "stop"),
        ("spec.generation_config.top_k", "top_k"),
        ("spec.image_config.aspect_ratio", "aspect_ratio"),
        ("spec.labels", "metadata"),
        ("spec.tool_config.mode", "tool_choice"),
        ("spec.messages[0].parts[1].image.data", "messages[0].parts[1].image.data"),
        ("spec.extra_body.labels", "extra_body.labels"),
    ],
)
def test_the_server_s_violations_have_the_arguments_names(path: str, name: str) -> None:
    error = InvalidRequest(f"{path}: is wrong", violations=[Violation(path, "is wrong")])
    name_arguments(error)
    assert (str(error), error.message) == (f"{name}: is wrong",) * 2
    assert error.violations == (Violation(name, "is wrong"),)


def test_nothing_is_cleared_unless_asked() -> None:
    assert not Drops(enabled=False).clear(Spec(), _refused("spec.labels"))


@pytest.mark.parametrize("name", ["user", "metadata"])
def test_bills_have_no_labels_at_google_ai_studio(name: str) -> None:
    value = "me@example.com" if name == "user" else {"trace": {"nested": 1}}
    assert read(MODEL, SAY, {name: value}) == read(MODEL, SAY, {})


def test_a_timeout_of_httpx() -> None:
    class Timeout:
        """As httpx.Timeout(600, connect=5) has them."""

        connect, read, write, pool = 5.0, 600.0, 600.0, 600.0

    assert read(MODEL, SAY, {"timeout": Timeout()}).timeout == 600.0


@pytest.mark.parametrize(
    ("headers", "field"),
    [({"Authorization": "Bearer x"}, "extra_headers.authorization"), ({"x-team": "a"}, "extra_headers.x-team")],
)
def test_a_header_that_nobody_would_read_is_named(headers: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(MODEL, SAY, {"extra_headers": headers})
    assert [violation.field for violation in caught.value.violations] == [field]


def test_headers_for_a_server_that_runs() -> None:
    request = read(MODEL, SAY, {"target": "host:1", "extra_headers": {"X-Team": "a"}, "headers": {"x-other": "b"}})
    assert dict(request.metadata) == {"x-team": "a", "x-other": "b"}
    with pytest.raises(InvalidRequest, match="extra_headers"):
        read(MODEL, SAY, {"target": "host:1", "extra_headers": {"X-Team": "a\nb"}})


@pytest.mark.parametrize(
    ("options", "budget", "level"),
    [
        ({"reasoning_effort": "disable"}, 0, ""),
        ({"reasoning_effort": "default"}, None, ""),
        ({"thinking": {"type": "disabled"}}, 0, ""),
        ({"thinking": {"type": "disabled"}, "reasoning_effort": "none"}, 0, ""),
        ({"thinking": {"type": "enabled"}}, None, ""),
    ],
    ids=str,
)
def test_how_much_it_thinks(options: Any, budget: int | None, level: str) -> None:
    config = read(MODEL, SAY, options).spec.generation_config.thinking_config
    assert (config.thinking_budget if config.HasField("thinking_budget") else None, config.thinking_level) == (
        budget,
        level,
    )


@pytest.mark.parametrize(
    "options",
    [
        {"thinking": {"type": "enabled", "budget": 3}},
        {"thinking": {"type": "enabled", "budget_tokens": 3}, "reasoning_effort": "low"},
    ],
    ids=str,
)
def test_thinking_that_cannot_be_meant(options: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^thinking"):
        read(MODEL, SAY, options)


@pytest.mark.parametrize(
    ("fallbacks", "field"),
    [
        ([{"model": "m", "temprature": 1}], "fallbacks[0].temprature"),
        (["m", {"fallbacks": ["m"]}], "fallbacks[1].fallbacks"),
        ([3], "fallbacks"),
        ("m", "fallbacks"),
    ],
    ids=str,
)
def test_a_wrong_fallback_is_named_before_it_is_needed(fallbacks: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        next(requests(MODEL, SAY, {"fallbacks": fallbacks}))
    assert [violation.field for violation in caught.value.violations] == [field]


def test_each_remedy_is_reached() -> None:
    found = {known_arguments.remedy(name) for name in [*NOT_SERVED, "ssl_verify", "retry_policy", "rpm", "tags"]}
    assert None not in found
    assert len(found) > 12


def test_what_cannot_be_a_label_is_left_out_and_told() -> None:
    given = {"metadata": {"team": "a", "Trace Id": "x", "a": {"b": 1}}, "user": "a@b.c"}
    request = read("img", [{"role": "user", "content": "x"}], given)
    assert dict(request.spec.labels) == {"team": "a"}
    assert request.drops.names == ["metadata.Trace Id", "metadata.a"]
    # A model whose service has no labels.
    assert request.drops.clear(request.spec, _refused("spec.labels"))
    assert not request.spec.labels
    asked = read("img", [{"role": "user", "content": "x"}], {"labels": {"team": "a"}})
    assert not asked.drops.clear(asked.spec, _refused("spec.labels"))
