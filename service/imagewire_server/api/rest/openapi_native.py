"""The lines of /openapi.json about Google's own API. Google's documentation has the fields: here they go through."""

from typing import Any

from imagewire_server.formats.google import paths

Json = dict[str, Any]

_OBJECT: Json = {"type": "object"}
_MODELS = "/v1beta/models"
_WORDS = {
    paths.GENERATE: "Google's generateContent: the request and the answer go through as they are.",
    paths.STREAM: "Google's streamGenerateContent: server-sent events with alt=sse, else one array.",
    paths.COUNT: "Google's countTokens. It costs nothing.",
}
_ERROR: Json = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
                "details": {"type": "array", "items": _OBJECT},
            },
            "required": ["code", "message", "status"],
        }
    },
    "required": ["error"],
}
_ALT: Json = {"name": "alt", "in": "query", "required": False, "schema": {"enum": ["json", "sse"]}}


def operations(model: Json, statuses: tuple[int, ...]) -> Json:
    """The paths. model: the parameter of that name. statuses: of errors."""
    failed = {"description": "An error, in Google's format.", "content": _json(_ERROR)}
    errors = {str(status): failed for status in statuses}
    made: Json = {}
    for method, words in _WORDS.items():
        content = _json(_OBJECT)
        if method == paths.STREAM:
            content = {**_json({"type": ["object", "array"]}), "text/event-stream": {"schema": {"type": "string"}}}
        made[f"{_MODELS}/{{model}}:{method}"] = {
            "post": {
                "summary": words,
                "parameters": [model, _ALT],
                "requestBody": {"required": True, "content": _json(_OBJECT)},
                "responses": {"200": {"description": words, "content": content}, **errors},
            }
        }
    for path, words in ((_MODELS, "The models, in Google's format."), (f"{_MODELS}/{{model}}", "One of them.")):
        told = {"200": {"description": words, "content": _json(_OBJECT)}, **errors}
        operation: Json = {"summary": words, "responses": told}
        if "{model}" in path:
            operation["parameters"] = [model]
        made[path] = {"get": operation}
    return made


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
