"""Convert a Responses request to a spec: instructions, input, and the items of earlier answers in their order."""

import re
from typing import TYPE_CHECKING

from imagewire_server.contract import extra_fields, pb
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import options, provider_options
from imagewire_server.formats.openai.common.options import set_once
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.responses import input as responses_input
from imagewire_server.formats.openai.responses.encrypted import INCLUDE
from imagewire_server.formats.openai.responses.request import (
    ImageTool,
    NamedTool,
    ResponsesRequest,
    WebSearchTool,
)

if TYPE_CHECKING:
    from imagewire_server.formats.openai.common.shared_request import SearchOptions

# Outputs of tools that no model here has, so that including them changes nothing.
_NEVER_HERE = ("code_interpreter_call.", "computer_call_output.", "file_search_call.", "web_search_call.")
_RESPONSE = re.compile(r"resp_([0-9a-f]{32})")


def spec_of(given: ResponsesRequest, capabilities: Capabilities) -> SpecBuilder:
    """Return the spec of a request. Raises InvalidRequest with the caller's field names."""
    builder = SpecBuilder(given.model, drops=bool(given.drop_params))
    if given.previous_response_id is not None:
        completion = completion_of(given.previous_response_id)
        builder.from_field("previous_completion_id", "previous_response_id")
        builder.spec.previous_completion_id = completion
        if not completion:
            builder.refuse("previous_response_id", "is not the id of a response; send it as it came: resp_…")
    if given.instructions:
        builder.from_field("messages[0]", "instructions")
        builder.spec.messages.add(role=pb.Role.ROLE_SYSTEM, content=given.instructions)
    _include(builder, given.include or [])
    responses_input.read(builder, given.input)
    _tools(builder, given, capabilities)
    if given.tools == [] or (given.tool_choice == "none" and not builder.spec.tools):
        builder.cleared |= {"tools", "tool_config"}
    options.picture(builder, given, capabilities)
    target, path = builder.spec.generation_config, "generation_config"
    set_once(builder, target, "temperature", given.temperature, "temperature", path)
    set_once(builder, target, "top_p", given.top_p, "top_p", path)
    set_once(builder, target, "max_output_tokens", given.max_output_tokens, "max_output_tokens", path)
    if given.reasoning is not None:
        options.effort(builder, given.reasoning.effort, "reasoning.effort", capabilities)
        if given.reasoning.summary is not None:
            options.thoughts(builder, True, "reasoning.summary")
    if given.image_delivery == "url" and (tool := image_tool(given)) is not None and tool.partial_images:
        words = "is only for pictures in the answer; leave it out, since a URL sends its picture while that is drawn"
        builder.refuse("image_delivery", words)
    provider_options.read(builder, given)
    options.labels(builder, given.user, given.metadata, capabilities)
    if given.extra_body is not None:
        builder.spec.extra_body.CopyFrom(builder.struct(given.extra_body, "extra_body"))
    builder.done(capabilities)
    return builder


def completion_of(response_id: str) -> str:
    """The id of the answer that a response is; "" where it is no response's."""
    match = _RESPONSE.fullmatch(response_id)
    return f"cmpl-{match[1]}" if match else ""


def image_tool(given: ResponsesRequest) -> ImageTool | None:
    """The image_generation tool, if there is one."""
    return next((tool for tool in given.tools or () if isinstance(tool, ImageTool)), None)


def _include(builder: SpecBuilder, names: list[str]) -> None:
    for i, name in enumerate(names):
        if name != INCLUDE and not name.startswith(_NEVER_HERE):
            builder.unsupported(f"include[{i}]", f'is not supported; use "{INCLUDE}" or leave it out')


def _tools(builder: SpecBuilder, given: ResponsesRequest, capabilities: Capabilities) -> None:
    """Functions and search become tools of the model; image_generation becomes a modality of the answer."""
    functions = pb.FunctionDeclarations()
    drawn: list[str] = []
    searches: list[tuple[str, SearchOptions]] = []
    for i, tool in enumerate(given.tools or ()):
        field = f"tools[{i}]"
        if isinstance(tool, ImageTool):
            drawn.append(field)
            if tool.model and not tool.model.startswith("gpt-image") and tool.model != given.model:
                words = "names another model than the request's, which draws; leave it out"
                builder.unsupported(f"{field}.model", words)
            options.picture(builder, tool, capabilities, f"{field}.")
            options.file_format(builder, tool.output_format, tool.output_compression, f"{field}.")
            options.drafts(builder, tool.partial_images, capabilities, f"{field}.partial_images")
        elif isinstance(tool, WebSearchTool):
            searches.append((field, tool))
        else:
            made = functions.declarations.add(name=tool.name, description=tool.description or "")
            if tool.parameters is not None:
                made.parameters.CopyFrom(builder.struct(tool.parameters, f"{field}.parameters"))
    if len(drawn) > 1:
        builder.refuse(drawn[1], "is a second image_generation; leave it out")
    if functions.declarations:
        builder.spec.tools.add(functions=functions)
        for j in range(len(functions.declarations)):
            builder.from_field(f"tools[0].functions.declarations[{j}]", "tools")
    choice = given.tool_choice
    # Google refuses its search beside the wish that no tool is called.
    provider_options.searches(builder, [] if choice == "none" else searches)
    # Without any tool, a model that draws draws; with other tools only, it answers with text and calls.
    draws = drawn or not (given.tools or capabilities.talks)
    modalities = [pb.Modality.MODALITY_TEXT, *([pb.Modality.MODALITY_IMAGE] if draws else [])]
    if isinstance(choice, NamedTool) and choice.type == "image_generation":
        if not drawn:
            builder.refuse("tool_choice", "names a tool that is not in tools")
        modalities = [pb.Modality.MODALITY_IMAGE]
    elif choice == "required" and not functions.declarations:
        if not drawn:
            builder.refuse("tool_choice", "needs functions or image_generation in tools; add them, or leave it out")
        modalities = [pb.Modality.MODALITY_IMAGE]
    elif choice == "none":
        modalities = [pb.Modality.MODALITY_TEXT]
    if not extra_fields.says_modalities(given.extra_body):
        builder.spec.response_modalities.extend(modalities)
    if functions.declarations and choice is not None and choice != "auto":
        _function_choice(builder, choice)


def _function_choice(builder: SpecBuilder, choice: str | NamedTool) -> None:
    if isinstance(choice, NamedTool) and choice.type == "image_generation":
        return
    config = builder.spec.tool_config
    config.mode = "NONE" if choice == "none" else "ANY"
    if isinstance(choice, NamedTool):
        config.allowed_function_names.append(choice.name or "")
    builder.from_field("tool_config", "tool_choice")
