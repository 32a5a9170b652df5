"""/openapi.json, made from the types that decode requests and the types that tests check answers against."""

from functools import cache
from typing import Any

import msgspec

from imagewire_server import __version__
from imagewire_server.api.rest import openapi_native
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common import response_types, server_info
from imagewire_server.formats.openai.images.request import ImagesRequest
from imagewire_server.formats.openai.responses.request import ResponsesRequest

Json = dict[str, Any]

_ERRORS = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 499, 500, 502, 503, 504)
_MODEL: Json = {
    "name": "model",
    "in": "path",
    "required": True,
    "description": "A name from /v1/models, with its slashes.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:@-]*$"},
}
# Each event of a stream. Its data is JSON, except in the last event of a chat, "[DONE]".
_EVENT: Json = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
_EVENTS: Json = {"text/event-stream": {"schema": _EVENT}}
_FILE: Json = {"type": "string", "format": "binary"}
_PICTURE: Json = {"image/*": {"schema": _FILE}}
_UPLOAD: Json = {
    "multipart/form-data": {
        "schema": {
            "title": "Upload",
            "type": "object",
            "properties": {"file": _FILE, "purpose": {"enum": ["vision", "user_data"]}},
            "required": ["file", "purpose"],
        }
    }
}
_DRAWS = (
    ("/v1/chat/completions", "Chat that draws.", ChatRequest, response_types.ChatCompletion),
    ("/v1/images/generations", "Pictures from a prompt.", ImagesRequest, response_types.Images),
    ("/v1/images/edits", "Pictures from a prompt and input pictures.", ImagesRequest, response_types.Images),
    ("/v1/responses", "Answers as a list of items.", ResponsesRequest, response_types.Response),
)
_TELLS = (
    ("/v1/models", "The models.", server_info.ModelList),
    ("/v1/models/{model}", "One model.", server_info.ModelEntry),
    ("/health", "The state of each deployment.", server_info.Health),
    ("/health/liveliness", "The process is alive.", str),
    ("/health/readiness", "The server takes new calls.", server_info.Readiness),
)


_KEPT = (
    ("get", "/v1/responses/{id}", "A response that is kept.", response_types.Response),
    ("delete", "/v1/responses/{id}", "Forget a response and its pictures.", response_types.Deleted),
    ("get", "/v1/files/{id}", "A picture that is kept.", response_types.File),
    ("delete", "/v1/files/{id}", "Forget a picture.", response_types.Deleted),
    ("get", "/v1/files/{id}/content", "The bytes of a picture.", None),
    ("get", "/v1/images/files/{token}", "A picture by its URL, also while it is drawn. It needs no key.", None),
)


@cache
def document() -> Json:
    """The OpenAPI document. Read it only."""
    kept = [response_types.File, response_types.Deleted]
    kinds = (
        [kind for _, _, *both in _DRAWS for kind in both]
        + [kind for _, _, kind in _TELLS]
        + [response_types.ErrorAnswer, *kept]
    )
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    refs = dict(zip(kinds, schemas, strict=True))
    failed = {"description": "An error.", "content": _json(refs[response_types.ErrorAnswer])}
    errors = {str(status): failed for status in _ERRORS}
    paths: Json = {}
    for path, words, asked, answered in _DRAWS:
        whole = {"description": words, "content": {**_json(refs[answered]), **_EVENTS}}
        content = _form(components["ImagesRequest"]) if path.endswith("edits") else _json(refs[asked])
        paths[path] = {
            "post": {
                "summary": words,
                "requestBody": {"required": True, "content": content},
                "responses": {"200": whole, **errors},
            }
        }
    for path, words, kind in _TELLS:
        operation: Json = {"summary": words, "responses": {"200": {"description": words, "content": _json(refs[kind])}}}
        operation["responses"] |= errors
        if "{model}" in path:
            operation["parameters"] = [_MODEL]
        paths[path] = {"get": operation}
    paths["/v1/files"] = {
        "post": {
            "summary": "Keep an input picture.",
            "requestBody": {"required": True, "content": _UPLOAD},
            "responses": {"200": {"description": "The file.", "content": _json(refs[response_types.File])}, **errors},
        }
    }
    for method, path, words, answer in _KEPT:
        ok = {"description": words, "content": _PICTURE if answer is None else _json(refs[answer])}
        name = path.rpartition("{")[2].partition("}")[0]
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        operation = {"summary": words, "parameters": [parameter], "responses": {"200": ok, **errors}}
        paths.setdefault(path, {})[method] = operation
    paths |= openapi_native.operations(_MODEL, _ERRORS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "imagewire",
            "version": __version__,
            "description": "Chat that draws: OpenAI's API for Google's image models, and Google's own.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _form(fields: Json) -> Json:
    """A form's schema: the request's fields, and the pictures."""
    properties = {**fields["properties"], "image": {"type": "array", "items": _FILE, "minItems": 1}, "mask": _FILE}
    schema = {**fields, "title": "EditsForm", "properties": properties, "required": [*fields["required"], "image"]}
    return {"multipart/form-data": {"schema": schema}}
