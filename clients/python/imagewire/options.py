"""Specs from what people have at hand: a prompt, picture files, a ratio. What is asked is in the Spec, or refused."""

import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from imagewire.images import Image as OwnImage
from imagewire.images import Picture
from imagewire.json_struct import struct
from imagewire.messages import picture
from imagewire.type_check import mismatch
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import ChatMessage, Part, Role
from imagewire.v1.spec_pb2 import Modality, OutputConfig, SafetySetting, Spec, Tool, ToolConfig

DEFAULT_MODEL = "gemini/gemini-2.5-flash-image"
MODEL_VARIABLE = "IMAGEWIRE_MODEL"

_IMAGE = ("aspect_ratio", "image_size", "person_generation")
_THINKING = ("thinking_level", "thinking_budget", "include_thoughts")
_GENERATION = (
    "temperature",
    "top_p",
    "top_k",
    "max_output_tokens",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "media_resolution",
)
_SPEC = ("tools", "tool_config", "cached_content", "labels", "extra_body", "service_tier", "continuation_token")
_MODALITIES = {"text": Modality.MODALITY_TEXT, "image": Modality.MODALITY_IMAGE}


class Options(TypedDict, total=False):
    """How a model is to answer; `build_spec` says what each means."""

    aspect_ratio: str
    image_size: str
    person_generation: str
    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_output_tokens: int | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    media_resolution: str
    thinking_level: str
    thinking_budget: int | None
    include_thoughts: bool | None
    stop: str | Iterable[str]
    modalities: Iterable[Literal["text", "image"]]
    safety_settings: Mapping[str, str] | Iterable[SafetySetting]
    tools: Iterable[Tool]
    tool_config: ToolConfig | None
    cached_content: str
    labels: Mapping[str, str]
    extra_body: Mapping[str, Any] | None
    service_tier: str
    output_uri: str
    continuation_token: bytes


class RequestParams(Options, total=False):
    """What the clients hand on to `build_spec`, which says what each means."""

    spec: Spec | None
    messages: Iterable[ChatMessage] | None
    images: Iterable[Picture]


def build_spec(
    model: str = "",
    prompt: str = "",
    *,
    spec: Spec | None = None,
    messages: Iterable[ChatMessage] | None = None,
    images: Iterable[Picture] = (),
    **options: Unpack[Options],
) -> Spec:
    """A Spec. model: a model's name; default IMAGEWIRE_MODEL, else DEFAULT_MODEL. prompt: what to draw.

    images: pictures to edit, put before the prompt, each as `image` takes it. messages: a whole chat, in place of
    prompt and images. spec: a whole Spec, in place of all the rest.
    aspect_ratio: "16:9". image_size: "2K". seed: for the same picture again. stop: texts at which the model stops.
    modalities: "text", "image" or both. safety_settings: thresholds by category, in Google's words; or the contract's
    SafetySettings, which have a method too. tools: of the contract, as `google_search` makes one. labels: for Vertex
    AI's bills. extra_body: Google's own fields. service_tier: "flex", "standard" or "priority", for another price.
    output_uri: "gs://bucket/folder/", where Vertex AI writes the pictures in place of sending them.
    continuation_token: of an answer that ended in CONTINUATION, whose rest is asked for. The others are the fields of
    that name in the contract's ImageConfig, GenerationConfig, ThinkingConfig and Spec.
    Raises OSError when a file cannot be read, ValueError when two exclude each other or extra_body is no JSON object,
    TypeError for what is unknown or of the wrong kind.
    """
    if isinstance(images, str | bytes | os.PathLike | OwnImage | Image):
        raise TypeError("images: is one picture; put it into a list")
    pictures = [picture(image) for image in images]
    given = {name: value for name, value in options.items() if value is not None and value != ""}
    for name, value in given.items():
        if wrong := mismatch(value, Options.__annotations__.get(name, Any)):
            raise TypeError(f"{name}: {wrong}")
    if spec is not None:
        if model or prompt or messages is not None or pictures or given:
            raise ValueError("spec says all that is asked: set the model, the prompt and the rest in it")
        return spec
    if messages is not None and (prompt or pictures):
        raise ValueError("messages are the whole chat: put the prompt and the images into the last of them")
    if wrong := mismatch(prompt, str):
        raise TypeError(f"prompt: {wrong}")
    chat = [_user(prompt, pictures)] if messages is None else list(messages)
    if mismatch(chat, Iterable[ChatMessage]):
        raise TypeError("messages: must be a list, of each what user, system or assistant makes")
    model = model or os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL
    made = Spec(model=model, messages=chat, **_fields(given))
    if given:
        raise TypeError(f"there is no option {min(given)}; there are: {', '.join(sorted(Options.__annotations__))}")
    return made


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """The Spec's fields of the options, which are taken out of `given`."""

    def taken(names: Iterable[str]) -> dict[str, Any]:
        return {name: given.pop(name) for name in names if name in given}

    generation = taken(_GENERATION)
    if thinking := taken(_THINKING):
        generation["thinking_config"] = thinking
    if "stop" in given:
        stop = given.pop("stop")
        generation["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    fields = taken(_SPEC)
    if "extra_body" in fields:
        try:
            fields["extra_body"] = struct(fields["extra_body"])
        except ValueError as error:
            raise ValueError(f"extra_body: {error}") from None
    if generation:
        fields["generation_config"] = generation
    if picture := taken(_IMAGE):
        fields["image_config"] = picture
    if "modalities" in given:
        fields["response_modalities"] = [_modality(name) for name in given.pop("modalities")]
    if "safety_settings" in given:
        settings = given.pop("safety_settings")
        if isinstance(settings, Mapping):
            settings = [SafetySetting(category=name, threshold=value) for name, value in settings.items()]
        fields["safety_settings"] = settings
    if "output_uri" in given:
        fields["output_config"] = OutputConfig(uri_prefix=given.pop("output_uri"))
    return fields


def _modality(name: str) -> Modality:
    if name not in _MODALITIES:
        raise ValueError(f"modalities: {name!r} is none; there are: {', '.join(_MODALITIES)}")
    return _MODALITIES[name]


def _user(prompt: str, pictures: list[Image]) -> ChatMessage:
    if not pictures:
        return ChatMessage(role=Role.ROLE_USER, content=prompt)
    words = [Part(text=prompt)] if prompt else []
    return ChatMessage(role=Role.ROLE_USER, parts=[*(Part(image=given) for given in pictures), *words])
