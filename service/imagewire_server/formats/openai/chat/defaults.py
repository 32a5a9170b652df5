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
        fields = {**kept, name: value}
        try:
            spec = _spec(fields, model, capabilities, check)
        except InvalidRequest as error:
            first = error.violations[0]
            inside = first.field.startswith((f"{name}[", f"{name}."))
            refused[name] = f"{first.field} {first.description}" if inside else first.description
        else:
            kept, found = fields, spec
    return Defaults(found if found is not None and found.ListFields() else None, refused)


def _spec(fields: Mapping[str, Any], model: str, capabilities: Capabilities, check: Check) -> pb.Spec:
    # Numbers may be text, as those from variables are.
    request = convert({**fields, "model": model, "messages": _MESSAGES}, ChatRequest, text=True)
    spec = spec_of(request, capabilities).spec
    if violations := validation.violations(spec):
        raise InvalidRequest(violations)
    check(spec, capabilities)
    spec.ClearField("messages")
    spec.ClearField("model")
    return spec
