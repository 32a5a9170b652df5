"""A Responses request as a spec: instructions, input, and the items of earlier answers in their order."""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.dialects.openai import layout, options, responses_request
from imagewire_server.dialects.openai.calls import function_call, function_result
from imagewire_server.dialects.openai.chat_request import MOST_PARTS, Extras
from imagewire_server.dialects.openai.decode import convert
from imagewire_server.dialects.openai.options import Abilities, set_once
from imagewire_server.dialects.openai.picture import decoded
from imagewire_server.dialects.openai.reading import Reading
from imagewire_server.dialects.openai.responses_request import (
    FunctionCallItem,
    FunctionResultItem,
    ImageCallItem,
    ImageTool,
    InputImage,
    MessageItem,
    NamedTool,
    ReasoningItem,
    Refusal,
    ResponsesRequest,
    Signature,
    WebSearchTool,
)

_ROLES = {
    "system": pb.Role.ROLE_SYSTEM,
    "developer": pb.Role.ROLE_SYSTEM,
    "user": pb.Role.ROLE_USER,
    "assistant": pb.Role.ROLE_ASSISTANT,
}


def spec_of(given: ResponsesRequest, abilities: Abilities) -> Reading:
    """The spec of a request. Raises InvalidRequest in the caller's names."""
    reading = Reading(given.model)
    if given.previous_response_id is not None:
        reading.refuse("previous_response_id", "this server keeps no answers yet; send the earlier items in input")
    if given.instructions:
        reading.came_from("messages[0]", "instructions")
        reading.spec.messages.add(role=pb.Role.ROLE_SYSTEM, content=given.instructions)
    _input(reading, given.input)
    _tools(reading, given, abilities)
    target, path = reading.spec.generation_config, "generation_config"
    set_once(reading, target, "temperature", given.temperature, "temperature", path)
    set_once(reading, target, "top_p", given.top_p, "top_p", path)
    set_once(reading, target, "max_output_tokens", given.max_output_tokens, "max_output_tokens", path)
    if given.reasoning is not None:
        options.effort(reading, given.reasoning.effort, "reasoning.effort")
        if given.reasoning.summary is not None:
            options.thoughts(reading, True, "reasoning.summary")
    options.labels(reading, given.user, given.metadata)
    if given.extra_body is not None:
        reading.spec.extra_body.CopyFrom(reading.struct(given.extra_body, "extra_body"))
    reading.done()
    return reading


def image_tool(given: ResponsesRequest) -> ImageTool | None:
    """The tool that asks for pictures, if there is one."""
    return next((tool for tool in given.tools or () if isinstance(tool, ImageTool)), None)


def _tools(reading: Reading, given: ResponsesRequest, abilities: Abilities) -> None:
    """Functions and search are tools of the model; image_generation is what the answer may hold."""
    functions = pb.FunctionDeclarations()
    drawn: list[str] = []
    for i, tool in enumerate(given.tools or ()):
        field = f"tools[{i}]"
        if isinstance(tool, ImageTool):
            drawn.append(field)
            options.size(reading, tool.size, abilities, f"{field}.size")
            options.aspect_ratio(reading, tool.aspect_ratio, f"{field}.aspect_ratio")
            options.file_format(reading, tool.output_format, tool.output_compression, f"{field}.")
            options.drafts(reading, tool.partial_images, abilities, f"{field}.partial_images")
        elif isinstance(tool, WebSearchTool):
            reading.spec.tools.add(google_search=pb.GoogleSearch())
        else:
            made = functions.declarations.add(name=tool.name, description=tool.description or "")
            if tool.parameters is not None:
                made.parameters.CopyFrom(reading.struct(tool.parameters, f"{field}.parameters"))
    if len(drawn) > 1:
        reading.refuse(drawn[1], "is a second image_generation; leave it out")
    if functions.declarations:
        reading.spec.tools.insert(0, pb.Tool(functions=functions))
        for j in range(len(functions.declarations)):
            reading.came_from(f"tools[0].functions.declarations[{j}]", "tools")
    modalities = [pb.Modality.MODALITY_TEXT, *([pb.Modality.MODALITY_IMAGE] if drawn else [])]
    choice = given.tool_choice
    if isinstance(choice, NamedTool) and choice.type == "image_generation":
        if not drawn:
            reading.refuse("tool_choice", "names a tool that tools does not have")
        modalities = [pb.Modality.MODALITY_IMAGE]
    elif choice == "required" and not functions.declarations:
        if not drawn:
            reading.refuse("tool_choice", "needs tools")
        modalities = [pb.Modality.MODALITY_IMAGE]
    elif choice == "none":
        modalities = [pb.Modality.MODALITY_TEXT]
    reading.spec.response_modalities.extend(modalities)
    if functions.declarations and choice is not None and choice != "auto":
        _function_choice(reading, choice)


def _function_choice(reading: Reading, choice: str | NamedTool) -> None:
    if isinstance(choice, NamedTool) and choice.type == "image_generation":
        return
    config = reading.spec.tool_config
    config.mode = "NONE" if choice == "none" else "ANY"
    if isinstance(choice, NamedTool):
        config.allowed_function_names.append(choice.name or "")
    reading.came_from("tool_config", "tool_choice")


def _input(reading: Reading, given: str | list[dict[str, Any]]) -> None:
    if isinstance(given, str):
        reading.came_from(f"messages[{len(reading.spec.messages)}]", "input")
        reading.spec.messages.add(role=pb.Role.ROLE_USER, content=given)
        return
    reading.came_from("messages", "input")
    calls: dict[str, str] = {}
    total = 0
    for i, raw in enumerate(given):
        field = f"input[{i}]"
        total += sum(len(value) for value in (raw.get("content"), raw.get("summary")) if isinstance(value, list))
        if total > MOST_PARTS:
            reading.refuse(field, f"brings the input over {MOST_PARTS} parts; leave earlier items out")
            return
        kind = raw.get("type", "message")
        if not isinstance(kind, str) or kind not in responses_request.ITEMS:
            known = ", ".join(responses_request.ITEMS)
            words = f"is of no kind that this server knows; use {known}"
            if kind == "item_reference":
                words = "refers to what is not kept here yet; send the item itself (clients do, told store: false)"
            reading.refuse(f"{field}.type", words)
            continue
        try:
            item = convert(raw, responses_request.ITEMS[kind], field)
        except InvalidRequest as error:
            reading.violations += error.violations
            continue
        at = len(reading.spec.messages)
        reading.came_from(f"messages[{at}]", field)
        _item(reading, item, field, at, calls)


def _item(reading: Reading, item: object, field: str, at: int, calls: dict[str, str]) -> None:
    messages = reading.spec.messages
    match item:
        case MessageItem():
            made = messages.add(role=_ROLES[item.role])
            _message(reading, item, made, field, at)
            if item.role == "assistant" and not any(map(_says, made.parts)):
                del messages[-1]  # it says nothing
        case ImageCallItem():
            if item.result is None:
                reading.refuse(
                    f"{field}.result",
                    "is required: this server keeps no pictures yet; send it as an input_image, or leave the item out",
                )
                return
            try:
                part = pb.Part(image=pb.Image(data=decoded(item.result)))
            except ValueError as error:
                reading.refuse(f"{field}.result", str(error))
                return
            reading.came_from(f"messages[{at}].parts[0]", f"{field}.result")
            messages.add(
                role=pb.Role.ROLE_ASSISTANT, parts=[_signed(reading, part, item.provider_specific_fields, field)]
            )
        case FunctionCallItem():
            calls[item.call_id] = item.name
            part = function_call(reading, item.call_id, item.name, item.arguments, f"{field}.arguments")
            messages.add(
                role=pb.Role.ROLE_ASSISTANT, parts=[_signed(reading, part, item.provider_specific_fields, field)]
            )
        case FunctionResultItem():
            if item.call_id not in calls:
                reading.refuse(f"{field}.call_id", "answers no call of this input; send its function_call before it")
            name = calls.get(item.call_id, "unknown")
            part = function_result(reading, item.call_id, name, item.output, f"{field}.output")
            messages.add(role=pb.Role.ROLE_TOOL, parts=[part])
        case ReasoningItem():
            text = "".join(str(piece.get("text", "")) for piece in item.summary)
            made = messages.add(role=pb.Role.ROLE_ASSISTANT, parts=[pb.Part(text=text, thought=True)])
            _apart(reading, made, item.provider_specific_fields, field)


def _says(part: pb.Part) -> bool:
    return bool(part.text or part.thought_signature) or part.HasField("image")


def _message(reading: Reading, item: MessageItem, made: pb.ChatMessage, field: str, at: int) -> None:
    if isinstance(item.content, str):
        made.parts.add(text=item.content)
        reading.came_from(f"messages[{at}].parts[0]", f"{field}.content")
    for j, piece in enumerate(() if isinstance(item.content, str) else item.content):
        where = f"{field}.content[{j}]"
        if isinstance(piece, InputImage):
            where += ".image_url"
            image = reading.image(piece.image_url, where, piece.detail)
            if image.uri.lower().startswith("gs:") and not image.mime_type:
                reading.refuse(where, "does not tell its media type; name an object such as gs://bucket/picture.png")
            made.parts.add(image=image)
        else:
            made.parts.add(text=piece.refusal if isinstance(piece, Refusal) else piece.text)
        reading.came_from(f"messages[{at}].parts[{j}]", where)
    if item.role == "assistant":
        _apart(reading, made, item.provider_specific_fields, field)
    elif item.provider_specific_fields is not None:
        reading.refuse(f"{field}.provider_specific_fields", "has a place in the model's own items only; leave it out")


def _apart(reading: Reading, made: pb.ChatMessage, extras: Extras | None, field: str) -> None:
    """Take a text apart into the parts that the model made it of, each with its signature."""
    if extras is None:
        return
    said = "".join(part.text for part in made.parts if not part.thought)
    thought = "".join(part.text for part in made.parts if part.thought)
    pieces = layout.Pieces(said, thought, [part for part in made.parts if part.HasField("image")], [])
    try:
        parts = pieces.parts(pieces.default() if extras.parts is None else extras.parts)
        layout.sign(parts, extras.thought_signatures or [None] * len(parts))
    except ValueError as error:
        reading.refuse(f"{field}.provider_specific_fields", str(error))
        return
    del made.parts[:]
    made.parts.extend(parts)


def _signed(reading: Reading, part: pb.Part, extras: Signature | None, field: str) -> pb.Part:
    if extras is not None and extras.thought_signature:
        try:
            part.thought_signature = decoded(extras.thought_signature)
        except ValueError as error:
            reading.refuse(f"{field}.provider_specific_fields.thought_signature", str(error))
    return part
