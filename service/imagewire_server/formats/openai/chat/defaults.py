"""A deployment's default fields, as in LiteLLM's `litellm_params`: fields of a chat request without its messages."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.chat.decode import spec_of
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common.json_decode import convert

# What one of the models does not take raises InvalidRequest.
Check = Callable[[pb.Spec, Capabilities], None]

_IMAGE_SIZES = frozenset({"image_size", "imageSize"})
# OpenAI's values of quality that ask for nothing.
_USUAL_QUALITY = frozenset({"auto", "standard"})
_MESSAGES = [{"role": "user", "content": "x"}]


class Defaults(NamedTuple):
    """spec: the fields that apply, None for none. refused: the other ones, each with the reason."""

    spec: pb.Spec | None
    refused: Mapping[str, str]


def read(text: str, model: str, capabilities: Capabilities, check: Check) -> Defaults:
    """Read the fields. text: a JSON object. A field that contradicts an earlier one is refused."""
    kept: dict[str, Any] = {}
    refused: dict[str, str] = {}
    found: pb.Spec | None = None
    for name, value in json.loads(text).items():
        fields = {**kept, **_spelled(name, value, kept)}
        try:
            spec = _spec(fields, model, capabilities, check)
        except InvalidRequest as error:
            refused[name] = error.violations[0].description
        else:
            kept, found = fields, spec
    return Defaults(found if found is not None and found.ListFields() else None, refused)


def _spelled(name: str, value: Any, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The field of a chat request that a name and value of LiteLLM's stand for."""
    if name in _IMAGE_SIZES:
        return {"image_config": {**kept.get("image_config", {}), "image_size": value}}
    if name == "aspectRatio":
        return {"aspect_ratio": value}
    if name == "quality" and isinstance(value, str) and value in _USUAL_QUALITY:
        return {}
    if name == "modalities" and isinstance(value, list):
        return {name: [one.lower() if isinstance(one, str) else one for one in value]}
    return {name: value}


def _spec(fields: Mapping[str, Any], model: str, capabilities: Capabilities, check: Check) -> pb.Spec:
    request = convert({**fields, "model": model, "messages": _MESSAGES}, ChatRequest)
    spec = spec_of(request, capabilities).spec
    if violations := validation.violations(spec):
        raise InvalidRequest(violations)
    check(spec, capabilities)
    spec.ClearField("messages")
    spec.ClearField("model")
    return spec
