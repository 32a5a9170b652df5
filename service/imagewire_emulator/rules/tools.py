"""The rules of tools."""

import re
from typing import Any

from imagewire_emulator.errors import broken, invalid
from imagewire_emulator.models import Model

Json = dict[str, Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_MOST = 512
_BAD_NAME = (
    "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores"
    " (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
)


def check(request: Json, model: Model, *, vertex: bool) -> None:
    """Raise ApiError for tools that are incomplete, or that this model does not have."""
    given = request.get("tools", ())
    for i, tool in enumerate(given):
        if not any(value or kind != "functionDeclarations" for kind, value in tool.items()):
            raise broken(f"tools[{i}].tool_type", "required one_of 'tool_type' must have one initialized field")
    functions = [
        (f"tools[{i}].function_declarations[{j}]", function)
        for i, tool in enumerate(given)
        for j, function in enumerate(tool.get("functionDeclarations", ()))
    ]
    for i, tool in enumerate(given):
        if len(tool.get("functionDeclarations", ())) > _MOST:
            raise broken(
                f"tools[{i}].function_declarations", f"At most {_MOST} function declarations can be specified."
            )
    _check_names(functions)
    options = request.get("toolConfig", {})
    server_side = options.get("includeServerSideToolInvocations")
    if "functionCallingConfig" in options and not (functions or server_side or vertex):
        raise invalid("Function calling config is set without function_declarations.")
    _check_allowed(options.get("functionCallingConfig", {}), {function.get("name") for _, function in functions})
    if model.series < 3:
        if functions:
            raise invalid("Function calling is not enabled for this model")
        if any("googleSearch" in tool for tool in given):
            raise invalid("Search as tool is not enabled for this model")
        if any("codeExecution" in tool for tool in given):
            raise invalid("Code execution is not enabled for this model")
    built_in = any(set(tool) - {"functionDeclarations"} for tool in given)
    both = functions and built_in and not vertex
    if both and not server_side:
        raise invalid(
            "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function"
            " calling."
        )


def _check_allowed(options: Json, declared: set[Any]) -> None:
    allowed = options.get("allowedFunctionNames", ())
    if allowed and options.get("mode", "AUTO") not in ("ANY", "VALIDATED"):
        raise invalid("allowed_function_names should only be set when the function calling mode is ANY or VALIDATED.")
    if not declared.issuperset(allowed):
        raise invalid("allowed_function_names should be a subset of the provided function_declarations.")


def _check_names(functions: list[tuple[str, Json]]) -> None:
    seen = set()
    for path, function in functions:
        name = function.get("name", "")
        if not _NAME.fullmatch(name):
            raise broken(f"{path}.name", _BAD_NAME)
        if name in seen:
            raise invalid(f"Duplicate function declaration found: {name}")
        seen.add(name)
