"""A message's pictures are dicts, as LiteLLM's are, and no repr of an answer shows megabytes."""

import copy
import dataclasses
import json
import pickle
import random
from typing import Any

import msgspec
import pytest

from imagewire import image
from imagewire.answer import Answer
from imagewire.litellm.chunks import chunks
from imagewire.litellm.types import Completion
from imagewire.part import Chunk, Part
from tests.pictures import PNG


def parts() -> list[Part]:
    draft = dataclasses.replace(image(PNG), thought=True)
    final = image(PNG + random.Random(1).randbytes(100_000))  # no secret
    return [Part(image=draft, thought=True), Part(text="Here"), Part(image=final)]


def test_the_pictures_are_dicts_that_json_takes() -> None:
    message = Completion(Answer(parts=parts())).choices[0].message
    assert message.images is not None
    for given in (message.image, message.images, dict(message), [message.images[0]["image_url"]]):
        told = json.loads(json.dumps(given))
        assert msgspec.json.decode(msgspec.json.encode(given)) == told, "a writer that reads a dict's memory"
        assert copy.deepcopy(given) == pickle.loads(pickle.dumps(given)) == given == told  # noqa: S301  # our own
    draft, final = message.images
    assert all(isinstance(item, dict) and isinstance(item["image_url"], dict) for item in message.images)
    assert final == {
        "type": "image_url",
        "index": 1,
        "image_url": {"url": final.image_url.picture.data_uri, "detail": "auto"},
    }
    assert (draft["thought"], draft.thought, final.thought, "thought" in final) == (True, True, None, False)
    assert message.image is final.image_url, "encoded once"
    assert message.image.url == message.image["url"]
    assert message.image.format is None
    with pytest.raises(AttributeError, match="ImageUrl has no field uri; it has url, detail"):
        _ = message.image.uri


def test_the_pictures_of_a_stream_are_dicts_too() -> None:
    answer = Answer(parts=parts())
    grown = [(answer, Chunk(part=2, image=answer.image)), (answer, Chunk(last=True))]
    deltas: list[Any] = [chunk.choices[0].delta for chunk in chunks(grown, include_usage=False)]
    (images,) = [delta.images for delta in deltas if "images" in delta]
    (final,) = [delta.image for delta in deltas if "image" in delta]
    assert json.loads(json.dumps(images))[0]["image_url"] == json.loads(json.dumps(final)) == images[0]["image_url"]


def test_the_repr_of_an_answer_shows_no_whole_picture() -> None:
    answer = Answer(parts=parts())
    whole = Completion(answer)
    assert len(whole.model_dump_json()) > 100_000
    message = whole.choices[0].message
    grown = [(answer, Chunk(part=2, image=answer.image)), (answer, Chunk(last=True))]
    for shown in (whole, whole.choices, message, list(chunks(grown, include_usage=True))):
        assert len(repr(shown)) < 4000
        assert len(repr(shown)) == len(str(shown))
    assert "'url': 'data:image/png;base64," in repr(whole)
    assert repr(message.image) == repr(message.model_dump()["image"]), "whole, as LiteLLM's page prints it"
