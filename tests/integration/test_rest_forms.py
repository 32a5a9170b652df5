"""Forms of the REST API on loopback: a form that is cut or is in an odd encoding is refused, and names its field."""

import httpx
import pytest

from tests.conftest import Stack
from tests.integration.rest_requests import form
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
