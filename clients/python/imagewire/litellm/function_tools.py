"""Reads OpenAI's functions among the tools of `completion`, and `tool_choice`. Sans-IO."""

from collections.abc import Iterable, Mapping
from typing import Any

from imagewire.errors import invalid
from imagewire.json_struct import struct
from imagewire.litellm.drops import Drops
from imagewire.litellm.search_tool import search_tools
from imagewire.v1.spec_pb2 import FunctionDeclaration, FunctionDeclarations, Tool, ToolConfig

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "any": "ANY"}
_SHAPE = 'must be {"type": "function", "function": {"name": …, "description": …, "parameters": {…}}}'


def read_tools(given: Iterable[Any], drops: Drops) -> list[Tool]:
    """The tools: all functions in one, then Google Search. Raises InvalidRequest."""
    functions: list[FunctionDeclaration] = []
    searches: dict[int, Any] = {}
    for i, tool in enumerate(given):
        if isinstance(tool, Mapping) and (tool.get("type") == "function" or "function" in tool):
            functions.append(_function(tool, f"tools[{i}]", drops))
        else:
            searches[i] = tool
    made = [Tool(functions=FunctionDeclarations(declarations=functions))] if functions else []
    return made + search_tools(searches)


def read_choice(given: str | Mapping[str, Any] | None, tools: Iterable[Tool]) -> ToolConfig | None:
    """Which functions must be called. Raises InvalidRequest. tools: without any, a choice may only be none or auto."""
    if given in ("auto", "none") and not tools:
        return None
    if given is not None and given not in ("auto", "none") and not any(tool.HasField("functions") for tool in tools):
        raise invalid("tool_choice", "needs functions in tools; add them, or leave it out")
    match given:
        case None:
            return None
        case str() if given in _MODES:
            return ToolConfig(mode=_MODES[given])
        case {"type": "function", "function": {"name": str(name), **rest}} if not rest:
            return ToolConfig(mode="ANY", allowed_function_names=[name])
    raise invalid("tool_choice", 'must be auto, none, required or {"type": "function", "function": {"name": …}}')


def _function(tool: Mapping[str, Any], field: str, drops: Drops) -> FunctionDeclaration:
    function = tool.get("function")
    if tool.keys() - {"type", "function", "cache_control"} or not isinstance(function, Mapping):
        raise invalid(field, _SHAPE)
    drops.cache_control(tool.get("cache_control"), field)
    # OpenAI's `strict` changes nothing: Google has no such option, and openai's helpers always set it.
    given = {key: value for key, value in function.items() if value is not None and key != "strict"}
    match given:
        case {"name": str(name), **rest} if rest.keys() <= {"description", "parameters"}:
            description, parameters = rest.get("description", ""), rest.get("parameters")
        case _:
            raise invalid(f"{field}.function", _SHAPE)
    if not isinstance(description, str) or not isinstance(parameters, Mapping | None):
        raise invalid(f"{field}.function", _SHAPE)
    try:
        schema = struct(parameters) if parameters is not None else None
    except ValueError as error:
        raise invalid(f"{field}.function.parameters", str(error)) from None
    return FunctionDeclaration(name=name, description=description, parameters=schema)
