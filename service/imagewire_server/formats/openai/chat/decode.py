"""Convert a chat request to a spec."""

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.chat.messages import read
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common import options, provider_options
from imagewire_server.formats.openai.common.options import set_once
from imagewire_server.formats.openai.common.shared_request import SearchOptions
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder


def spec_of(given: ChatRequest, capabilities: Capabilities) -> SpecBuilder:
    """Return the spec and the origins of its fields. Raises InvalidRequest with the caller's field names."""
    builder = SpecBuilder(given.model, drops=bool(given.drop_params))
    read(builder, given.messages)
    options.modalities(builder, given.modalities)
    options.picture(builder, given, capabilities)
    _generation(builder, given)
    _thinking(builder, given, capabilities)
    _tools(builder, given)
    provider_options.read(builder, given)
    builder.spec.cached_content = given.cached_content or ""
    options.labels(builder, given.user, given.metadata, capabilities)
    if given.extra_body is not None:
        builder.spec.extra_body.CopyFrom(builder.struct(given.extra_body, "extra_body"))
    if given.stream_options is not None and not given.stream:
        builder.refuse("stream_options", "is only for streams; set stream, or leave it out")
    builder.done(capabilities)
    return builder


def _generation(builder: SpecBuilder, given: ChatRequest) -> None:
    target, path = builder.spec.generation_config, "generation_config"
    for name, value, field in (
        ("temperature", given.temperature, "temperature"),
        ("top_p", given.top_p, "top_p"),
        ("top_k", given.top_k, "top_k"),
        ("candidate_count", given.n, "n"),
        ("max_output_tokens", given.max_completion_tokens, "max_completion_tokens"),
        ("max_output_tokens", given.max_tokens, "max_tokens"),
        ("seed", given.seed, "seed"),
        ("presence_penalty", given.presence_penalty, "presence_penalty"),
        ("frequency_penalty", given.frequency_penalty, "frequency_penalty"),
        ("media_resolution", given.media_resolution, "media_resolution"),
    ):
        set_once(builder, target, name, value, field, path)
    if given.stop is not None and not given.stop:
        builder.cleared.add(f"{path}.stop_sequences")
    elif given.stop:
        target.stop_sequences.extend([given.stop] if isinstance(given.stop, str) else given.stop)
        builder.from_field(f"{path}.stop_sequences", "stop")


def _thinking(builder: SpecBuilder, given: ChatRequest, capabilities: Capabilities) -> None:
    options.effort(builder, given.reasoning_effort, "reasoning_effort", capabilities)
    if given.reasoning is not None:
        options.effort(builder, given.reasoning.effort, "reasoning.effort", capabilities)
        disabled = "none" if given.reasoning.enabled is False else None
        options.effort(builder, disabled, "reasoning.enabled", capabilities)
        options.budget(builder, given.reasoning.max_tokens, "reasoning.max_tokens")
        excluded = given.reasoning.exclude
        options.thoughts(builder, None if excluded is None else not excluded, "reasoning.exclude")
    if given.thinking is not None:
        off = given.thinking.type == "disabled"
        options.budget(builder, 0 if off else given.thinking.budget_tokens, "thinking")
    options.thoughts(builder, given.include_reasoning, "include_reasoning")


def _tools(builder: SpecBuilder, given: ChatRequest) -> None:
    functions = pb.FunctionDeclarations()
    searches: list[tuple[str, SearchOptions]] = []
    if given.web_search_options is not None:
        searches.append(("web_search_options", SearchOptions()))
    for i, tool in enumerate(given.tools or ()):
        field = f"tools[{i}]"
        if tool.function is not None:
            made = functions.declarations.add(name=tool.function.name, description=tool.function.description or "")
            if tool.function.parameters is not None:
                made.parameters.CopyFrom(builder.struct(tool.function.parameters, f"{field}.function.parameters"))
            at = len(functions.declarations) - 1
            builder.from_field(f"tools[0].functions.declarations[{at}]", f"{field}.function")
        elif tool.google_search is not None:
            searches.append((f"{field}.google_search", tool.google_search))
        elif tool.google_search_ is not None:
            searches.append((f"{field}.googleSearch", tool.google_search_))
        elif tool.type in {"google_search", "web_search"}:
            searches.append((field, SearchOptions()))
        else:
            builder.refuse(field, "is empty; set function or google_search")
    if functions.declarations:
        builder.spec.tools.add(functions=functions)
    choice = given.tool_choice
    # Google refuses its search beside the wish that no tool is called.
    provider_options.searches(builder, [] if choice == "none" else searches)
    if given.tools is not None and not builder.spec.tools:
        builder.cleared |= {"tools", "tool_config"}
    if choice is not None:
        modes = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
        config = builder.spec.tool_config
        config.mode = modes[choice] if isinstance(choice, str) else "ANY"
        if not isinstance(choice, str):
            config.allowed_function_names.append(choice.function.name)
        builder.from_field("tool_config", "tool_choice")
        if config.mode == "ANY" and not functions.declarations:
            builder.refuse("tool_choice", "needs functions in tools; add them, or leave it out")
