"""The emulator takes what Google takes, and refuses the rest in Google's words: each row of rules.toml."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from imagewire_emulator import in_thread
from tests.emulator.rule_rows import ROWS, Row

_PAGE = Path(__file__).parents[2] / "docs/emulator.md"
_BEGIN, _END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"
_HEAD = "| Request | Answer | Sources | Certainty |\n|---|---|---|---|\n"
_PATHS = {
    "gemini": "/v1beta/models/{}:generateContent",
    "vertex": "/v1/projects/p/locations/global/publishers/google/models/{}:generateContent",
}
_MANY = 80


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    with in_thread() as emulator:
        # Small pictures, so that a row costs a few milliseconds.
        headers = {"x-emulate": "size=100KB", "authorization": f"Bearer {emulator.token}"}
        with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=60) as client:
            client.headers["x-goog-api-key"] = emulator.api_key
            yield client


def _uploaded(api: httpx.Client, mime_type: str, content: bytes) -> str:
    """The URI of a file."""
    start = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start", "x-emulate": ""}
    begun = api.post("/upload/v1beta/files", headers=start, json={"file": {"mimeType": mime_type}})
    whole = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0", "x-emulate": ""}
    ended = api.post(begun.headers["x-goog-upload-url"], headers=whole, content=content)
    uri: str = ended.json()["file"]["uri"]
    return uri


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_google_takes_or_refuses(api: httpx.Client, row: Row) -> None:
    request = json.dumps(row.request)
    if row.file is not None:
        request = request.replace("FILE", _uploaded(api, row.file[0], row.content))
    answer = api.post(_PATHS[row.api].format(row.model), content=request)
    if not row.words:
        assert answer.status_code == 200, answer.text
        return
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (row.status, row.status)
    assert row.words in error["message"]
    assert error["status"] in {"INVALID_ARGUMENT", "PERMISSION_DENIED", "NOT_FOUND"}


def test_the_page_has_each_row_with_its_sources() -> None:
    """UPDATE_RULES=1 writes the table of the page."""
    assert len(ROWS) >= _MANY
    text = _PAGE.read_text()
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = _HEAD + "".join(f"{row.line}\n" for row in ROWS)
    wanted = before + _BEGIN + table + _END + after
    if os.environ.get("UPDATE_RULES"):
        _PAGE.write_text(wanted)
    assert text == wanted or os.environ.get("UPDATE_RULES")
