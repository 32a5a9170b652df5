"""usageMetadata: one token per four characters, 258 per input picture; drawn pictures as in the model's table."""

from typing import Any

from imagewire_emulator.models import Model
from imagewire_emulator.plan import Plan

Json = dict[str, Any]

TEXT_TOKENS = 9
_THOUGHT_TOKENS = 60


def thought_tokens(model: Model) -> int:
    """The tokens that a model thinks."""
    return 0 if model.series < 3 else _THOUGHT_TOKENS


def picture_tokens(plan: Plan, request: Json, model: Model) -> int:
    """The tokens of one picture."""
    size = plan.size or request.get("generationConfig", {}).get("imageConfig", {}).get("imageSize", "1K")
    return model.tokens.get(size, 1120)


def prompt_tokens(request: Json) -> list[Json]:
    """The tokens of a prompt, by modality."""
    parts = [part for content in request.get("contents", ()) for part in content.get("parts", ())]
    parts += request.get("systemInstruction", {}).get("parts", ())
    text_in = max(1, sum(len(part.get("text", "")) for part in parts) // 4)
    image_in = 258 * sum("inlineData" in part or "fileData" in part for part in parts)
    prompt = [{"modality": "TEXT", "tokenCount": text_in}]
    if image_in:
        prompt.append({"modality": "IMAGE", "tokenCount": image_in})
    return prompt


def usage(plan: Plan, request: Json, model: Model, images: int, *, vertex: bool, cached: int = 0) -> Json:
    """The usage of the whole answer. images: its number of final pictures. cached: tokens of the cached content."""
    prompt = prompt_tokens(request)
    image_out = picture_tokens(plan, request, model) * images
    text_out = 0 if plan.block else TEXT_TOKENS * plan.layout.count("text")
    thoughts = 0 if plan.block else thought_tokens(model)
    if plan.most_tokens:
        thoughts = min(thoughts, plan.most_tokens)
        text_out = min(text_out, plan.most_tokens - thoughts - image_out)
    total_in = cached + sum(entry["tokenCount"] for entry in prompt)
    made: Json = {"promptTokenCount": total_in, "promptTokensDetails": prompt}
    if cached:
        made["cachedContentTokenCount"] = cached
    if image_out + text_out:
        details = [{"modality": "IMAGE", "tokenCount": image_out}] if image_out else []
        made |= {"candidatesTokenCount": image_out + text_out, "candidatesTokensDetails": details}
    if thoughts:
        made["thoughtsTokenCount"] = thoughts
    made["totalTokenCount"] = total_in + image_out + text_out + thoughts
    if vertex:
        made["trafficType"] = "ON_DEMAND"
    if tier := request.get("serviceTier"):
        made["serviceTier"] = tier
    return _changed(made, plan.usage, image_out)


def before_the_end(whole: Json) -> Json:
    """The usage in an event before the last one: the tokens of the prompt."""
    made: Json = {name: whole[name] for name in ("promptTokenCount", "promptTokensDetails") if name in whole}
    if "totalTokenCount" in whole:
        made["totalTokenCount"] = whole["promptTokenCount"]
    return made


def _changed(made: Json, how: str, image_out: int) -> Json:
    match how:
        case "split":
            halves = [{"modality": "IMAGE", "tokenCount": count} for count in (image_out - 100, 100)]
            return made | {"candidatesTokensDetails": halves}
        case "bare":
            return {name: value for name, value in made.items() if not name.endswith("Details")}
        case "odd":
            details = [{"modality": "image", "tokenCount": str(image_out)}, {"modality": "HOLOGRAM", "tokenCount": -1}]
            odd = made | {"candidatesTokensDetails": details, "cachedContentTokenCount": -5, "newTokenCount": 7}
            odd.pop("totalTokenCount")
            return odd
    return made
