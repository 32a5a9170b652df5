"""A message's parts as Google's parts."""

import binascii
from collections.abc import Callable
from typing import Any

import pybase64

from imagewire_server.contract import image_header, pb, rules
from imagewire_server.contract.json_values import plain
from imagewire_server.dialects.gemini.profile import Profile

Json = dict[str, Any]

_RESOLUTIONS = {
    pb.ImageDetail.IMAGE_DETAIL_LOW: "MEDIA_RESOLUTION_LOW",
    pb.ImageDetail.IMAGE_DETAIL_HIGH: "MEDIA_RESOLUTION_HIGH",
}


class PartEncoder:
    """Encodes messages and counts their pictures; what the model cannot take goes to `refuse(path, words)`."""

    def __init__(self, profile: Profile, refuse: Callable[[str, str], None]) -> None:
        self._profile = profile
        self._refuse = refuse
        self.images = 0

    def message(self, message: pb.ChatMessage, path: str) -> list[Json]:
        """All parts of a message in either form, in order."""
        if message.parts:
            return [self._part(part, message.image, f"{path}.parts[{i}]") for i, part in enumerate(message.parts)]
        parts: list[Json] = []
        if message.content:
            parts.append({"text": message.content})
        if message.HasField("image"):
            parts.append(self._image(message.image, f"{path}.image"))
        return parts

    def _part(self, part: pb.Part, whole: pb.Image, path: str) -> Json:
        match part.WhichOneof("content"):
            case "image":
                # The part of an answer's final picture names the bytes in the message's own image.
                named = part.image.WhichOneof("source") is None
                encoded = self._image(whole if named else part.image, f"{path}.image")
            case "function_call":
                encoded = {"functionCall": _named(part.function_call, "args", part.function_call.args)}
            case "function_response":
                response = part.function_response
                encoded = {"functionResponse": _named(response, "response", response.response)}
            case _:
                encoded = {"text": part.text}
        if part.thought:
            encoded["thought"] = True
        if part.thought_signature:
            encoded["thoughtSignature"] = part.thought_signature
        return encoded

    def _image(self, image: pb.Image, path: str) -> Json:
        self.images += 1
        scheme = image.uri.partition(":")[0].lower()
        if image.WhichOneof("source") == "data":
            mime_type = image.mime_type or _type_of(image.data)
            encoded: Json = {"inlineData": {"mimeType": mime_type, "data": image.data}}
        elif scheme == "data":
            encoded = self._data_uri(image, path)
        else:
            if scheme not in self._profile.uri_schemes:
                self._refuse(f"{path}.uri", f"{self._profile.service} reads no {scheme}:// pictures; send the data")
            encoded = {"fileData": {"fileUri": image.uri}}
            if image.mime_type:
                encoded["fileData"]["mimeType"] = image.mime_type
        if level := _RESOLUTIONS.get(image.detail):
            if not self._profile.part_media_resolution:
                self._refuse(f"{path}.detail", "this model reads every picture alike; leave it out")
            encoded["mediaResolution"] = {"level": level}
        return encoded

    def _data_uri(self, image: pb.Image, path: str) -> Json:
        try:
            data = pybase64.b64decode(image.uri.partition(",")[2], validate=True)
        except (binascii.Error, ValueError):
            self._refuse(f"{path}.uri", "holds no valid base64")
            return {}
        bare = pb.Image(data=data, mime_type=image.mime_type or image.uri[len("data:") : image.uri.index(";")])
        for field, words in rules.image(bare):
            self._refuse(f"{path}.{'uri' if field == 'data' else field}", words)
        return {"inlineData": {"mimeType": bare.mime_type, "data": data}}


def _type_of(data: bytes) -> str:
    header = image_header.read(data[: image_header.ENOUGH])
    return header.mime_type if header else ""


def _named(call: pb.FunctionCall | pb.FunctionResponse, key: str, value: pb.Struct) -> Json:
    encoded: Json = {"name": call.name, key: plain(value)}
    if call.id:
        encoded["id"] = call.id
    return encoded
