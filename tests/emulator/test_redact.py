"""What is redacted of a request and of its answer, and what must stay true of the rest."""

import json
from typing import Any

import pytest

from imagewire_emulator.transcripts import masking, redact


def redacted(value: Any) -> Any:
    return redact.body(json.dumps(value).encode(), keep_inputs=False)


KEPT: list[Any] = [
    {"contents": [{"role": "user"}, {"role": "model"}]},
    {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png"}}]}]},
    {"contents": [{"parts": [{"file_data": {"mime_type": "application/pdf"}}]}]},
    {"generationConfig": {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}, "seed": 7, "temperature": 0.5}},
    {"generation_config": {"responseModalities": ["TEXT", "Image"]}},
    {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
    {"serviceTier": "PRIORITY"},
    [1, None, True],
]


@pytest.mark.parametrize("value", KEPT, ids=json.dumps)
def test_constants_of_the_api_are_kept(value: Any) -> None:
    assert redacted(value) == value


@pytest.mark.parametrize(
    "value",
    [
        {"contents": [{"parts": [{"text": "TEXT"}]}]},
        {"contents": [{"role": "the secret"}]},
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/the secret"}}]}]},
        {"contents": [{"parts": [{"inlineData": {"mimeType": "secret/secret"}}]}]},
        {"generationConfig": {"responseSchema": {"type": "STRING"}}},
        {"generationConfig": {"stopSequences": ["END"]}},
        {"labels": {"team": "TEXT"}},
        {"cachedContent": "cachedContents/1"},
        {"newField": "NEW"},
        {"the secret name": 1},
        {"contents": [{"parts": [{"the secret": {}}]}]},
    ],
    ids=json.dumps,
)
def test_everything_else_is_redacted(value: Any) -> None:
    assert "REDACTED" in json.dumps(redacted(value))


def test_what_is_not_json_is_a_size() -> None:
    assert redact.body(b"--boundary", keep_inputs=False) == "REDACTED (10 bytes)"
    assert redact.body(b"", keep_inputs=False) is None


def test_a_name_is_kept_if_it_is_the_apis() -> None:
    given = {"file": {"displayName": "a cat", "my secret": 1, "another secret": [{"mime_type": "image/png"}]}}
    assert redacted(given) == {
        "file": {
            "displayName": "REDACTED (5 characters)",
            "REDACTED name 2": 1,
            "REDACTED name 3": [{"mime_type": "image/png"}],
        }
    }
    assert redact.names(json.dumps(given).encode()) == {"my secret", "another secret"}


def test_credentials_are_masked_everywhere_but_other_parameters_are_not() -> None:
    headers = [
        ("X-Goog-Api-Key", "key-in-header"),
        ("Authorization", "Bearer token-in-header"),
        ("Accept", "text/html"),
    ]
    found = redact.credentials(headers, "key=key-in-query&prettyPrint=disabled&alt=sse")
    assert found == {"key-in-header", "Bearer token-in-header", "token-in-header", "key-in-query"}
    assert masking.without(b"a key-in-query=1", found) == b"a xxxxxxxxxxxx=1"
