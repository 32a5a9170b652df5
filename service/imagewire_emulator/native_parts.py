"""Google's kinds of parts other than text and pictures, as the API sends them."""

import base64
from typing import Any

# name → the part. A model turn may send these back. Other fields of a part are next to its data.
NATIVE_PARTS: dict[str, dict[str, Any]] = {
    "executable-code": {"executableCode": {"id": "code-1", "language": "PYTHON", "code": "print(6 * 7)"}},
    "code-execution-result": {
        "codeExecutionResult": {"id": "code-1", "outcome": "OUTCOME_OK", "output": "42\n"},
    },
    "tool-call": {"toolCall": {"id": "tool-1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["banana"]}}},
    "tool-response": {
        "toolResponse": {"id": "tool-1", "toolType": "GOOGLE_SEARCH_WEB", "response": {"results": []}},
    },
    "file-data": {"fileData": {"mimeType": "text/plain", "fileUri": "gs://emulator/notes.txt"}},
    "video-metadata": {"text": "A frame.", "videoMetadata": {"startOffset": "1s", "endOffset": "2.5s", "fps": 1.0}},
    "part-metadata": {"text": "A note.", "partMetadata": {"origin": "emulator"}},
    "empty-part": {},
    "empty-thought": {"thought": True},
    "invented-kind": {"hologramData": {"depth": 3, "layers": [{"name": "peel"}, None]}},
}
AUDIO = {"inlineData": {"mimeType": "audio/wav", "data": base64.b64encode(b"RIFF\x04\0\0\0WAVE").decode()}}


_ABOUT = ("thought", "thoughtSignature", "videoMetadata", "partMetadata", "mediaResolution")


def kind(part: dict[str, Any]) -> str:
    """The name of a part's data, "" if it has none: its first field that does not describe the part itself."""
    return next((name for name in part if name not in _ABOUT), "")


def signed_by(kind: str) -> tuple[str, bytes]:
    """What the signature of such a part is calculated from; text has none of its own."""
    return ("native", kind.encode()) if kind not in {"text", ""} else ("text", b"")
