"""The request's shape, strictly: unknown fields, wrong types and unknown enum values are refused in Google's words.

proto3's JSON mapping takes a field in camelCase and in snake_case; what leaves here is camelCase alone.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from imagewire_emulator.errors import ApiError, invalid

Reader = Callable[[Any, str], Any]


def _mismatch(path: str, value: Any) -> ApiError:
    return invalid(f"Invalid value at '{path}': {str(value)[:80]!r}", path)


def _scalar(*kinds: type) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise _mismatch(path, value)
        return value

    return read


_string = _scalar(str)
_number = _scalar(int, float)
_boolean = _scalar(bool)
_object = _scalar(dict)


def _integer(value: Any, path: str) -> int:
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise _mismatch(path, value)
    return int(value)


def _bytes(value: Any, path: str) -> bytes:
    if not isinstance(value, str):
        raise _mismatch(path, value)
    try:
        return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed", path) from None


def _enum(*names: str) -> Reader:
    def read(value: Any, path: str) -> Any:
        if value not in names:
            raise invalid(f"Invalid value at '{path}' (TYPE_ENUM), {str(value)[:80]!r}", path)
        return value

    return read


def _list(element: Reader) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise _mismatch(path, value)
        return [element(item, f"{path}[{i}]") for i, item in enumerate(value)]

    return read


def _labels(value: Any, path: str) -> Any:
    return {key: _string(item, f"{path}[{key}]") for key, item in _object(value, path).items()}


def _message(fields: dict[str, Reader]) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise _mismatch(path, value)
        made = {}
        for key, item in value.items():
            name = re.sub(r"_(\w)", lambda match: match[1].upper(), key)
            if name not in fields:
                where = f" at '{_snake(path)}'" if path else ""
                raise invalid(
                    f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.', _snake(path)
                )
            made[name] = fields[name](item, f"{path}.{_snake(name)}" if path else _snake(name))
        return made

    return read


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


_RESOLUTION = _enum(*(f"MEDIA_RESOLUTION_{level}" for level in ("LOW", "MEDIUM", "HIGH")))
_PART = _message(
    {
        "text": _string,
        "inlineData": _message({"mimeType": _string, "data": _bytes}),
        "fileData": _message({"mimeType": _string, "fileUri": _string}),
        "functionCall": _message({"id": _string, "name": _string, "args": _object}),
        "functionResponse": _message({"id": _string, "name": _string, "response": _object}),
        "thought": _boolean,
        "thoughtSignature": _bytes,
        "mediaResolution": _message({"level": _RESOLUTION}),
    }
)
_CATEGORIES = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "CIVIC_INTEGRITY")
_REQUEST = _message(
    {
        "model": _string,
        "contents": _list(_message({"role": _enum("user", "model"), "parts": _list(_PART)})),
        "systemInstruction": _message({"role": _string, "parts": _list(_PART)}),
        "tools": _list(
            _message(
                {
                    "googleSearch": _message({}),
                    "functionDeclarations": _list(
                        _message(
                            {
                                "name": _string,
                                "description": _string,
                                "parameters": _object,
                                "parametersJsonSchema": _object,
                            }
                        )
                    ),
                }
            )
        ),
        "toolConfig": _message(
            {
                "functionCallingConfig": _message(
                    {"mode": _enum("AUTO", "ANY", "NONE"), "allowedFunctionNames": _list(_string)}
                )
            }
        ),
        "safetySettings": _list(
            _message(
                {
                    "category": _enum(*(f"HARM_CATEGORY_{name}" for name in _CATEGORIES)),
                    "threshold": _enum(
                        "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"
                    ),
                }
            )
        ),
        "labels": _labels,
        "cachedContent": _string,
        "generationConfig": _message(
            {
                "temperature": _number,
                "topP": _number,
                "topK": _number,
                "candidateCount": _integer,
                "maxOutputTokens": _integer,
                "stopSequences": _list(_string),
                "seed": _integer,
                "presencePenalty": _number,
                "frequencyPenalty": _number,
                "responseModalities": _list(_enum("TEXT", "IMAGE", "AUDIO")),
                "mediaResolution": _RESOLUTION,
                "imageConfig": _message(
                    {
                        "aspectRatio": _string,
                        "imageSize": _string,
                        "personGeneration": _enum("DONT_ALLOW", "ALLOW_ADULT", "ALLOW_ALL"),
                        "prominentPeople": _enum("ALLOW_PROMINENT_PEOPLE", "BLOCK_PROMINENT_PEOPLE"),
                        "imageOutputOptions": _message({"mimeType": _string, "compressionQuality": _integer}),
                    }
                ),
                "thinkingConfig": _message(
                    {
                        "includeThoughts": _boolean,
                        "thinkingBudget": _integer,
                        "thinkingLevel": _enum("MINIMAL", "LOW", "MEDIUM", "HIGH"),
                    }
                ),
            }
        ),
    }
)


def read_request(value: Any) -> dict[str, Any]:
    """The request in camelCase, base64 decoded. Raises ApiError."""
    request: dict[str, Any] = _REQUEST(value, "")
    return request
