"""What `drop_params` may leave out of a request: options that the model does not take.

It never leaves out what guards or limits something, what says which data is used or where it goes, or the request's own
content.
"""

import re

# Words in the name of a field that guards or limits something. Unknown fields with them are refused in any case.
_GUARDS = re.compile(
    r"guard|safe|moderat|polic|filter|block|allow|deny|exclud|censor|forbid|redact|pii|armor|limit|max|budget|person"
    r"|people|region|location|residency|zdr|data_collection|retention|privacy"
    r"|\b(?:rpm|tpm|rpd|tpd|itpm|otpm)\b",  # LiteLLM's limits: requests and tokens by minute or day
    re.IGNORECASE,
)
# Options whose values may be left out where they are not supported.
_OPTIONS = frozenset(
    {
        *("modalities", "response_format", "logprobs", "top_logprobs", "store", "parallel_tool_calls"),
        *("web_search_options", "usage", "output_format", "quality", "background", "style", "text", "truncation"),
        *("include", "prediction", "audio", "stream_options", "reasoning", "service_tier", "metadata", "size"),
        *("verbosity", "logit_bias", "input_fidelity"),
    }
)
# Such options inside other fields.
_INSIDE = re.compile(r"(messages|input)\[\d+\]\..*\bdetail|tools\[\d+\]\.input_fidelity")
# Fields of a spec that a model may lack. A field that a capability refuses is one of these, or it is refused.
_SPEC = re.compile(
    r"(spec\.(image_config\.(aspect_ratio|image_size|output_options(?:\.(?:mime_type|compression_quality))?)"
    r"|labels|service_tier"
    r"|generation_config\.(thinking_config|media_resolution|temperature|top_p|top_k|seed"
    r"|presence_penalty|frequency_penalty|stop_sequences)"
    r"|messages\[\d+\]\.((parts\[\d+\]\.)?(function_response\.images\[\d+\]|image)\.detail)))"
    r"(\..*)?"
)
_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")


def is_unknown_droppable(field: str) -> bool:
    """Whether a field that this API does not know may be left out."""
    return _GUARDS.search(field) is None


def has_guard(value: object) -> bool:
    """Whether a value holds a field that guards or limits something, at any depth."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                if any(_GUARDS.search(name) for name in fields):
                    return True
                waiting += fields.values()
            case list() as items:
                waiting += items
    return False


def is_option(field: str) -> bool:
    """Whether the value of a known field may be left out if it is not supported."""
    return re.split(r"[.\[]", field, maxsplit=1)[0] in _OPTIONS or _INSIDE.fullmatch(field) is not None


def clear(spec: object, path: str) -> str:
    """Leave a field out of a spec, if it may be, and return its path, else "".

    path: that of a violation of a capability.
    """
    match = _SPEC.fullmatch(path)
    if match is None:
        return ""
    target: object = spec
    *above, (last, _) = _STEP.findall(match[1].removeprefix("spec."))
    for name, index in above:
        target = getattr(target, name)
        if index:
            target = target[int(index)]  # type: ignore[index]  # a repeated field
    target.ClearField(last)  # type: ignore[attr-defined]  # a message
    if above[-1:] == [("output_options", "")] and not target.ListFields():  # type: ignore[attr-defined]
        spec.image_config.ClearField("output_options")  # type: ignore[attr-defined]  # nothing is asked of it any more
    return match[1]
