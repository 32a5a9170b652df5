"""Fields that only one of the two APIs has. The other one does not know their names."""

from collections.abc import Iterator
from typing import Any

from imagewire_emulator.errors import unknown_name

Json = dict[str, Any]

_VERTEX = {
    "request": ("outputConfig", "modelArmorConfig"),
    "config": ("audioTimestamp", "routingConfig", "modelSelectionConfig"),
    "image": ("personGeneration", "prominentPeople", "imageOutputOptions"),
    "safety": ("method",),
    "tool": ("retrieval", "enterpriseWebSearch", "parallelAiSearch", "exaAiSearch"),
    "search": ("excludeDomains", "blockingConfidence"),
}
_GEMINI = {
    "request": ("store",),
    "config": ("enableEnhancedCivicAnswers",),
    "tool": ("fileSearch", "mcpServers"),
    "search": ("timeRangeFilter",),
    "tool_config": ("includeServerSideToolInvocations",),
    "part": ("toolCall", "toolResponse", "partMetadata"),
}


def check(request: Json, *, vertex: bool) -> None:
    """Raise ApiError for a field that this API does not have."""
    others = _GEMINI if vertex else _VERTEX
    for kind, path, value in _objects(request):
        for name in others.get(kind, ()):
            if name in value:
                raise unknown_name(name, path)


def _objects(request: Json) -> Iterator[tuple[str, str, Json]]:
    """Kind, path and value of the objects that have such fields."""
    config = request.get("generationConfig", {})
    yield "request", "", request
    yield "config", "generation_config", config
    yield "image", "generation_config.image_config", config.get("imageConfig", {})
    yield "tool_config", "tool_config", request.get("toolConfig", {})
    for i, setting in enumerate(request.get("safetySettings", ())):
        yield "safety", f"safety_settings[{i}]", setting
    for i, tool in enumerate(request.get("tools", ())):
        yield "tool", f"tools[{i}]", tool
        yield "search", f"tools[{i}].google_search", tool.get("googleSearch", {})
    for i, content in enumerate(request["contents"]):
        for j, part in enumerate(content["parts"]):
            yield "part", f"contents[{i}].parts[{j}]", part
