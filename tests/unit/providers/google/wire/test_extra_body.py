"""extra_body passes the rules of the fields that it stands for; a policy tells what a request may name."""

from dataclasses import replace
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import ANYTHING, Allowed, encode, extra_body

VERTEX = models("vertex_ai").unknown
GEMINI = replace(models("gemini").unknown, thinking_levels=(), image_sizes=("1K", "2K"), aspect_ratios=("1:1",))


def spec(extra: dict[str, Any] | None = None, **fields: Any) -> pb.Spec:
    made = pb.Spec(model="m", messages=[{"role": 2, "content": "x"}], **fields)
    if extra is not None:
        made.extra_body.update(extra)
    return made


def refused(given: pb.Spec, capabilities: Capabilities, allowed: Allowed = ANYTHING) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        encode(given, capabilities, allowed)
    return [(v.field.removeprefix("spec."), v.description) for v in caught.value.violations]


@pytest.mark.parametrize(
    ("extra", "field", "words"),
    [
        ({"generationConfig": {"candidateCount": 8}}, "generationConfig.candidateCount", "must be 1"),
        ({"generation_config": {"candidate_count": 8}}, "generation_config.candidate_count", "must be 1"),
        ({"generation_config": {"candidateCount": "8"}}, "generation_config.candidateCount", "must be 1"),
        ({"generationConfig": {"temperature": 3}}, "generationConfig.temperature", "from 0 to 2"),
        ({"generationConfig": {"temperature": "hot"}}, "generationConfig", "another type"),
        ({"generationConfig": {"topK": 1, "top_k": 1}}, "generationConfig", "two spellings"),
        ({"generationConfig": {"stopSequences": ["a"] * 6}}, "generationConfig.stopSequences", "at most 5"),
        (
            {"generationConfig": {"imageConfig": {"imageSize": "4K"}}},
            "generationConfig.imageConfig.imageSize",
            "1K, 2K",
        ),
        (
            {"generation_config": {"image_config": {"aspect_ratio": "a"}}},
            "generation_config.image_config.aspect_ratio",
            "width",
        ),
        (
            {"generationConfig": {"imageConfig": {"imageOutputOptions": {"compressionQuality": 101}}}},
            "generationConfig.imageConfig.imageOutputOptions.compressionQuality",
            "from 0 to 100",
        ),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1}}},
            "generationConfig.thinkingConfig",
            "not think",
        ),
        ({"safetySettings": [{"category": "A"}]}, "safetySettings[0].threshold", "is required"),
        ({"safety_settings": [{"category": "A", "threshold": "B"}] * 2}, "safety_settings[1].category", "set twice"),
        (
            {"safetySettings": [{"category": "A", "threshold": "B"}] * 33},
            "safetySettings",
            "at most 32",
        ),
        ({"safetySettings": [{}] * 5000}, "safetySettings", "holds more than"),
        ({"labels": {"a": "b"}}, "labels", "Vertex AI only"),
        ({"service_tier": "fast"}, "service_tier", "priority"),
        ({"cachedContent": "a" * 513}, "cachedContent", "at most 512"),
        ({"model": "models/another"}, "model", "beside spec.model"),
    ],
)
def test_d13_extra_body_passes_the_rules_of_the_fields_that_it_stands_for(
    extra: dict[str, Any], field: str, words: str
) -> None:
    found = refused(spec(extra), GEMINI)
    assert any(path == f"extra_body.{field}" and words in said for path, said in found), found


def test_d13_what_a_field_and_extra_body_say_together_is_looked_at() -> None:
    fields = pb.GenerationConfig(thinking_config={"thinking_level": "HIGH"})
    extra = {"generationConfig": {"thinkingConfig": {"thinkingBudget": 5}}}
    (found,) = refused(spec(extra, generation_config=fields), VERTEX)
    assert found[0] == "extra_body.generationConfig.thinkingConfig.thinkingBudget"
    assert "cannot be combined" in found[1]


def test_d13_what_is_right_moves_the_body_as_it_is() -> None:
    extra = {
        "generation_config": {"top_k": 5, "seed": 1, "logprobs": 3, "imageConfig": {"imageSize": "2K", "new": [1]}},
        "safetySettings": [{"category": "A", "threshold": "B"}],
        "cached_content": "cachedContents/a",
        "somethingNew": {"a": None},
    }
    body = encode(spec(extra), GEMINI)
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"], **extra["generation_config"]}
    assert {name: body[name] for name in extra if name != "generation_config"} == {
        name: extra[name] for name in extra if name != "generation_config"
    }


SOME = Allowed(buckets=("mine", "shared/pictures"), resources=("cachedContents/a", "files/*"))
NONE = Allowed(buckets=(), resources=())


def model(part: dict[str, Any]) -> pb.Spec:
    return pb.Spec(model="m", messages=[{"role": 3, "parts": [part]}])


def image(uri: str) -> dict[str, Any]:
    return {"image": {"uri": uri, "mime_type": "image/png"}}


FILE = '{"mimeType":"image/png","fileUri":"gs:\\/\\/theirs\\/a"}'
NAMED: list[tuple[pb.Spec, str]] = [
    (pb.Spec(model="m", messages=[{"role": 2, "image": {"uri": "gs://theirs/a.png"}}]), "messages[0].image.uri"),
    (pb.Spec(model="m", messages=[{"role": 2, "image": {"uri": "GS://theirs/a.png"}}]), "messages[0].image.uri"),
    (model(image("gs://theirs/a")), "messages[0].parts[0].image.uri"),
    (model(image("gs://mine-too/a")), "messages[0].parts[0].image.uri"),
    (model(image("gs://shared/picturesque/a")), "messages[0].parts[0].image.uri"),
    (model(image("https://storage.googleapis.com/theirs/a")), "messages[0].parts[0].image.uri"),
    (model(image("https://theirs.storage.googleapis.com/a")), "messages[0].parts[0].image.uri"),
    (model({"media": {"uri": "gs://theirs/a", "mime_type": "video/mp4"}}), "messages[0].parts[0].media.uri"),
    (
        pb.Spec(
            model="m",
            messages=[
                {"role": 2, "parts": [{"function_response": {"name": "f", "images": [{"uri": "gs://theirs/a"}]}}]}
            ],
        ),
        "messages[0].parts[0].function_response.images[0].uri",
    ),
    (model({"native": {"kind": "fileData", "value_json": FILE}}), "messages[0].parts[0].native.value_json"),
    (
        model({"native": {"kind": "new", "value_json": '{"a":["gs://theirs/a"],"a":1}'}}),
        "messages[0].parts[0].native.value_json",
    ),
    (
        model({"native": {"kind": "new", "value_json": '{"a":"\\u0067s://theirs/a"}'}}),
        "messages[0].parts[0].native.value_json",
    ),
    (model({"text": "a", "native_fields": {"fileData": FILE}}), "messages[0].parts[0].native_fields"),
    (spec(cached_content="cachedContents/b"), "cached_content"),
    (spec(cached_content="b"), "cached_content"),
    (spec({"cached_content": "b"}), "extra_body.cached_content"),
    (spec({"cachedContent": "cachedContents/b"}), "extra_body.cachedContent"),
    (spec({"outputConfig": {"outputUriPrefix": "gs://theirs/"}}), "extra_body.outputConfig.outputUriPrefix"),
    (spec(output_config={"uri_prefix": "gs://theirs/"}), "output_config.uri_prefix"),
    (
        spec({"tools": [{"retrieval": {"vertexAiSearch": {"datastore": "projects/p/x"}}}]}),
        "extra_body.tools[0].retrieval.vertexAiSearch.datastore",
    ),
    (
        spec({"systemInstruction": {"parts": [{"fileData": {"fileUri": "gs://theirs/a"}}]}}),
        "extra_body.systemInstruction.parts[0].fileData.fileUri",
    ),
]


@pytest.mark.parametrize("allowed", [SOME, NONE], ids=["some", "none"])
@pytest.mark.parametrize(("given", "field"), NAMED, ids=[f"{i} {field}" for i, (_, field) in enumerate(NAMED)])
def test_d11_what_the_servers_credentials_open_is_named_only_where_it_may_be(
    given: pb.Spec, field: str, allowed: Allowed
) -> None:
    encode(given, VERTEX)
    ((path, words),) = refused(given, VERTEX, allowed)
    assert path == field
    assert "allowed_buckets: " in words or "allowed_resources: " in words


@pytest.mark.parametrize(
    "given",
    [
        model(image("gs://mine/a.png")),
        model(image("gs://shared/pictures/a.png")),
        model(image("https://storage.googleapis.com/mine/a.png")),
        model(image("https://example.com/a.png")),
        model(image("https://generativelanguage.googleapis.com/v1beta/files/abc")),
        model({"native": {"kind": "new", "value_json": '{"a":"gs://mine/a","b":"words"}'}}),
        model({"text": "gs://theirs/a"}),
        spec(cached_content="cachedContents/a"),
        spec({"cachedContent": "cachedContents/a"}),
        spec(output_config={"uri_prefix": "gs://mine"}),
        spec({"tools": [{"urlContext": {}}]}),
    ],
)
def test_d11_what_may_be_named_passes(given: pb.Spec) -> None:
    assert encode(given, VERTEX, SOME) == encode(given, VERTEX)


@pytest.mark.parametrize("name", ["generationConfig", "generation_config"])
@pytest.mark.parametrize("field", ["responseModalities", "response_modalities"])
def test_extra_body_chooses_the_modalities_where_no_field_does(name: str, field: str) -> None:
    given = spec({name: {field: ["IMAGE"]}})
    assert encode(given, VERTEX)["generationConfig"] == {field: ["IMAGE"]}
    given.response_modalities.append(pb.Modality.MODALITY_TEXT)
    assert refused(given, VERTEX) == [
        (f"extra_body.{name}.{field}", "is already set by another field of the request; set it in one place")
    ]


def test_what_an_extra_body_says_is_named_alike_in_both_spellings() -> None:
    given = spec({"generation_config": {"top_k": 1, "imageConfig": {"image_size": "1K", "imageOutputOptions": {}}}})
    assert extra_body.in_config(given.extra_body) == {"topK", "imageConfig"}
    assert extra_body.in_image_config(given.extra_body) == {"imageSize", "outputOptions"}
    for nothing in ({}, {"generationConfig": {}}, {"generationConfig": {"imageConfig": {}}}):
        assert extra_body.in_image_config(spec(nothing).extra_body) == set()
