"""The command's flags stand for fields that are there, and for no other."""

import inspect

from imagewire.cli import chat, draw
from imagewire.cli.flags import _FLAGS, with_flags
from imagewire.v1.spec_pb2 import Spec


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
