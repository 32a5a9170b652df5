"""The table of the contract's constraints, and the code that checks a request and names violations by field path.

The comments in protos/ document the same. A field without constraints is in the table too, so that a test can find
fields that were forgotten.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor

from imagewire_server.contract import image_rules, message_rules, native_rules, pb, rules
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.rules import Each, at_most, between, chosen, defined, finite, matches, required

FRAME_MIN, FRAME_DEFAULT, FRAME_MAX = 16 * 1024, 256 * 1024, 2 * 1024 * 1024

# The maximum number of violations in an error.
_MOST_NAMED = 64

_INF = float("inf")
_frame = between(FRAME_MIN, FRAME_MAX, zero_too=True)
_model_name = matches(r"[A-Za-z0-9](?:[\w:@-]|[./](?![./]))*", 'a model name such as "gemini/gemini-2.5-flash-image"')
_word = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_media_type = matches(rf"{_word}/{_word}(;[ -~]{{1,2100}})?", 'a media type such as "audio/wav"')
_image_type = matches(rf"image/{_word}|{image_rules.UNTOLD_TYPE}", 'a media type such as "image/png"')
_function_name = matches(r"[A-Za-z_][\w.:-]*", "letters, digits and _ . : -, starting with a letter or _")

CHECKS: Mapping[str, tuple[rules.Check | Each, ...]] = {
    "CreateCompletionRequest.spec": (required,),
    "CreateCompletionRequest.request_id": (rules.uuid,),
    "CreateCompletionRequest.on_disconnect": (defined(pb.OnDisconnect),),
    "CreateCompletionRequest.cache_ttl": (rules.duration,),
    "CreateCompletionRequest.max_inline_bytes": (between(0, _INF),),
    "StreamCompletionRequest.spec": (required,),
    "StreamCompletionRequest.request_id": (rules.uuid,),
    "StreamCompletionRequest.on_disconnect": (defined(pb.OnDisconnect),),
    "StreamCompletionRequest.cache_ttl": (rules.duration,),
    "StreamCompletionRequest.max_frame_bytes": (_frame,),
    "StreamCompletionRequest.batch": (),
    "ResumeCompletionRequest.completion_id": (at_most(128),),
    "ResumeCompletionRequest.request_id": (rules.uuid,),
    "ResumeCompletionRequest.after_sequence": (between(0, _INF),),
    "ResumeCompletionRequest.max_frame_bytes": (_frame,),
    "ResumeCompletionRequest.offset": (between(0, _INF),),
    "DownloadImageRequest.image_id": (required, at_most(128)),
    "DownloadImageRequest.offset": (between(0, _INF),),
    "DownloadImageRequest.max_frame_bytes": (_frame,),
    "DeleteImageRequest.image_id": (required, at_most(128)),
    "ListModelsRequest.page_size": (between(1, 1000, zero_too=True),),
    "ListModelsRequest.page_token": (at_most(512),),
    "GetModelRequest.name": (required, at_most(256)),
    "Spec.model": (required, at_most(256), _model_name),
    "Spec.messages": (at_most(4096, "messages"),),
    "Spec.response_modalities": (at_most(2, "modalities"), Each(chosen(pb.Modality))),
    "Spec.image_config": (),
    "Spec.generation_config": (),
    "Spec.safety_settings": (at_most(32, "settings"),),
    "Spec.tools": (at_most(32, "tools"),),
    "Spec.tool_config": (),
    "Spec.cached_content": (at_most(512),),
    "Spec.labels": (at_most(64, "labels"), rules.labels),
    "Spec.extra_body": (finite,),
    "Spec.service_tier": (matches("flex|standard|priority", '"flex", "standard" or "priority"'),),
    "Spec.output_config": (),
    "Spec.continuation_token": (at_most(1024 * 1024, "bytes"),),
    "Spec.previous_completion_id": (at_most(128),),
    "OutputConfig.uri_prefix": (required, at_most(2048), matches(r"gs://\S+", "a folder such as gs://bucket/folder/")),
    "ChatMessage.role": (chosen(pb.Role),),
    "ChatMessage.content": (),
    "ChatMessage.image": (),
    "ChatMessage.parts": (at_most(4096, "parts"),),
    "Part.text": (),
    "Part.image": (),
    "Part.function_call": (),
    "Part.function_response": (),
    "Part.thought": (),
    "Part.thought_signature": (at_most(16 * 1024 * 1024, "bytes"),),
    "Part.media": (),
    "Part.native": (),
    "Part.native_fields": (at_most(32, "fields"), native_rules.native_fields),
    "Media.data": (),
    "Media.uri": (at_most(2048),),
    "Media.mime_type": (required, _media_type),
    "Media.size_bytes": (between(0, _INF),),
    "Media.sha256": (rules.sha256,),
    "Media.display_name": (at_most(256),),
    "NativePart.kind": (required, at_most(128)),
    "NativePart.value_json": (required, native_rules.json),
    "Image.data": (),
    "Image.uri": (),
    "Image.image_id": (at_most(128),),
    "Image.mime_type": (_image_type,),
    "Image.width": (between(1, _INF),),
    "Image.height": (between(1, _INF),),
    "Image.size_bytes": (between(1, _INF),),
    "Image.sha256": (rules.sha256,),
    "Image.detail": (defined(pb.ImageDetail),),
    "Image.display_name": (at_most(256),),
    "FunctionCall.id": (at_most(256),),
    "FunctionCall.name": (required, at_most(128)),
    "FunctionCall.args": (finite,),
    "FunctionCall.args_json": (native_rules.json_object,),
    "FunctionResponse.id": (at_most(256),),
    "FunctionResponse.name": (required, at_most(128)),
    "FunctionResponse.response": (finite,),
    "FunctionResponse.images": (at_most(14, "pictures"),),
    "ImageConfig.aspect_ratio": (matches(r"[0-9]{1,4}:[0-9]{1,4}", 'width to height, for example "16:9"'),),
    "ImageConfig.image_size": (matches(r"[0-9]{1,5}K?", '"512", "1K", "2K" or "4K", with a capital K'),),
    "ImageConfig.person_generation": (at_most(128),),
    "ImageConfig.prominent_people": (at_most(128),),
    "ImageConfig.output_options": (),
    "ImageOutputOptions.mime_type": (matches(r"image/(png|jpeg)", '"image/png" or "image/jpeg"'),),
    "ImageOutputOptions.compression_quality": (between(0, 100),),
    "GenerationConfig.temperature": (between(0, 2),),
    "GenerationConfig.top_p": (between(0, 1),),
    "GenerationConfig.top_k": (between(1, _INF),),
    "GenerationConfig.candidate_count": (rules.one_candidate,),
    "GenerationConfig.max_output_tokens": (between(1, _INF),),
    "GenerationConfig.stop_sequences": (at_most(5, "sequences"), Each(at_most(256)), Each(required)),
    "GenerationConfig.seed": (),
    "GenerationConfig.presence_penalty": (rules.penalty,),
    "GenerationConfig.frequency_penalty": (rules.penalty,),
    "GenerationConfig.media_resolution": (at_most(128),),
    "GenerationConfig.thinking_config": (),
    "ThinkingConfig.include_thoughts": (),
    "ThinkingConfig.thinking_budget": (between(-1, _INF),),
    "ThinkingConfig.thinking_level": (at_most(128),),
    "SafetySetting.category": (required, at_most(128)),
    "SafetySetting.threshold": (required, at_most(128)),
    "SafetySetting.method": (matches("SEVERITY|PROBABILITY", '"SEVERITY" or "PROBABILITY"'),),
    "Tool.functions": (),
    "Tool.google_search": (),
    "GoogleSearch.search_types": (at_most(2, "types"), Each(required), Each(matches("WEB|IMAGE", '"WEB" or "IMAGE"'))),
    "GoogleSearch.exclude_domains": (at_most(2000, "domains"), Each(required), Each(at_most(253))),
    "GoogleSearch.time_range": (),
    "GoogleSearch.blocking_confidence": (at_most(128),),
    "TimeRange.start_time": (required,),
    "TimeRange.end_time": (required,),
    "FunctionDeclarations.declarations": (required, at_most(512, "functions")),
    "FunctionDeclaration.name": (required, at_most(128), _function_name),
    "FunctionDeclaration.description": (),
    "FunctionDeclaration.parameters": (finite,),
    "ToolConfig.mode": (required, matches("AUTO|ANY|NONE", '"AUTO", "ANY" or "NONE"')),
    "ToolConfig.allowed_function_names": (at_most(512, "names"), Each(required)),
}

MESSAGE_CHECKS: Mapping[str, rules.MessageCheck] = {
    "FunctionCall": native_rules.function_call,
    "FunctionResponse": rules.function_response,
    "GoogleSearch": rules.google_search,
    "Media": native_rules.media,
    "ResumeCompletionRequest": rules.resume,
    "NativePart": native_rules.native_part,
    "ChatMessage": message_rules.message,
    "Spec": rules.spec,
    "ThinkingConfig": rules.exclusive("thinking_budget", "thinking_level"),
    "TimeRange": rules.time_range,
    "Tool": rules.tool,
}


class _Field(NamedTuple):
    """What to check in a field. may_be_empty: whether its zero value passes the checks."""

    name: str
    checks: tuple[rules.Check | Each, ...]
    repeated: bool
    presence: bool
    is_message: bool
    may_be_empty: bool


@cache
def _plan(descriptor: Descriptor) -> tuple[tuple[_Field, ...], rules.MessageCheck | None]:
    """What to check in a message: fields with checks, and fields with our messages. Built once per type."""
    fields = []
    for field in descriptor.fields:
        checks = CHECKS[f"{descriptor.name}.{field.name}"]
        inside = field.message_type
        is_message = inside is not None and inside.file.package == "imagewire.v1" and not inside.GetOptions().map_entry
        if checks or is_message:
            repeated = bool(field.is_repeated)
            single = inside is not None and not repeated
            empty: Any = {} if repeated else field.default_value
            may_be_empty = not single and not any(_words(check, empty) for check in checks)
            fields.append(_Field(field.name, checks, repeated, field.has_presence, is_message, may_be_empty))
    return tuple(fields), MESSAGE_CHECKS.get(descriptor.name)


def violations(message: pb.ProtoMessage, path: str = "") -> list[Violation]:
    """The violations in a request message, in the order of its fields, at most 64; `path` is the prefix of each.

    If a list exceeds its limit, nothing more of it and of its message is checked.
    """
    found: list[Violation] = []
    _walk(message, path, found)
    return found[:_MOST_NAMED]


def _walk(message: pb.ProtoMessage, path: str, found: list[Violation]) -> None:
    fields, whole = _plan(message.DESCRIPTOR)
    dot = f"{path}." if path else ""
    is_bounded = True
    for name, checks, repeated, presence, is_message, may_be_empty in fields:
        if presence and not message.HasField(name):
            if required in checks:
                found.append(Violation(dot + name, "is required"))
            continue
        value: Any = getattr(message, name)
        if may_be_empty and not value:
            continue
        if checks and not _check_value(dot + name, value, checks, found):
            is_bounded = is_bounded and not repeated
            continue
        if not is_message:
            continue
        if repeated:
            for i, element in enumerate(value):
                _walk(element, f"{dot}{name}[{i}]", found)
                if len(found) >= _MOST_NAMED:
                    return
        else:
            _walk(value, dot + name, found)
    if whole is not None and is_bounded:
        for sub, words in whole(message):
            found.append(Violation(dot + sub if sub else path, words))
            if len(found) >= _MOST_NAMED:
                return


def _check_value(path: str, value: Any, checks: tuple[rules.Check | Each, ...], found: list[Violation]) -> bool:
    """Add the first violation of a value, and the first of each element. Returns whether the value has none."""
    for check in checks:
        if isinstance(check, Each):
            for i, element in enumerate(value):
                if (words := check.check(element)) is not None:
                    found.append(Violation(f"{path}[{i}]", words))
                    if len(found) >= _MOST_NAMED:
                        return True
        elif (words := check(value)) is not None:
            found.append(Violation(path, words))
            return False
    return True


def _words(check: rules.Check | Each, empty: Any) -> str | None:
    return None if isinstance(check, Each) else check(empty)


def check(message: pb.ProtoMessage, path: str = "") -> None:
    """Raise InvalidRequest with every violation in a request message, if there are any."""
    found = violations(message, path)
    if found:
        raise InvalidRequest(found)
