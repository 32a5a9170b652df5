"""All rules in their order."""

import re
from typing import Any

from imagewire_emulator.errors import broken, invalid
from imagewire_emulator.models import Model
from imagewire_emulator.rules import api_fields, config, parts, schemas, signatures, tools, turns

Json = dict[str, Any]

_MOST_LABELS = 64
# Letters of any script without a case, and lower-case ones.
_LABEL_VALUE = re.compile(r"(?:(?![A-Z])[\w-]){0,63}")
_LABEL_NAME = re.compile(r"(?![\d_-])(?:(?![A-Z])[\w-]){1,63}")
_BAD_LABEL = (
    "Only lowercase letters, numbers, underscores and dashes are allowed, at most 63 of them, and a key must start with"
    " a letter."
)


def check(request: Json, model: Model, *, vertex: bool) -> None:
    """Raise ApiError for anything that this model refuses on this API."""
    contents = request.get("contents") or []
    if not contents:
        raise broken("contents", "contents is not specified")
    for i, content in enumerate(contents):
        if not content.get("parts"):
            raise broken(f"contents[{i}].parts", "contents.parts must not be empty.")
    api_fields.check(request, vertex=vertex)
    turns.check_roles(contents, vertex=vertex)
    _check_safety(request.get("safetySettings", ()), vertex=vertex)
    _check_labels(request.get("labels", {}))
    tools.check(request, model, vertex=vertex)
    schemas.check(request, vertex=vertex)
    config.check(request.get("generationConfig", {}), model, vertex=vertex)
    if "systemInstruction" in request and not model.system_instruction and not vertex:
        raise invalid(f"Developer instruction is not enabled for models/{model.id}")
    if request.get("continuationToken") not in (None, signatures.CONTINUATION_TOKEN):
        raise invalid("The continuation token is not valid.")
    if not request.get("outputConfig", {}).get("outputUriPrefix", "gs://").startswith("gs://"):
        raise invalid("The output URI prefix must be a Cloud Storage URI: gs://...")
    parts.check(contents, model, vertex=vertex)
    turns.check_functions(contents)
    if model.series == 3:
        signatures.check(contents, vertex=vertex)
    if "cachedContent" in request:
        _check_cached(request, vertex=vertex)


def _check_safety(settings: list[Json], *, vertex: bool) -> None:
    for i, setting in enumerate(settings):
        category = setting.get("category", "HARM_CATEGORY_UNSPECIFIED")
        if category in (each.get("category") for each in settings[:i]):
            raise broken(f"safety_settings[{i}].category", f"{category} is set more than once.")
        if category.endswith("_UNSPECIFIED") or (not vertex and "_IMAGE_" in category):
            names = ["HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "HARASSMENT", "CIVIC_INTEGRITY"]
            known = ", ".join(f"HarmCategory.HARM_CATEGORY_{name}" for name in names)
            raise broken(f"safety_settings[{i}]", f"element predicate failed: $.category in ({known})")


def _check_labels(labels: dict[str, str]) -> None:
    if len(labels) > _MOST_LABELS:
        raise broken("labels", f"must have at most {_MOST_LABELS} labels.")
    for name, value in labels.items():
        if not _LABEL_NAME.fullmatch(name) or not _LABEL_VALUE.fullmatch(value):
            raise broken(f"labels[{name[:60]}]", _BAD_LABEL)


def _check_cached(request: Json, *, vertex: bool) -> None:
    if any(field in request for field in ("systemInstruction", "tools", "toolConfig")):
        if vertex:
            words = (
                "Tool config, tools and system instruction should not be set in the request when using cached content."
            )
        else:
            words = (
                "CachedContent can not be used with GenerateContent request setting system_instruction, tools or"
                " tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request."
            )
        raise invalid(words)
