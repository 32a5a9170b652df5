"""schemathesis against /openapi.json: no 500, no answer that the schema does not have."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from tests.compat.conftest import MODEL, Rest, missing
from tests.effort import thorough, times

_EXAMPLES = str(times(80))
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)


def _run(folder: Path, schema: str, *more: str) -> None:
    """Run it in a folder of its own: it leaves its notes where it runs."""
    program = Path(sys.executable).with_name("st")
    if not program.is_file():
        missing("schemathesis: run make test, which installs requirements-compat.lock")
    command = [str(program), "run", schema, "--checks", _CHECKS, "--no-color", *more]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False, cwd=folder)
    assert ended.returncode == 0, ended.stdout[-5000:]


def _document(rest: Rest) -> Any:
    with urllib.request.urlopen(f"{rest.url}/openapi.json") as answer:  # noqa: S310  # loopback
        return json.load(answer)


def test_as_it_is(rest: Rest, tmp_path: Path) -> None:
    asked = ["--max-examples", _EXAMPLES, "--seed", "1"]
    if thorough():
        _run(tmp_path, f"{rest.url}/openapi.json", *asked)
        return
    # Of the 4000 requests that cover every keyword of the schema, the third that take least time: those that are wrong.
    _run(tmp_path, f"{rest.url}/openapi.json", *asked, "--phases", "coverage", "--mode", "negative")
    _run(tmp_path, f"{rest.url}/openapi.json", *asked, "--phases", "examples,fuzzing,stateful")


def test_with_requests_that_reach_the_model(rest: Rest, tmp_path: Path) -> None:
    """Most made-up names of models end a request early; so here every request names one that draws."""
    document = _document(rest)
    schemas = document["components"]["schemas"]
    forms = [path["post"]["requestBody"]["content"] for path in document["paths"].values() if "post" in path]
    form = next(content["multipart/form-data"]["schema"] for content in forms if "multipart/form-data" in content)
    for schema in (schemas["ChatRequest"], schemas["ImagesRequest"], schemas["ResponsesRequest"], form):
        schema["properties"]["model"] = {"const": MODEL}
        kept = {"model", "messages", "prompt", "input", "image", "stream", "n", "temperature", "tools", "size", "user"}
        schema["properties"] = {name: value for name, value in schema["properties"].items() if name in kept}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    before = rest.calls()
    _run(tmp_path, str(file), "--url", rest.url, "--max-examples", _EXAMPLES, "--seed", "3", "--phases", "fuzzing")
    assert rest.calls() - before > 5
