"""Answers as Python objects: nothing of them is lost, and all of it goes back as it came."""

import copy
import math
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct

from imagewire import Answer, Chunk, Image, Media, build_spec, function_result, user
from imagewire.answer_builder import AnswerBuilder
from imagewire.part import Part
from imagewire.v1 import chat_service_pb2 as chat
from imagewire.v1.message_pb2 import FunctionCall
from tests.sdk.conftest import Event, number
from tests.sdk.events import everything, merged, sent

PNG = b"\x89PNG\r\n\x1a\n"


def read(events: list[Event], *, hold: bool = True) -> tuple[Answer, list[Chunk]]:
    builder = AnswerBuilder(keep_data=hold)
    chunks = [chunk for event in events if (chunk := builder.add(event))]
    return builder.answer, chunks


def test_every_part_goes_back_as_it_came() -> None:
    answer, _ = read(everything())
    expected = sent(merged(everything()).candidates[0].message)
    assert answer.message() == expected


def test_what_stands_beside_the_parts_is_there() -> None:
    answer, _ = read(everything())
    whole = merged(everything())
    for name in ("model_version", "native_response_id", "usage", "prompt_feedback", "model_status"):
        assert getattr(answer, name) == getattr(whole, name)
    assert answer.continuation_token == whole.continuation_token
    assert dict(answer.native_fields) == dict(whole.native_fields)
    assert answer.omitted_fields == list(whole.omitted_fields)
    assert answer.candidate.grounding_metadata == whole.candidates[0].grounding_metadata
    assert dict(answer.candidate.native_fields) == dict(whole.candidates[0].native_fields)
    assert (answer.cost_nano_usd, answer.service_tier) == (whole.usage.cost_nano_usd, whole.usage.service_tier)


@pytest.mark.parametrize("hold", [True, False], ids=["kept", "frames"])
def test_u11_media_is_never_a_picture_and_never_lost(hold: bool) -> None:
    answer, chunks = read(everything(), hold=hold)
    parts = merged(everything()).candidates[0].message.parts
    assert [image.sha256 for image in [*answer.images, *answer.drafts]] == [
        part.image.sha256.hex()
        for thought in (False, True)
        for part in parts
        if part.HasField("image") and part.thought is thought
    ]
    assert [media.sha256 for media in answer.media] == [p.media.sha256.hex() for p in parts if p.HasField("media")]
    assert [native.kind for native in answer.natives] == [p.native.kind for p in parts if p.HasField("native")]
    assert [chunk.media for chunk in chunks if chunk.media] == answer.media
    assert [chunk.native for chunk in chunks if chunk.native] == answer.natives
    passed: dict[int, bytes] = {}
    for chunk in chunks:
        passed[chunk.part] = passed.get(chunk.part, b"") + chunk.data
    for at, part in enumerate(parts):
        if part.HasField("media") and not part.media.uri:
            assert passed[at] == part.media.data
            media = answer.parts[at].media
            assert media is not None
            if hold:
                assert media.data == part.media.data
            else:
                with pytest.raises(ValueError, match="frames"):
                    media.data  # noqa: B018


def test_media_is_saved_under_its_suffix(tmp_path: Path) -> None:
    assert Media(b"RIFF", mime_type="audio/wav").save(tmp_path / "story") == tmp_path / "story.wav"
    assert Media(b"x", mime_type="audio/L16;rate=24000").save(tmp_path / "raw.pcm") == tmp_path / "raw.pcm"
    assert Media(b"%PDF", mime_type="application/pdf").save(tmp_path / "page.png") == tmp_path / "page.pdf"
    assert (tmp_path / "story.wav").read_bytes() == b"RIFF"
    with pytest.raises(IsADirectoryError):
        Media(b"x", mime_type="audio/wav").save(tmp_path)


@pytest.mark.parametrize("file", [Image(uri="gs://b/o.png"), Media(uri="gs://b/o.png")], ids=["image", "media"])
def test_a_file_elsewhere_says_where(tmp_path: Path, file: Image | Media) -> None:
    with pytest.raises(ValueError, match=r"is at gs://b/o\.png; fetch it from there"):
        file.save(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_u4_arguments_are_exact() -> None:
    exact = Part(function_call=FunctionCall(name="f", args_json='{"n": 9007199254740993, "deep": [[1.5]]}'))
    assert exact.args == {"n": 9007199254740993, "deep": [[1.5]]}
    args = Struct()
    args.update({"n": 3, "half": 0.5, "list": [1, None, True, {"a": "b"}]})
    plain = Part(function_call=FunctionCall(name="f", args=args))
    assert plain.args == {"n": 3, "half": 0.5, "list": [1, None, True, {"a": "b"}]}
    assert isinstance(plain.args["n"], int)
    assert Part(text="none").args == {}


def test_a_function_results_pictures_have_names() -> None:
    call = FunctionCall(id="1", name="chart")
    message = function_result(call, {"chart": {"$ref": "pie"}}, images={"pie": PNG})
    [part] = message.parts
    result = part.function_response
    assert (result.id, result.name, result.images[0].display_name, result.images[0].data) == ("1", "chart", "pie", PNG)
    assert not call.HasField("args")
    with pytest.raises(ValueError, match="must be a JSON object"):
        function_result(call, {"a": object()})


@pytest.mark.parametrize("value", [2**53 + 1, -(2**60), 10**5000, math.inf, math.nan], ids=[*"abcde"])
def test_u4_a_number_that_would_be_changed_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"^response: .* send it as text"):
        function_result(FunctionCall(name="f"), {"a": [{"b": value}]})
    with pytest.raises(ValueError, match=r"^extra_body: .* send it as text"):
        build_spec("m", "x", extra_body={"a": [{"b": value}]})
    [part] = function_result(FunctionCall(name="f"), {"a": [2**53, -(2**53), True, 0.5]}).parts
    assert list(part.function_response.response["a"]) == [2**53, -(2**53), True, 0.5]


def test_a_result_that_no_server_could_read_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"a": deep}
    with pytest.raises(ValueError, match=r"^response: is nested more than 28 levels deep"):
        function_result(FunctionCall(name="f"), deep)


def test_a_picture_of_an_answer_keeps_no_name_as_input() -> None:
    file = {"mime_type": "image/png", "display_name": "out.png", "uri": "gs://b/o.png"}
    end = chat.PartFinished(image=file)
    events = [Event(started={}), Event(part_started={}), Event(part_finished=end), Event(finished={})]
    answer, _ = read(number(events))
    assert answer.message().parts[0].image.display_name == "out.png"
    assert answer.image is not None
    assert user(answer.image).parts[0].image.display_name == "", "only a function's results have names"


@pytest.mark.parametrize("hold", [True, False], ids=["kept", "frames"])
def test_an_answer_is_no_message_before_its_last_event(hold: bool) -> None:
    events = everything()
    for most in range(len(events)):
        answer, _ = read(events[:most], hold=hold)
        with pytest.raises(ValueError, match="the answer is not whole"):
            answer.message()
        with pytest.raises(ValueError, match="the answer is not whole"):
            copy.deepcopy(answer).message()
