"""Which requests are the same for the answer cache."""

import hashlib
from functools import partial
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.core.cache_key import NoKey, Way, cache_key
from imagewire_server.core.spec_defaults import merged
from tests.conftest import spec

SMALL, LARGE = b"\x89PNG small", b"\x89PNG" + bytes(2000)
USER, ASSISTANT = pb.Role.ROLE_USER, pb.Role.ROLE_ASSISTANT


def key(made: pb.Spec, *targets: str, space: str = "") -> bytes:
    return cache_key(made, [Way(target) for target in targets or ("gemini/m",)], space)


def edit(**image: Any) -> pb.Spec:
    message = pb.ChatMessage(role=USER, content="Make it blue", image=pb.Image(**image))
    return pb.Spec(model="m", messages=[message])


def said(*parts: pb.Part, content: str = "") -> pb.Spec:
    return pb.Spec(model="m", messages=[pb.ChatMessage(role=USER, content=content, parts=parts)])


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_picture_counts_by_its_content(data: bytes) -> None:
    sha = hashlib.sha256(data).digest()
    one = key(edit(data=data, mime_type="image/png"))
    # As a picture that was named by its hash is when its bytes are put in.
    assert one == key(edit(data=data, mime_type="image/png", sha256=sha))
    assert one != key(edit(data=data + b"x", mime_type="image/png"))
    assert one != key(edit(data=data, mime_type="image/png", detail=pb.ImageDetail.IMAGE_DETAIL_HIGH))
    part = pb.Part(image=pb.Image(data=data, mime_type="image/png"))
    assert key(said(part)) != key(said(pb.Part(image=pb.Image(data=data + b"x", mime_type="image/png"))))


def test_one_text_has_one_key_however_it_is_spelled() -> None:
    text = pb.Part(text="A banana")
    assert key(said(content="A banana")) == key(said(text)) == key(said(text, content="A banana"))
    assert key(said(text)) != key(said(pb.Part(text="A "), pb.Part(text="banana")))


@pytest.mark.parametrize(
    "other",
    [
        spec("n1"),
        spec("n0", "An apple"),
        spec("n0", generation_config=pb.GenerationConfig(seed=0)),
        spec("n0", generation_config=pb.GenerationConfig(temperature=0.0)),
        spec("n0", response_modalities=[pb.Modality.MODALITY_IMAGE]),
        spec("n0", labels={"team": "art"}),
        spec("n0", cached_content="cachedContents/a"),
        spec("n0", tools=[pb.Tool(google_search=pb.GoogleSearch())]),
        spec("n0", continuation_token=b"t"),
    ],
)
def test_another_spec_has_another_key(other: pb.Spec) -> None:
    assert key(spec("n0")) != key(other)
    assert key(other) == key(pb.Spec.FromString(other.SerializeToString()))


def test_the_order_of_a_map_and_of_the_routes_does_not_count() -> None:
    one, two = {"a": "1", "b": "2"}, {"b": "2", "a": "1"}
    assert key(spec(labels=one)) == key(spec(labels=two))
    assert key(spec(), "a", "b") == key(spec(), "b", "a", "a")
    assert key(spec(), "a") != key(spec(), "b") != key(spec(), "a", "b")


def test_each_space_has_its_own_keys() -> None:
    assert key(spec()) != key(spec(), space="a") != key(spec(), space="b")


def test_each_drawing_of_a_request_has_a_key_that_no_other_space_has() -> None:
    spaces = ("", "1", "a", "a\n1", "1\na", "a1", "1 a")
    found = [cache_key(spec(), [Way("gemini/m")], space, number) for space in spaces for number in range(12)]
    assert len(set(found)) == len(found)
    assert found[0] == key(spec())


def test_the_spec_stays_as_it_was() -> None:
    made = edit(data=SMALL)
    before = made.SerializeToString()
    key(made)
    assert made.SerializeToString() == before


GONE = pb.ChatMessage(role=ASSISTANT, parts=[pb.Part(media=pb.Media(uri="gs://b/a.wav", mime_type="audio/wav"))])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (edit(uri="gs://bucket/cat.png", mime_type="image/png"), "by URI"),
        (edit(uri="https://example.com/cat.png"), "by URI"),
        (pb.Spec(model="m", messages=[GONE]), "by URI"),
        (spec(output_config=pb.OutputConfig(uri_prefix="gs://bucket/")), "output_config"),
        (spec(prompt="x" * (1024 * 1024 + 1)), "1 MiB"),
    ],
)
def test_what_cannot_be_compared_has_no_key(made: pb.Spec, words: str) -> None:
    with pytest.raises(NoKey, match=words):
        key(made)


def test_a_data_uri_is_content() -> None:
    one, two = (edit(uri=f"data:image/png;base64,{word}") for word in ("AAAA", "BBBB"))
    assert key(one) != key(two)


def test_a_default_counts_where_the_caller_is_silent() -> None:
    def way(seed: int) -> Way:
        return Way("gemini/m", partial(merged, config(seed), lambda _: None, lambda *_: None))

    def config(seed: int) -> pb.Spec:
        return pb.Spec(generation_config=pb.GenerationConfig(seed=seed))

    silent, own = spec(), spec(generation_config=pb.GenerationConfig(seed=1))
    assert cache_key(silent, [way(1)]) != cache_key(silent, [way(2)]) != cache_key(silent, [way(1), way(2)])
    assert cache_key(own, [way(1)]) == cache_key(own, [way(2)]) == cache_key(silent, [way(1)])
