"""Adapts a plan to a request, and lists the requested pictures."""

from dataclasses import replace
from typing import Any

from imagewire_emulator import answer
from imagewire_emulator.draw import Wish
from imagewire_emulator.limits import limited
from imagewire_emulator.models import Model
from imagewire_emulator.plan import PICTURES, Plan
from imagewire_emulator.rules.parts import DRAWABLE
from imagewire_emulator.texts import structured

_TEXTS = ("text", "thought", "unicode")
_BOTH = ["TEXT", "IMAGE"]


def adapted(plan: Plan, wanted: dict[str, Any], model: Model) -> Plan:
    """The plan, changed by the request's modalities, limits and options."""
    config = wanted.get("generationConfig", {})
    if not model.checks_size:
        plan = replace(plan, size=plan.size or "1K")
    kinds = [kind for kind in config.get("responseModalities", ()) if kind != "MODALITY_UNSPECIFIED"] or _BOTH
    layout = plan.layout
    if plan.finish == "CONTINUATION" and "continuationToken" in wanted:
        plan, layout = replace(plan, finish="STOP"), ("image",)
    if answer.called_function(wanted):
        layout = ()
    elif model.series == 3 and config.get("thinkingConfig", {}).get("includeThoughts") and layout == ("text", "image"):
        layout = ("thought", "draft", "text", "image")
    if "IMAGE" not in kinds:
        layout = tuple(kind for kind in layout if kind not in PICTURES)
    if "TEXT" not in kinds:
        layout = tuple(kind for kind in layout if kind not in _TEXTS) or layout
    if structured(wanted):  # two would be no JSON
        layout = tuple(kind for at, kind in enumerate(layout) if kind != "text" or kind not in layout[:at])
    return limited(replace(plan, layout=() if plan.block else layout), wanted, model)


def wishes(plan: Plan, wanted: dict[str, Any]) -> list[Wish]:
    """A Wish for each picture of the layout; each later one gets another seed."""
    config = wanted.get("generationConfig", {})
    image = config.get("imageConfig", {})
    options = image.get("imageOutputOptions", {})
    inputs = [
        part["inlineData"]["data"]
        for content in wanted["contents"]
        for part in content["parts"]
        if part.get("inlineData", {}).get("mimeType") in DRAWABLE
    ]
    first = Wish(
        prompt=answer.prompt_of(wanted),
        seed=config.get("seed", 0),
        ratio=image.get("aspectRatio", "1:1"),
        size=plan.size or image.get("imageSize", "1K"),
        mime_type=options.get("mimeType", "image/png"),
        quality=options.get("compressionQuality", 85),
        inputs=tuple(inputs[-1:]),
        exact_bytes=plan.exact_bytes,
    )
    count = sum(kind in PICTURES for kind in plan.layout)
    return [replace(first, seed=first.seed + i) for i in range(count)]
