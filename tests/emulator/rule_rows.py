"""The rows of rules.toml, as requests and as a table of docs/emulator.md."""

import base64
import json
import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from tests.pictures import PNG, encoded

_TABLE = tomllib.loads((Path(__file__).parent / "rules.toml").read_text())
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
# name → the text or the JSON value that it stands for
_VALUES: dict[str, Any] = {
    "skip": base64.b64encode(b"skip_thought_signature_validator").decode(),
    "long": "banana: " * 16_500,
    "png-urlsafe": base64.urlsafe_b64encode(PNG).decode().rstrip("="),
    "15-pictures": [{"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PNG).decode()}}] * 15,
    "513-functions": [{"name": f"f{number}"} for number in range(513)],
} | {
    name: base64.b64encode(data).decode()
    for name, data in {
        "png": PNG,
        "half": PNG[:40],
        "jpeg": encoded("JPEG", 4, 4),
        "webp": encoded("WEBP", 4, 4),
        "gif": _GIF,
        "heic": _HEIC,
    }.items()
}
_CERTAINTY = {"high", "medium", "low"}


class Row(NamedTuple):
    """A request, and how Google answers it. words: of the error, "" if the request is taken.

    file: the media type of a file and what is in it, as a value; `send` names it FILE.
    """

    number: int
    what: str
    send: str
    sources: list[str]
    sure: str
    words: str = ""
    status: int = 400
    model: str = "gemini-3.1-flash-image"
    api: str = "gemini"
    file: tuple[str, str] | None = None

    @property
    def id(self) -> str:
        """The id of its test."""
        return f"{self.number}-{re.sub(r'[^a-z0-9]+', '-', self.what.lower()).strip('-')}"

    @property
    def request(self) -> Any:
        """The JSON to send."""
        turn = {"role": "user", "parts": [{"text": "a banana"}]}
        return {"contents": [turn], **_filled(json.loads(self.send))}

    @property
    def content(self) -> bytes:
        """What is in the file."""
        assert self.file is not None
        return base64.b64decode(_filled(self.file[1]))

    @property
    def line(self) -> str:
        """Its line in the page."""
        answer = f"{'' if self.status == 400 else f'{self.status} '}`` {self.words} ``" if self.words else "taken"
        sources = ", ".join(_linked(source) for source in self.sources)
        return f"| {self.what} | {answer} | {sources} | {self.sure} |"


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return _VALUES[value[1:]] if isinstance(value, str) and value.startswith("@") else value


def _linked(source: str) -> str:
    repository, mark, number = source.rpartition("#")
    if mark:
        return f"[{repository.partition('/')[2]}#{number}](https://github.com/{repository}/issues/{number})"
    text: str = _TABLE["source"][source]
    return text


ROWS = [Row(number, **rule) for number, rule in enumerate(_TABLE["rule"], 1)]
assert {row.sure for row in ROWS} <= _CERTAINTY
