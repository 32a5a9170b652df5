"""A Responses request as a spec: instructions, input, and the items of earlier answers in their order."""

from typing import TYPE_CHECKING

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import options, provider_options
from imagewire_server.formats.openai.common.options import Abilities, set_once
from imagewire_server.formats.openai.common.spec_builder import Reading
from imagewire_server.formats.openai.responses import input as responses_input
from imagewire_server.formats.openai.responses.request import (
    ImageTool,
    NamedTool,
    ResponsesRequest,
    WebSearchTool,
)

if TYPE_CHECKING:
    from imagewire_server.formats.openai.common.shared_request import SearchOptions


def spec_of(given: ResponsesRequest, abilities: Abilities) -> Reading:
    """The spec of a request. Raises InvalidRequest in the caller's names."""
    reading = Reading(given.model)
    if given.previous_response_id is not None:
        reading.refuse("previous_response_id", "this server keeps no answers yet; send the earlier items in input")
    if given.instructions:
        reading.came_from("messages[0]", "instructions")
        reading.spec.messages.add(role=pb.Role.ROLE_SYSTEM, content=given.instructions)
    responses_input.read(reading, given.input)
    _tools(reading, given, abilities)
    target, path = reading.spec.generation_config, "generation_config"
    set_once(reading, target, "temperature", given.temperature, "temperature", path)
    set_once(reading, target, "top_p", given.top_p, "top_p", path)
    set_once(reading, target, "max_output_tokens", given.max_output_tokens, "max_output_tokens", path)
    if given.reasoning is not None:
        options.effort(reading, given.reasoning.effort, "reasoning.effort")
        if given.reasoning.summary is not None:
            options.thoughts(reading, True, "reasoning.summary")
    provider_options.read(reading, given)
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
    searches: list[tuple[str, SearchOptions]] = []
    for i, tool in enumerate(given.tools or ()):
        field = f"tools[{i}]"
        if isinstance(tool, ImageTool):
            drawn.append(field)
            options.size(reading, tool.size, abilities, f"{field}.size")
            options.aspect_ratio(reading, tool.aspect_ratio, f"{field}.aspect_ratio")
            options.file_format(reading, tool.output_format, tool.output_compression, f"{field}.")
            options.drafts(reading, tool.partial_images, abilities, f"{field}.partial_images")
        elif isinstance(tool, WebSearchTool):
            searches.append((field, tool))
        else:
            made = functions.declarations.add(name=tool.name, description=tool.description or "")
            if tool.parameters is not None:
                made.parameters.CopyFrom(reading.struct(tool.parameters, f"{field}.parameters"))
    if len(drawn) > 1:
        reading.refuse(drawn[1], "is a second image_generation; leave it out")
    if functions.declarations:
        reading.spec.tools.add(functions=functions)
        for j in range(len(functions.declarations)):
            reading.came_from(f"tools[0].functions.declarations[{j}]", "tools")
    provider_options.searches(reading, searches)
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
