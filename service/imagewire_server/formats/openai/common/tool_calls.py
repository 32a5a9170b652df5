"""Function calls and their results, in the format that chat and responses share: JSON as text."""

import json
from collections.abc import Sequence

import msgspec

from imagewire_server.contract import json_values, pb
from imagewire_server.formats.openai.common.mapping import OWN_CALL_ID
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder


def function_call(builder: SpecBuilder, call_id: str, name: str, arguments: str, field: str) -> pb.Part:
    """A call of the model; field: that of its arguments. Arguments that a Struct cannot hold exactly stay text."""
    try:
        value = json.loads(arguments or "{}") if builder.is_small(arguments, field) else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        builder.refuse(field, "is not a JSON object; send the call back unchanged")
        value = {}
    call = pb.FunctionCall(id=native_id(call_id), name=name)
    args = json_values.exact_struct(value)
    if args is None:
        call.args_json = arguments
    else:
        call.args.CopyFrom(args)
    return pb.Part(function_call=call)


def function_result(
    builder: SpecBuilder, call_id: str, name: str, text: str, field: str, pictures: Sequence[pb.Image] = ()
) -> pb.Part:
    """The result of a function call: a JSON object, or anything else under "result". It may consist of pictures only.

    JSON that a Struct would change is text under "result".
    """
    try:
        value = msgspec.json.decode(text) if (text or not pictures) and builder.is_small(text, field) else {}
    except (msgspec.DecodeError, RecursionError):
        value = text
    response = json_values.exact_struct(value if isinstance(value, dict) else {"result": value})
    if response is None:
        response = builder.struct({"result": text}, field)
    return pb.Part(
        function_response=pb.FunctionResponse(
            id=native_id(call_id), name=name or "unknown", response=response, images=pictures
        )
    )


def native_id(call_id: str) -> str:
    """The model's own id of a call; empty if it gave none and the id is ours."""
    return "" if call_id.startswith(OWN_CALL_ID) else call_id
