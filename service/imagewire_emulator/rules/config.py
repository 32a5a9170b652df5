"""The rules of generationConfig."""

import math
from typing import Any

from imagewire_emulator.errors import broken, invalid, out_of_range
from imagewire_emulator.models import ALL_RATIOS, ALL_SIZES, Model
from imagewire_emulator.texts import JSON_TYPES

Json = dict[str, Any]

_TEXT_TYPES = ("text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum")
_MOST_STOPS = 5
_MOST_OUTPUT = 32_768
_PICTURE_TYPES = ("image/png", "image/jpeg")
_PENALTIES = {"presencePenalty": "presence_penalty", "frequencyPenalty": "frequency_penalty"}
# name → the lowest and the highest value, and Vertex AI's words for the limit above it
_RANGES = {"temperature": (0, 2, "2.0001"), "topP": (0, 1, "1.0001")}


def check(config: Json, model: Model, *, vertex: bool) -> None:
    """Raise ApiError for a value that the model or the API does not take."""
    _check_numbers(config, vertex=vertex)
    _check_stops(config, vertex=vertex)
    _check_output(config, model, vertex=vertex)
    _check_thinking(config.get("thinkingConfig", {}), model, vertex=vertex)
    _check_image(config.get("imageConfig", {}), model)
    if "mediaResolution" in config and not model.media_resolution and not vertex:
        raise invalid("Media resolution is not enabled for this model")


def _check_numbers(config: Json, *, vertex: bool) -> None:
    for name, (low, high, above) in _RANGES.items():
        value = config.get(name, low)
        if not low <= value <= high:
            if vertex:
                raise out_of_range(name, value, f"from {low} (inclusive) to {above} (exclusive)")
            field = "top_p" if name == "topP" else name
            raise broken(f"generation_config.{field}", f"{field} must be in the range [{low:.1f}, {high:.1f}].")
    for name, field in _PENALTIES.items():
        if not -2 <= (value := config.get(name, 0)) < 2:
            if vertex:
                raise out_of_range(name, value, "from -2.0 (inclusive) to 2.0 (exclusive)")
            raise broken(f"generation_config.{field}", f"{field} must be in the range [-2.0, 2.0).")
    if config.get("topK", 0) < 0 and not vertex:
        raise broken("generation_config.top_k", "top_k must be non-negative.")
    limits = {"maxOutputTokens": _MOST_OUTPUT} | ({"topK": 64} if vertex else {})
    for name, most in limits.items():
        value = config.get(name, 1)
        if not 1 <= value <= most:
            if vertex or value > most:
                shown = int(value) if math.isfinite(value) else value
                raise out_of_range(name, shown, f"from 1 (inclusive) to {most + 1} (exclusive)")
            raise broken("generation_config.max_output_tokens", "max_output_tokens must be positive.")


def _check_stops(config: Json, *, vertex: bool) -> None:
    if "stopSequences" not in config:
        return
    count = len(config["stopSequences"])
    if "" in config["stopSequences"]:
        where = f"generation_config.stop_sequences[{config['stopSequences'].index('')}]"
        raise broken(where, "must not be empty.")
    if vertex and not 1 <= count <= _MOST_STOPS:
        raise out_of_range("stopSequences", count, f"from 1 (inclusive) to {_MOST_STOPS + 1} (exclusive)")
    if count > _MOST_STOPS:
        raise broken("generation_config.stop_sequences", f"the number of stop_sequences must not exceed {_MOST_STOPS}.")


def _check_output(config: Json, model: Model, *, vertex: bool) -> None:
    others = [kind for kind in config.get("responseModalities", ()) if kind in ("AUDIO", "VIDEO")]
    if others:
        raise invalid(f"Model does not support the requested response modalities: {','.join(others).lower()}")
    if (count := config.get("candidateCount", 1)) != 1:
        if vertex:
            raise invalid(
                f"Unable to submit request because candidateCount must be 1 but the entered value was {count}."
                " Update the candidateCount value and try again."
            )
        raise invalid("Multiple candidates is not enabled for this model")
    mime_type = config.get("responseMimeType", _TEXT_TYPES[0])
    if mime_type not in _TEXT_TYPES:
        *most, last = (f"`{name}`" for name in _TEXT_TYPES)
        words = f"allowed mimetypes are {', '.join(most)} and {last}."
        raise broken("generation_config.response_mime_type", words)
    asks = mime_type != _TEXT_TYPES[0] or "responseSchema" in config or "responseJsonSchema" in config
    if asks and not model.structured:
        raise invalid("JSON mode is not enabled for this model")
    _check_structured(config, mime_type)
    if config.get("responseLogprobs") or "logprobs" in config:
        raise invalid("Logprobs is not enabled for this model")


def _check_structured(config: Json, mime_type: str) -> None:
    schemas = [name for name in ("responseSchema", "responseJsonSchema") if name in config]
    if len(schemas) > 1:
        raise broken("generation_config", "only one of response_schema and response_json_schema may be set.")
    if schemas and mime_type not in JSON_TYPES:
        field = "response_schema" if schemas == ["responseSchema"] else "response_json_schema"
        raise broken(f"generation_config.{field}", "only allowed when response_mime_type is application/json.")
    if mime_type == "text/x.enum" and not any(config[name].get("enum") for name in schemas):
        raise broken("generation_config.response_schema", "text/x.enum requires a schema with an enum.")


def _check_thinking(thinking: Json, model: Model, *, vertex: bool) -> None:
    if not thinking:
        return
    if model.series < 3:
        raise invalid("Thinking is not enabled for this model")
    if len(thinking.keys() - {"includeThoughts"}) > 1:
        raise invalid("You can only set only one of thinking budget and thinking level.")
    budget = thinking.get("thinkingBudget", -1)
    if budget == 0 and model.always_thinks:
        if vertex:
            raise invalid("Unable to submit request because The model does not support setting thinking_budget to 0.")
        raise invalid("Budget 0 is invalid. This model only works in thinking mode.")
    if not -1 <= budget <= _MOST_OUTPUT:
        raise invalid(f"The thinking budget ({budget}) is invalid.")


def _check_image(image: Json, model: Model) -> None:
    ratio, size, output = image.get("aspectRatio"), image.get("imageSize"), image.get("imageOutputOptions", {})
    if (mime_type := output.get("mimeType", _PICTURE_TYPES[0])) not in _PICTURE_TYPES:
        raise invalid(f"Unsupported output mime type: {mime_type[:60]}. Supported: {' and '.join(_PICTURE_TYPES)}.")
    if not 0 <= (quality := output.get("compressionQuality", 75)) <= 100:
        raise out_of_range("compressionQuality", quality, "from 0 (inclusive) to 101 (exclusive)")
    if ratio is not None and ratio not in ALL_RATIOS:
        *most, last = (f"'{name}'" for name in ALL_RATIOS)
        words = f"aspect_ratio must be one of {', '.join(most)}, or {last}."
        raise broken("generation_config.image_config.aspect_ratio", words)
    if ratio is not None and ratio not in model.ratios:
        raise invalid(f"Aspect ratio {ratio} is not supported for this model")
    if size is None or not model.checks_size:
        return
    if size not in ALL_SIZES:
        raise invalid(f"Unsupported image_size '{size}'. Supported values are: 1K, 2K, 4K, 512, 512P, 512PX.")
    if size not in model.tokens:
        raise invalid(f"Image size {size} is not supported for this model")
