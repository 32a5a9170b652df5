"""Forms of the REST API on loopback: a form that is cut or is in an odd encoding is refused, and names its field."""

import httpx
import pytest

from tests.conftest import Stack
from tests.integration.rest_requests import MODEL, PNG_URL, ask, form
from tests.pictures import PNG


async def edit(stack: Stack, content: bytes, more: str = "") -> httpx.Response:
    headers = {"content-type": f"multipart/form-data; boundary=BB{more}"}
    return await stack.rest.post("/v1/images/edits", content=content, headers=headers)


_SECOND = b'--BB\r\ncontent-disposition: form-data; name="image"; filename="b.png"\r\n\r\n' + PNG + b"\r\n"


@pytest.mark.parametrize("end", [b"--B", b"--BB", b"--BB\r\n", b"", b"--BB-", _SECOND, _SECOND + b"--B", _SECOND[:-40]])
async def test_a_cut_form_is_refused(rest: Stack, end: bytes) -> None:
    assert (await edit(rest, form(b"Blue"))).status_code == 200
    rest.emulator.ledger.clear()
    answer = await edit(rest, form(b"Blue", end=end))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "body"), answer.text
    assert rest.emulator.ledger.entries == []


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        (b"image_config", b'{"aspectRatio": "9:9"}', "image_config.aspectRatio"),
        (b"safetySettings", b'[{"category": "C", "threshold": "OFF", "method": "LUCK"}]', "safetySettings[0].method"),
        (b"outputConfig", b'{"outputUriPrefix": "gs://b/"}', "outputConfig.outputUriPrefix"),
        (b"extra_body", b'{"', "extra_body"),
        (b"service_tier", b"scale", "service_tier"),
        (b"continuation_token", b"!", "continuation_token"),
    ],
)
async def test_a_forms_fields_are_those_of_json(rest: Stack, name: bytes, value: bytes, field: str) -> None:
    more = b'--BB\r\ncontent-disposition: form-data; name="%b"\r\n\r\n%b\r\n--BB--\r\n' % (name, value)
    answer = await edit(rest, form(b"Blue", end=more))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in {field, field.partition(".")[0]}


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "utf-7", "utf-16-le", "rot13", "nonsense"])
@pytest.mark.parametrize("name", [b"prompt", b"\\ud800 +2AA-x"])
async def test_a_forms_charset_makes_no_fault(rest: Stack, charset: str, name: bytes) -> None:
    answer = await edit(rest, form(b"\\ud800 +2AA-x", name=name), f"; charset={charset}")
    assert answer.status_code in {200, 400}, answer.text
    if charset in {"unicode_escape", "raw_unicode_escape", "utf-7"}:
        assert "UTF-8" in answer.json()["error"]["message"]


def field(name: bytes, content: bytes, *, file: bool = True) -> bytes:
    end = b'"; filename="a.png"' if file else b'"'
    return b'--BB\r\ncontent-disposition: form-data; name="' + name + end + b"\r\n\r\n" + content + b"\r\n"


async def test_a_mask_is_a_second_picture_with_words(rest: Stack) -> None:
    answer = await edit(rest, form(b"Blue", end=field(b"mask", PNG) + b"--BB--\r\n"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-imagewire-mask"] == "sent as a picture"
    prompt, first, mask, words = rest.emulator.ledger.entries[-1].body["contents"][0]["parts"]
    assert prompt == {"text": "Blue"}
    assert [sorted(part) for part in (first, mask)] == [["inlineData"], ["inlineData"]]
    assert "only where the mask is transparent" in words["text"]


@pytest.mark.parametrize(
    ("more", "param"),
    [
        (field(b"mask", b"no picture"), "mask"),
        (field(b"mask", PNG) + field(b"mask", PNG), "mask"),
        (field(b"masks", PNG), "masks"),
        (field(b"image[x]", PNG), "image[x]"),
    ],
)
async def test_a_wrong_file_is_named(rest: Stack, more: bytes, param: str) -> None:
    answer = await edit(rest, form(b"Blue", end=more + b"--BB--\r\n"))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), answer.text
    assert rest.emulator.ledger.entries == []


@pytest.mark.parametrize("name", [b"image", b"image[]", b"image[1]", b"image[01]"])
async def test_the_names_of_pictures(rest: Stack, name: bytes) -> None:
    answer = await edit(rest, form(b"Blue", end=field(name, PNG) + b"--BB--\r\n"))
    assert answer.status_code == 200, answer.text
    assert "x-imagewire-mask" not in answer.headers
    assert len(rest.emulator.ledger.entries[-1].body["contents"][0]["parts"]) == 3


async def test_a_form_names_every_wrong_field_and_drops(rest: Stack) -> None:
    wrong = field(b"seed", b"x", file=False) + field(b"style", b"natural", file=False)
    answer = await edit(rest, form(b"Blue", end=wrong + b"--BB--\r\n"))
    assert {one["field"] for one in answer.json()["error"]["violations"]} == {"seed", "style"}
    drop = field(b"drop_params", b"true", file=False) + field(b"style", b"natural", file=False)
    answer = await edit(rest, form(b"Blue", end=drop + b"--BB--\r\n"))
    assert (answer.status_code, answer.headers.get("x-imagewire-dropped")) == (200, "style"), answer.text


async def test_references_are_pictures(rest: Stack) -> None:
    urls = [PNG_URL, {"image_url": PNG_URL}, {"type": "image_url", "image_url": {"url": PNG_URL}}]
    given = {"model": MODEL, "prompt": "Blue", "input_references": urls}
    assert (await ask(rest, given, "/v1/images/generations")).status_code == 200
    parts = rest.emulator.ledger.entries[-1].body["contents"][0]["parts"]
    assert [next(iter(part)) for part in parts] == ["text", "inlineData", "inlineData", "inlineData"]
    for wrong, param in (("x", "[0]"), ({"image_url": {"url": "x"}}, "[0].image_url.url")):
        answer = await ask(rest, {**given, "input_references": [wrong]}, "/v1/images/generations")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, f"input_references{param}")


async def test_one_answer_names_all_that_is_wrong_with_a_form(rest: Stack) -> None:
    wrong = [
        field(b"bar", PNG),
        field(b"images[]", PNG),
        field(b"prompt", PNG),
        field(b"n", b"99", file=False),
        field(b"size", b"1024x1024", file=False) * 2,
        field(b"odd", b"1", file=False),
        field(b"extra_body", b'{"a":1,"a":2}', file=False),
        field(b"image_config", b"{", file=False),
        field(b"model", MODEL.encode(), file=False),
        b"--BB--\r\n",
    ]
    answer = await edit(rest, b"".join(wrong))
    named = {one["field"]: one["description"] for one in answer.json()["error"]["violations"]}
    assert named.keys() == {
        *("bar", "images[]", "prompt", "n", "size", "odd", "extra_body.a", "image_config", "image"),
    }
    assert named["bar"] == "is a file with an unknown name; send pictures as image or image[], a mask as mask"
    assert named["prompt"] == "is a file, but must be text; send it without a file name"
    assert named["size"] == named["extra_body.a"] == "is given twice; send it once"


async def test_names_with_brackets_and_a_data_uri(rest: Stack) -> None:
    data: dict[str, str | list[str]] = {
        "model": MODEL,
        "prompt": "Blue",
        "image": PNG_URL,
        "image_config[aspect_ratio]": "16:9",
        "safety_settings[][category]": "HARM_CATEGORY_HARASSMENT",
        "safety_settings[][threshold]": "BLOCK_NONE",
        "metadata[team]": "a",
    }
    files = [("size", (None, b"auto"))]
    answer = await rest.rest.post("/v1/images/edits", data=data, files=files)
    assert answer.status_code == 200, answer.text
    [entry] = rest.emulator.ledger.entries
    asked = entry.body
    assert asked["generationConfig"]["imageConfig"]["aspectRatio"] == "16:9"
    assert asked["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    twice = {**data, "image_config": '{"aspect_ratio": "1:1"}'}
    refused = await rest.rest.post("/v1/images/edits", data=twice, files=files)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "image_config")


async def test_a_text_that_is_too_long_is_told_from_a_form_that_is_cut(rest: Stack) -> None:
    data = {"model": MODEL, "prompt": "Blue", "image": "data:image/png;base64," + "A" * 1_100_000}
    answer = await rest.rest.post("/v1/images/edits", data=data, files=[("size", (None, b"auto"))])
    assert answer.status_code == 400, answer.text
    assert "send a picture as a file, not as a data URI" in answer.json()["error"]["message"]
