"""Calls of functions and their results, in the shape that chat and responses share: JSON as text."""

import msgspec

from imagewire_server.contract import pb
from imagewire_server.dialects.openai.facts import OWN_CALL_ID
from imagewire_server.dialects.openai.reading import Reading


def function_call(reading: Reading, call_id: str, name: str, arguments: str, field: str) -> pb.Part:
    """A call of the model's; field: where its arguments stand."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        reading.refuse(field, "is no JSON object; send the call back as it came")
        value = {}
    args = reading.struct(value, field)
    return pb.Part(function_call=pb.FunctionCall(id=native_id(call_id), name=name, args=args))


def function_result(reading: Reading, call_id: str, name: str, text: str, field: str) -> pb.Part:
    """What a called function returned: a JSON object, or anything else under "result"."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        value = text
    response = reading.struct(value if isinstance(value, dict) else {"result": value}, field)
    return pb.Part(
        function_response=pb.FunctionResponse(id=native_id(call_id), name=name or "unknown", response=response)
    )


def native_id(call_id: str) -> str:
    """The model's own id of a call, empty where it gave none and the id is ours."""
    return "" if call_id.startswith(OWN_CALL_ID) else call_id
