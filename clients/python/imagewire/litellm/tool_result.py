"""Reads a message of role tool: what a function returned that the model had called. Sans-IO."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from imagewire.errors import invalid
from imagewire.json_struct import struct
from imagewire.litellm.provider_fields import OWN_CALL_ID
from imagewire.v1.message_pb2 import ChatMessage, FunctionResponse, Part, Role


def tool_result(given: Mapping[str, Any], content: Sequence[Part], calls: Mapping[str, str], field: str) -> ChatMessage:
    """The message. content: its text and pictures. calls: names of the functions by the calls' ids."""
    call_id = given.get("tool_call_id", "")
    name = given.get("name") or calls.get(call_id, "") if isinstance(call_id, str) else ""
    if not name or not isinstance(name, str):
        raise invalid(
            f"{field}.tool_call_id", "belongs to no call in messages; put the answer with its tool_calls before it"
        )
    text = "".join(part.text for part in content)
    pictures = [part.image for part in content if part.HasField("image")]
    result = FunctionResponse(
        id="" if call_id.startswith(OWN_CALL_ID) else call_id,
        name=name,
        response=_response(text, is_empty=not text and bool(pictures)),
        images=pictures,
    )
    return ChatMessage(role=Role.ROLE_TOOL, parts=[Part(function_response=result)])


def _response(text: str, *, is_empty: bool) -> Any:
    """A JSON object as it is; all else, and what a Struct would change, under "result"."""
    if is_empty:
        return struct({})
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    try:
        return struct(value if isinstance(value, dict) else {"result": value})
    except (ValueError, RecursionError):
        return struct({"result": text})
