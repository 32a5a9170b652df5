"""Pictures of a chat that are named by their ids, and what an answer's content holds beside its text."""

from typing import Any

from imagewire_server.contract import pb
from tests.unit.formats.openai.asked import USER, reading, refusals, spec

A64 = "data:image/png;base64,QQ=="
FILE = {"type": "file", "file": {"file_id": "img-1"}}
SHOWN = {"type": "image_url", "image_url": {"url": A64}}
CALLS = {
    "role": "assistant",
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}


def test_a_users_file_is_a_kept_picture() -> None:
    made = reading("chat", messages=[{"role": "user", "content": [{"type": "text", "text": "A"}, FILE]}])
    assert made.spec.messages[0] == pb.ChatMessage(
        role=pb.Role.ROLE_USER, parts=[{"text": "A"}, {"image": {"image_id": "img-1"}}]
    )
    assert made.origins["spec.messages[0].parts[1].image"] == "messages[0].content[1].file.file_id"


def test_a_results_file_is_a_kept_picture() -> None:
    result = {"role": "tool", "tool_call_id": "a", "content": [SHOWN, FILE]}
    made = reading("chat", messages=[*USER, CALLS, result])
    images = made.spec.messages[2].parts[0].function_response.images
    assert [image.image_id for image in images] == ["", "img-1"]
    path = "spec.messages[2].parts[0].function_response.images[1]"
    assert made.origins[path] == "messages[2].content[1].file.file_id"


def test_an_answer_has_no_files() -> None:
    words = "a file is valid only in a user or tool message; move it there"
    said = [{"type": "text", "text": "A"}, FILE]
    assert refusals("chat", messages=[*USER, {"role": "assistant", "content": said}]) == [
        ("messages[1].content[1]", words)
    ]


def test_behind_the_pictures_of_an_answers_content_come_its_other_parts() -> None:
    own: dict[str, Any] = {
        "native_parts": [{"index": 0, "part": 0, "kind": "code", "value": [1]}],
        "media": [{"index": 0, "part": 1, "mime_type": "audio/wav", "url": "data:audio/wav;base64,QQ=="}],
    }
    said = {"role": "assistant", "content": [SHOWN], "provider_specific_fields": own}
    [_, made] = spec("chat", messages=[*USER, said]).messages
    assert [part.WhichOneof("content") for part in made.parts] == ["image", "native", "media"]
