"""Which function an answer calls: by toolConfig's mode, or by "call:NAME" in the prompt; and with which arguments."""

import re
from typing import Any

from imagewire_emulator.examples import example

Json = dict[str, Any]


def called(request: Json, prompt: str) -> str:
    """The name of the function that is called, "" for none. Mode ANY calls one always, and NONE never."""
    config = request.get("toolConfig", {}).get("functionCallingConfig", {})
    mode, allowed = config.get("mode", "AUTO"), config.get("allowedFunctionNames")
    names = [name for name in _declared(request) if not allowed or name in allowed]
    if mode == "NONE":
        return ""
    wanted = next((name for name in re.findall(r"call:([\w.:-]+)", prompt) if name in names), "")
    return names[0] if mode == "ANY" and names and not wanted else wanted


def arguments(request: Json, name: str) -> Json:
    """A value for each declared parameter."""
    declared = _declared(request)[name]
    schema = declared.get("parameters") or declared.get("parametersJsonSchema") or {}
    made = example(schema | {"type": "OBJECT"})
    return made if isinstance(made, dict) else {}


def _declared(request: Json) -> dict[str, Json]:
    return {f["name"]: f for tool in request.get("tools", ()) for f in tool.get("functionDeclarations", ())}
