"""A message's parts as Google's parts."""

import binascii
from collections.abc import Callable
from typing import Any

import msgspec
import pybase64

from imagewire_server.contract import image_header, image_rules, message_rules, pb
from imagewire_server.contract.capability_rules import CapabilityRules, scheme_of
from imagewire_server.contract.json_values import plain

Json = dict[str, Any]

_RESOLUTIONS = {
    pb.ImageDetail.IMAGE_DETAIL_LOW: "MEDIA_RESOLUTION_LOW",
    pb.ImageDetail.IMAGE_DETAIL_MEDIUM: "MEDIA_RESOLUTION_MEDIUM",
    pb.ImageDetail.IMAGE_DETAIL_HIGH: "MEDIA_RESOLUTION_HIGH",
    pb.ImageDetail.IMAGE_DETAIL_ULTRA_HIGH: "MEDIA_RESOLUTION_ULTRA_HIGH",
}
_ASSISTANT = pb.Role.ROLE_ASSISTANT


class PartEncoder:
    """Encodes messages and counts their pictures. refuse: called with (path, words) for what the rules do not cover."""

    def __init__(self, rules: CapabilityRules, refuse: Callable[[str, str], None]) -> None:
        self._rules = rules
        self._refuse = refuse
        self.images = 0

    def message(self, message: pb.ChatMessage, path: str) -> list[Json]:
        """All parts of a message in either form, in order."""
        if message.parts:
            names = message_rules.namer(message)
            return [self._part(part, message, names, f"{path}.parts[{i}]") for i, part in enumerate(message.parts)]
        parts: list[Json] = []
        if message.content:
            parts.append({"text": message.content})
        if message.HasField("image"):
            parts.append(self._image(message.image, f"{path}.image", answered=message.role == _ASSISTANT))
        return parts

    def _part(self, part: pb.Part, message: pb.ChatMessage, names: Callable[[pb.Part], bool], path: str) -> Json:
        match part.WhichOneof("content"):
            case "image":
                # The part of an answer's final picture names the bytes in the message's own image.
                image = message.image if names(part) else part.image
                encoded = self._image(image, f"{path}.image", answered=message.role == _ASSISTANT)
            case "media":
                encoded = _media(part.media)
            case "native":
                encoded = {part.native.kind: _raw(part.native.value_json)}
            case "function_call":
                call = part.function_call
                args = _raw(call.args_json) if call.args_json else plain(call.args)
                encoded = {"functionCall": _named(call, "args", args)}
            case "function_response":
                encoded = {"functionResponse": self._response(part.function_response, f"{path}.function_response")}
            case _:
                encoded = {"text": part.text}
        for name, text in part.native_fields.items():
            encoded[name] = _raw(text)
        if part.thought:
            encoded["thought"] = True
        if part.thought_signature:
            encoded["thoughtSignature"] = part.thought_signature
        return encoded

    def _response(self, response: pb.FunctionResponse, path: str) -> Json:
        encoded = _named(response, "response", plain(response.response))
        if response.images:
            encoded["parts"] = [
                self._image(image, f"{path}.images[{i}]", answered=False) for i, image in enumerate(response.images)
            ]
        return encoded

    def _image(self, image: pb.Image, path: str, *, answered: bool) -> Json:
        self.images += 1
        scheme = scheme_of(image)
        if image.WhichOneof("source") == "data":
            data = image.data
            encoded = _inline(data, image.mime_type or _type_of(data), image.display_name)
        elif scheme == "data":
            encoded = self._data_uri(image, path, answered=answered)
        else:
            if not answered:
                self._rules.uri_scheme(scheme, path)
            encoded = _file(image)
        if level := _RESOLUTIONS.get(image.detail):
            self._rules.detail(path)
            encoded["mediaResolution"] = {"level": level}
        return encoded

    def _data_uri(self, image: pb.Image, path: str, *, answered: bool) -> Json:
        text = image.uri
        bare = pb.Image(mime_type=image.mime_type or text[len("data:") : text.index(";")])
        text = text[text.find(",") + 1 :]  # the URI is let go, for it may be long
        try:
            data = pybase64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self._refuse(f"{path}.uri", "holds no valid base64; encode the file once more")
            return {}
        for field, words in image_rules.of_data(bare, data, answered=answered):
            self._refuse(f"{path}.{'uri' if field == 'data' else field}", words)
        return _inline(data, bare.mime_type, image.display_name)


def _media(media: pb.Media) -> Json:
    if media.WhichOneof("source") == "data":
        return _inline(media.data, media.mime_type, media.display_name)
    return _file(media)


def _file(file: pb.Image | pb.Media) -> Json:
    encoded = {"fileUri": file.uri}
    if file.mime_type:
        encoded["mimeType"] = file.mime_type
    if file.display_name:
        encoded["displayName"] = file.display_name
    return {"fileData": encoded}


def _inline(data: bytes, mime_type: str, display_name: str) -> Json:
    encoded: Json = {"mimeType": mime_type, "data": data}
    if display_name:
        encoded["displayName"] = display_name
    return {"inlineData": encoded}


def _raw(text: str) -> msgspec.Raw:
    """JSON text that goes into the body as it is."""
    return msgspec.Raw(text.encode())


def _type_of(data: bytes) -> str:
    header = image_header.read(data[: image_header.ENOUGH])
    return header.mime_type if header else ""


def _named(call: pb.FunctionCall | pb.FunctionResponse, key: str, value: Json | msgspec.Raw) -> Json:
    encoded: Json = {"name": call.name, key: value}
    if call.id:
        encoded["id"] = call.id
    return encoded
