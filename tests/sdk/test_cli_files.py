"""What the command does with what an answer may hold beside text and pictures that are here."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from imagewire.v1 import chat_service_pb2 as chat
from tests.sdk.command import left, run
from tests.sdk.conftest import Event, Script, good_stream, number, scripted
from tests.sdk.events import everything, merged

WAV = b"RIFF" + b"sound" * 1000


def with_parts(*parts: list[Event], picture: bool = True) -> list[Event]:
    """A good stream, or one with text only, with further parts."""
    events = [event for event in good_stream() if not event.HasField("heartbeat")]
    if not picture:
        events = [*events[:5], *events[-2:]]
    count = 2 if picture else 1
    for index, part in enumerate(parts, count):
        for event in part:
            getattr(event, str(event.WhichOneof("event"))).part_index = index
    return number([*events[:-2], *(event for part in parts for event in part), *events[-2:]])


def sound() -> list[Event]:
    media = {"mime_type": "audio/wav", "size_bytes": len(WAV), "sha256": hashlib.sha256(WAV).digest()}
    return [
        Event(part_started=chat.PartStarted(kind=chat.PART_KIND_MEDIA)),
        Event(media_chunk=chat.MediaChunk(data=WAV)),
        Event(part_finished=chat.PartFinished(media=media)),
    ]


def elsewhere(content: str, name: str, mime_type: str) -> list[Event]:
    kind = chat.PART_KIND_IMAGE if content == "image" else chat.PART_KIND_MEDIA
    file: dict[str, Any] = {content: {"uri": f"gs://bucket/{name}", "mime_type": mime_type}}
    return [
        Event(part_started=chat.PartStarted(kind=kind)),
        Event(part_finished=chat.PartFinished(**file)),
    ]


def native() -> list[Event]:
    part = {"kind": "executableCode", "value_json": '{"code": "1 + 1"}'}
    return [
        Event(part_started=chat.PartStarted(kind=chat.PART_KIND_NATIVE)),
        Event(part_finished=chat.PartFinished(native=part)),
    ]


def asked(command: str, tmp_path: Path, events: list[Event], *options: str) -> tuple[Any, Script]:
    script = Script(events)
    with scripted(script) as target:
        if command == "chat":
            return run(tmp_path, target, "chat", *options, stdin=b"A cat\n"), script
        return run(tmp_path, target, "draw", "A cat", *options), script


each = pytest.mark.parametrize("command", ["draw", "chat"])


@each
def test_u11_other_media_is_saved_beside_the_picture(command: str, tmp_path: Path) -> None:
    ended, _ = asked(command, tmp_path, with_parts(sound(), native()))
    assert ended.returncode == 0, ended.stderr
    wav = "a-cat-1.wav" if command == "draw" else "a-cat.wav"
    assert left(tmp_path) == sorted(["a-cat.png", wav])
    assert (tmp_path / wav).read_bytes() == WAV
    printed = ended.stdout.decode()
    assert f"{wav}  audio/wav  5.0 kB" in printed
    assert "executableCode" in printed


@each
def test_a_picture_elsewhere_is_named(command: str, tmp_path: Path) -> None:
    events = with_parts(
        elsewhere("image", "a.png", "image/png"), elsewhere("media", "a.mp4", "video/mp4"), picture=False
    )
    ended, script = asked(command, tmp_path, events, "--output-uri", "gs://bucket/", "--service-tier", "flex")
    assert ended.returncode == 0, ended.stderr
    assert left(tmp_path) == []
    assert "gs://bucket/a.png  written there" in ended.stdout.decode()
    assert "gs://bucket/a.mp4  video/mp4  written there" in ended.stdout.decode()
    [request] = script.requests
    assert (request.spec.output_config.uri_prefix, request.spec.service_tier) == ("gs://bucket/", "flex")


@each
def test_json_has_all_of_it(command: str, tmp_path: Path) -> None:
    events = with_parts(sound(), native(), elsewhere("image", "a.png", "image/png"))
    events[-1].finished.usage.cost_nano_usd = 7
    events[-1].finished.usage.service_tier = "FLEX"
    events[-1].finished.omitted_fields.append("candidates[*].odd")
    ended, _ = asked(command, tmp_path, events, "--json")
    told = json.loads(ended.stdout)
    assert (told["file"], told["uri"], told["uris"]) == (None, "gs://bucket/a.png", ["gs://bucket/a.png"])
    assert told["files"] == ["a-cat.png"]
    assert told["native_parts"] == [{"kind": "executableCode", "value_json": '{"code": "1 + 1"}'}]
    [media] = told["media"]
    assert (tmp_path / media.pop("file")).read_bytes() == WAV
    assert media == {
        "uri": None,
        "mime_type": "audio/wav",
        "size_bytes": len(WAV),
        "sha256": hashlib.sha256(WAV).hexdigest(),
    }
    assert (told["cost_nano_usd"], told["service_tier"], told["omitted_fields"]) == (7, "FLEX", ["candidates[*].odd"])


@each
def test_media_without_a_picture_is_saved_and_told(command: str, tmp_path: Path) -> None:
    ended, _ = asked(command, tmp_path, with_parts(sound(), picture=False))
    # A model may answer in a chat without a picture.
    assert ended.returncode == (3 if command == "draw" else 0)
    assert left(tmp_path) == ["a-cat.wav"]
    assert b"a-cat.wav  audio/wav" in ended.stdout


@each
def test_every_file_of_an_answer_is_kept(command: str, tmp_path: Path) -> None:
    events = everything()
    events[-1].finished.ClearField("prompt_feedback")
    ended, _ = asked(command, tmp_path, events)
    assert ended.returncode == 0, ended.stderr
    parts = merged(events).candidates[0].message.parts
    kept = {hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.iterdir()}
    assert {part.media.sha256 for part in parts if part.media.data} <= kept
    pictures = [part for part in parts if part.HasField("image") and not part.thought]
    assert {part.image.sha256 for part in pictures if not part.image.uri} <= kept


def test_what_a_failed_turn_made_is_told(tmp_path: Path) -> None:
    events = with_parts(sound(), elsewhere("image", "a.png", "image/png"), picture=False)
    events[-1].finished.prompt_feedback.block_reason = "SAFETY"
    ended, _ = asked("chat", tmp_path, events)
    assert ended.returncode == 3
    assert b"saved before that: a-cat.wav, gs://bucket/a.png" in ended.stderr


def test_stdout_takes_no_picture_that_is_elsewhere(tmp_path: Path) -> None:
    events = with_parts(elsewhere("image", "a.png", "image/png"), sound(), picture=False)
    ended, _ = asked("draw", tmp_path, events, "-o", "-")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"it is at gs://bucket/a.png" in ended.stderr


def test_what_stdout_does_not_take_is_told(tmp_path: Path) -> None:
    ended, _ = asked("draw", tmp_path, with_parts(sound()), "-o", "-")
    assert (ended.returncode, ended.stdout) == (0, b"picture" * 100)
    assert b"1 further file(s) not saved" in ended.stderr


def test_a_place_here_and_one_there_exclude_each_other(tmp_path: Path) -> None:
    ended, script = asked("draw", tmp_path, good_stream(), "-o", "a.png", "--output-uri", "gs://bucket/")
    assert (ended.returncode, script.requests) == (2, [])
    assert b"-o and --output-uri exclude each other" in ended.stderr


def test_a_picture_elsewhere_cannot_be_saved_from_a_chat(tmp_path: Path) -> None:
    with scripted(Script(with_parts(elsewhere("image", "a.png", "image/png"), picture=False))) as target:
        ended = run(tmp_path, target, "chat", stdin=b"A cat\n/save b.png\n")
    assert ended.returncode == 2
    assert b"/save: the picture has no bytes here: it is at gs://bucket/a.png" in ended.stderr
