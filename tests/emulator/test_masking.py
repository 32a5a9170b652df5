"""What an answer repeats of its request becomes x, byte by byte, and the rest stays."""

import base64
import json
import random

import pytest

from imagewire_emulator.transcripts import masking, redact

SECRET = "the-secret-text"
PROMPT = "Two otters in raincoats play chess on the pier of Ærøskøbing 🦦 at dawn"


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        (SECRET, SECRET),
        ('with "quotes" and \\', 'with \\"quotes\\" and \\\\'),
        ("a <tag> & it's = 1", "a \\u003ctag\\u003e \\u0026 it\\u0027s \\u003d 1"),
        ("two\nlines of it", "two\\nlines of it"),
        ("eine Gänseblume", "eine Gänseblume"),
        ("eine Gänseblume", "eine G\\u00e4nseblume"),
    ],
)
def test_a_repeated_text_is_masked_however_it_is_escaped(secret: str, written: str) -> None:
    answer = f'{{"text": "You said: {written}."}}'.encode()
    masked = masking.masked(answer, redact.texts(json.dumps({"contents": [secret]}).encode()))
    assert len(masked) == len(answer)
    assert masked.startswith(b'{"text": "You said: x')
    assert json.loads(masked)["text"].endswith("x.")


def test_names_and_short_texts_are_not_masked() -> None:
    answer = b'{"candidates": [{"text": "candidates, a cat"}]}'
    texts = redact.texts(b'{"contents": ["candidates", "cat", "STOP_REASON"]}')
    assert masking.masked(answer, texts) == b'{"candidates": [{"text": "xxxxxxxxxx, a cat"}]}'


def masked(answer: str, prompt: str = PROMPT) -> str:
    made = masking.masked(answer.encode(), redact.texts(json.dumps({"contents": [prompt]}).encode()))
    assert len(made) == len(answer.encode())
    return made.decode()


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_part_of_a_prompt_is_masked(ascii_only: bool) -> None:
    said = "You want otters in raincoats play chess; on the pier of Ærøskøbing 🦦 I see them. Chess on the pond?"
    answer = masked(json.dumps({"text": said}, ensure_ascii=ascii_only))
    text = json.loads(answer)["text"]
    assert not any(word in text for word in ("raincoats", "Ær", "🦦"))
    assert text.startswith("You wantx")
    assert text.endswith("I see them. Chess on the pond?"), "fewer than 16 characters are no quotation"


def test_a_part_that_ends_in_the_middle_of_an_escape_leaves_json() -> None:
    for length in range(16, 40):
        said = json.dumps({"text": PROMPT[40 : 40 + length] + "ø\\"})
        assert json.loads(masked(said))["text"][:3] == "xxx"


def test_pictures_are_left_alone_and_take_no_time() -> None:
    data = base64.b64encode(random.Random(1).randbytes(6_000_000)).decode()
    answer = json.dumps({"inlineData": {"data": data}})
    assert masked(answer) == answer
    assert data not in masked(answer, data)


def test_the_callers_names_are_masked_as_names_and_as_texts() -> None:
    answer = b'{"args": {"my_secret_name" : 1, "other": "my_secret_name"}, "text": "Unknown name my_secret_name"}'
    made = masking.masked(answer, (), {"my_secret_name"})
    assert made == b'{"args": {"xxxxxxxxxxxxxx" : 1, "other": "xxxxxxxxxxxxxx"}, "text": "Unknown name xxxxxxxxxxxxxx"}'


def test_display_names_are_masked() -> None:
    answer = b'{"files": [{"displayName": "a \\"cat\\"", "name": "files/1"}, {"display_name" : "b"}]}'
    wanted = b'{"files": [{"displayName": "xxxxxxxxx", "name": "files/1"}, {"display_name" : "x"}]}'
    assert masking.without_display_names(answer) == wanted


@pytest.mark.parametrize("answer", ['{"a": "\\ud83d", "b": "\\x"}', '"', "", "no JSON", '{"a": "é'])
def test_odd_answers_are_kept(answer: str) -> None:
    assert masked(answer) == answer
