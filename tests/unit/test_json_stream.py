"""What the document holds while a picture passes: nothing of the picture."""

import base64
import json

from imagewire_server.dialects.gemini.document import Document, PictureEnded, PictureStarted


def test_a_picture_passes_without_being_held() -> None:
    data = bytes(range(256)) * 4096
    text = json.dumps(
        {
            "candidates": [
                {"content": {"parts": [{"text": "a"}, {"inlineData": {"data": base64.b64encode(data).decode()}}]}}
            ]
        }
    ).encode()
    document = Document()
    out, started, held = b"", None, 0
    for at in range(0, len(text), 1000):
        for found in document.feed(text[at : at + 1000]):
            if isinstance(found, PictureStarted):
                started = found
                assert at < 1000, "it is told as soon as its string begins"
            elif not isinstance(found, PictureEnded):
                out += found
        held = max(held, len(document._skeleton))
    assert out == data
    assert held < 1100
    assert started is not None
    assert (started.candidate, started.part) == (0, 1)
    assert started.before.candidates[0].content.parts[0].text == "a"


def test_the_word_data_elsewhere_is_no_picture() -> None:
    text = json.dumps(
        {
            "candidates": [
                {
                    "content": {
                        "parts": [{"text": 'x"data":"'}, {"functionCall": {"name": "f", "args": {"data": "QUJD"}}}]
                    }
                }
            ]
        }
    ).encode()
    document = Document()
    assert list(document.feed(text)) == []
    (answer,) = document.close()
    call = answer.candidates[0].content.parts[1].function_call
    assert call is not None
    assert call.args == {"data": "QUJD"}
