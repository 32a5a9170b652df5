"""The OpenAPI document is whole: each reference leads somewhere, each route of it is served."""

import json
import re
from typing import Any

import pytest

from imagewire_server.api.rest.openapi import document


def references(value: Any) -> set[str]:
    return set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(value)))


def test_each_reference_leads_to_a_schema() -> None:
    schemas = document()["components"]["schemas"]
    assert {ref.removeprefix("#/components/schemas/") for ref in references(document())} <= set(schemas)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/images/generations"])
def test_what_draws_takes_json_and_answers_json_or_events(path: str) -> None:
    post = document()["paths"][path]["post"]
    assert "application/json" in post["requestBody"]["content"]
    assert {"application/json", "text/event-stream"} <= set(post["responses"]["200"]["content"])
    assert {"400", "401", "413", "429", "503"} <= set(post["responses"])


def test_what_is_kept_is_read_and_forgotten() -> None:
    paths = document()["paths"]
    assert set(paths["/v1/responses/{id}"]) == set(paths["/v1/files/{id}"]) == {"get", "delete"}
    assert "image/*" in paths["/v1/images/files/{token}"]["get"]["responses"]["200"]["content"]
    assert "multipart/form-data" in paths["/v1/files"]["post"]["requestBody"]["content"]


def test_googles_own_api_goes_through() -> None:
    paths = document()["paths"]
    assert {path for path in paths if path.startswith("/v1beta/")} == {
        "/v1beta/models",
        "/v1beta/models/{model}",
        *(f"/v1beta/models/{{model}}:{name}" for name in ("generateContent", "streamGenerateContent", "countTokens")),
    }
    streamed = paths["/v1beta/models/{model}:streamGenerateContent"]["post"]["responses"]
    assert set(streamed["200"]["content"]) == {"application/json", "text/event-stream"}
    (error,) = {json.dumps(streamed[status]["content"]) for status in ("400", "401", "404", "429", "503")}
    assert '"status"' in error


def test_edits_are_a_form_with_files() -> None:
    content = document()["paths"]["/v1/images/edits"]["post"]["requestBody"]["content"]
    assert "multipart/form-data" in content
    assert '"format": "binary"' in json.dumps(content["multipart/form-data"])
