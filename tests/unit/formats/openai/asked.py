"""Requests for tests, by endpoint: decoded from JSON and made into a spec, as the REST API does it."""

import base64
import json
from typing import Any

import pytest

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.chat import decode as chat_decode
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common.json_decode import decode
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, in_callers_names
from imagewire_server.formats.openai.images import decode as images_decode
from imagewire_server.formats.openai.images.request import ImagesRequest
from imagewire_server.formats.openai.responses import decode as responses_decode
from imagewire_server.formats.openai.responses.request import ResponsesRequest
from tests.pictures import PNG

PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
TOKEN = base64.b64encode(b"go on").decode()
USER = [{"role": "user", "content": "A banana"}]
BASE: dict[str, dict[str, Any]] = {
    "chat": {"model": "gemini/model", "messages": USER},
    "images": {"model": "gemini/model", "prompt": "A banana"},
    "responses": {"model": "gemini/model", "input": "A banana"},
}
# A model that takes every field.
ALL_FIELDS = Capabilities(id="m", fields=frozenset(validation.CHECKS))
KINDS: dict[str, Any] = {
    "chat": (ChatRequest, chat_decode.spec_of),
    "images": (ImagesRequest, images_decode.spec_of),
    "responses": (ResponsesRequest, responses_decode.spec_of),
}


def reading(kind: str, capabilities: Capabilities | None = None, **fields: Any) -> SpecBuilder:
    """A request's spec, with the origins of its fields. fields: beside those that are required, or instead of them."""
    request, spec_of = KINDS[kind]
    body = json.dumps({**BASE[kind], **fields}).encode()
    made: SpecBuilder = spec_of(decode(body, request), capabilities or ALL_FIELDS)
    return made


def spec(kind: str, capabilities: Capabilities | None = None, **fields: Any) -> pb.Spec:
    """A request's spec."""
    return reading(kind, capabilities, **fields).spec


def refusals(kind: str, capabilities: Capabilities | None = None, **fields: Any) -> list[tuple[str, str]]:
    """The fields for which a request is refused, and why; by its format alone."""
    with pytest.raises(InvalidRequest) as caught:
        reading(kind, capabilities, **fields)
    return [(one.field, one.description) for one in caught.value.violations]


def refused(kind: str, **fields: Any) -> list[str]:
    """The fields for which a request is refused, by its format or by the contract; none if it is taken."""
    try:
        made = reading(kind, **fields)
        try:
            validation.check(made.spec, "spec")
        except InvalidRequest as error:
            raise in_callers_names(error, made.origins) from None
    except InvalidRequest as error:
        return [one.field for one in error.violations]
    return []
