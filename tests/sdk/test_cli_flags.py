"""The command's flags stand for fields that are there, and for no other."""

import inspect
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imagewire.cli import chat, draw
from imagewire.cli.app import app
from imagewire.cli.flags import _FLAGS, with_flags
from imagewire.v1.spec_pb2 import Spec
from tests.sdk.conftest import Script, scripted


def test_each_field_and_each_flag_is_there() -> None:
    taken = {
        f"--{name.replace('_', '-')}"
        for command in (draw.draw, chat.chat)
        for name in inspect.signature(command).parameters
    }
    for path, flag in _FLAGS.items():
        assert flag in taken
        message = Spec.DESCRIPTOR
        for name in path.split(".")[1:]:
            field = message.fields_by_name[name]
            message = field.message_type


def test_fields_become_flags_wherever_they_stand() -> None:
    words = 'spec.image_config.image_size: "3K" is not taken; see spec.model'
    assert with_flags(words) == '--size: "3K" is not taken; see --model'
    assert with_flags("spec.output_config: is not taken by m") == "--output-uri: is not taken by m"
    assert with_flags("spec.messages[0].content: is empty") == "the prompt: is empty"
    assert with_flags("spec.messages[0].parts[1].image.data: is no picture") == (
        "the picture (--edit, /image): is no picture"
    )


def test_a_picture_in_a_bucket_is_sent_with_its_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    script = Script()
    with scripted(script) as target:
        files = ["--edit", "gs://bucket/a.PNG", "--edit", "GS://bucket/b.jpg", "--edit", "https://example.com/c"]
        ended = CliRunner().invoke(app, ["draw", "x", *files, "--target", target])
    assert ended.exit_code == 0, ended.stderr
    parts = script.requests[0].spec.messages[0].parts
    assert [part.image.mime_type for part in parts] == ["image/png", "image/jpeg", "", ""]
