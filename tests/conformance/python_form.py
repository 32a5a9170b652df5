"""What the Python client returns, in the form of README.md."""

import hashlib
import json
from typing import Any

from google.protobuf.json_format import MessageToDict

import imagewire
from imagewire.v1.message_pb2 import Part

Json = dict[str, Any]


def as_json(message: Any) -> Json:
    return MessageToDict(message, preserving_proto_field_name=True)


def described(model: Any) -> Json:
    return {"name": model.name, "provider": model.provider, "native_id": model.native_id}


def image(given: imagewire.Image) -> Json:
    said = {
        "kind": "image",
        "mime_type": given.mime_type,
        "width": given.width,
        "height": given.height,
        "image_id": given.image_id,
        "thought": given.thought,
    }
    if given.uri:
        return said | {"uri": given.uri}
    return said | {"size_bytes": len(given.data), "sha256": hashlib.sha256(given.data).hexdigest()}


def own_part(part: Any) -> Json:
    """A Part of an Answer."""
    said: Json
    if part.image is not None:
        said = image(part.image)
    elif part.media is not None:
        said = media(part.media.mime_type, part.media.uri, b"" if part.media.uri else part.media.data)
    elif part.function_call is not None:
        said = {"kind": "function_call", "name": part.function_call.name, "args": part.args}
    elif part.native is not None:
        said = native(part.native)
    else:
        said = {"kind": "text", "text": part.text}
    return beside(said, part.thought, part.signature, part.native_fields)


def wire_part(part: Part) -> Json:
    """A Part of the contract."""
    said: Json
    match part.WhichOneof("content"):
        case "image":
            said = image(imagewire.image(part.image))
        case "media":
            said = media(part.media.mime_type, part.media.uri, part.media.data)
        case "function_call":
            said = {"kind": "function_call", "name": part.function_call.name, "args": as_json(part.function_call.args)}
        case "native":
            said = native(part.native)
        case _:
            said = {"kind": "text", "text": part.text}
    return beside(said, part.thought, part.thought_signature, part.native_fields)


def media(mime_type: str, uri: str, data: bytes) -> Json:
    said = {"kind": "media", "mime_type": mime_type}
    return said | ({"uri": uri} if uri else {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})


def native(part: Any) -> Json:
    return {"kind": "native", "native_kind": part.kind, "value": json.loads(part.value_json)}


def beside(said: Json, thought: bool, signature: bytes, fields: Any) -> Json:
    """What any kind of part may have."""
    said["thought"] = thought
    if signature:
        said["signature_sha256"] = hashlib.sha256(signature).hexdigest()
    if fields:
        said["native_fields"] = {name: json.loads(value) for name, value in fields.items()}
    return said
