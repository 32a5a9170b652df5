"""Makes Specs from a prompt, pictures and options. Every option is in the Spec, or is refused."""

import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from imagewire import spellings
from imagewire.images import Image as OwnImage
from imagewire.images import Picture
from imagewire.json_struct import struct
from imagewire.messages import picture
from imagewire.picture_source import is_one_picture
from imagewire.type_check import mismatch, require
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
_SPEC = (
    "tools",
    "tool_config",
    "cached_content",
    "labels",
    "extra_body",
    "service_tier",
    "continuation_token",
    "previous_completion_id",
)
_MODALITIES = {"text": Modality.MODALITY_TEXT, "image": Modality.MODALITY_IMAGE}


# What happens to a drawing whose caller has left.
OnDisconnect = Literal["keep", "cancel"]


class Options(TypedDict, total=False):
    """How a model answers. `Client.draw`, `chat.create` and `build_spec` take these as keyword arguments.

    An option that is None or "" is not sent, and the provider's default holds. What a model does not take is refused by
    the server, by name.

    Attributes:
        aspect_ratio: Width to height, such as "16:9"; "auto" asks for none.
        image_size: "512", "1K", "2K" or "4K", or WIDTHxHEIGHT for what is nearest; "auto" asks for none.
        person_generation: Which people may be drawn, such as "ALLOW_ADULT". Vertex AI only.
        temperature: How random the answer is, from 0 to 2.
        top_p: Nucleus sampling, from 0 to 1.
        top_k: How many of the likeliest tokens are considered.
        max_output_tokens: The most tokens of the answer.
        seed: A whole number of 32 bits. The same seed tends to give the same picture.
        presence_penalty: Discourages tokens that occurred, from -2 to below 2.
        frequency_penalty: Discourages tokens by how often they occurred, from -2 to below 2.
        media_resolution: How finely input pictures are read, such as "MEDIA_RESOLUTION_HIGH".
        thinking_level: How much the model thinks, such as "LOW" or "HIGH".
        thinking_budget: The most tokens of thinking; 0 for none, -1 for as many as the model wants.
        include_thoughts: Whether thoughts and drafts are part of the answer.
        stop: Up to five texts at which the model stops.
        modalities: What the model may answer with: "text", "image" or both.
        safety_settings: Thresholds by category, in Google's words, or SafetySetting messages.
        tools: Tools that the model may use; `google_search` makes one.
        tool_config: How it may use them, as a protobuf message.
        cached_content: The provider's name of cached content.
        labels: Labels for Vertex AI's bills.
        extra_body: Fields of Google's own request, as a JSON object.
        service_tier: "flex", "standard" or "priority", at different prices.
        output_uri: "gs://bucket/folder/": Vertex AI writes pictures there and does not send them.
        continuation_token: The token of an answer whose rest is asked for.
        previous_completion_id: The id of a kept answer: the server puts its chat in front of the messages.

    Examples:
        >>> options: imagewire.Options = {"aspect_ratio": "16:9", "seed": 7}
        >>> with imagewire.Client() as client:
        ...     picture = client.draw("A banana", **options)
    """

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
    previous_completion_id: str


class RequestParams(Options, total=False):
    """What the clients hand on to `build_spec`: the options, and three more.

    Attributes:
        spec: A whole Spec, in place of all the rest.
        messages: A whole chat, in place of prompt and images.
        images: Pictures to edit.
    """

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
    """Make a Spec, the protobuf message that says what to draw.

    Args:
        model: The model's name. Default: the environment variable IMAGEWIRE_MODEL, else `DEFAULT_MODEL`.
        prompt: What to draw.
        spec: A whole Spec, in place of all the rest.
        messages: A whole chat, in place of `prompt` and `images`.
        images: The pictures to edit, each as `imagewire.image` takes it. They stand before the prompt.
        **options: As in `Options`.

    Returns:
        The Spec; `spec` itself where that was given.

    Raises:
        OSError: A picture's file cannot be read.
        TypeError: An option is unknown or of the wrong type.
        ValueError: Two arguments exclude each other, a text is no UTF-8, or `extra_body` is no JSON object.

    Examples:
        >>> spec = imagewire.build_spec(prompt="A banana", aspect_ratio="16:9")
        >>> spec.image_config.aspect_ratio
        '16:9'
    """
    if isinstance(images, OwnImage | Image) or is_one_picture(images):
        raise TypeError("images: must be a list; put the picture into one")
    if not isinstance(images, Iterable):
        raise TypeError(f"images: must be a list of pictures, not {type(images).__name__}")
    require("model", model, str)
    require("prompt", prompt, str)
    require("spec", spec, Spec | None)
    pictures = [picture(image) for image in images]
    for name, value in options.items():
        require(name, value, Options.__annotations__.get(name, Any) | None)
    given = {name: value for name, value in options.items() if value is not None and value != ""}
    if spec is not None:
        if model or prompt or messages is not None or pictures or given:
            raise ValueError("spec is the whole request: set the model, the prompt and the options in it")
        return spec
    if messages is not None and (prompt or pictures):
        raise ValueError("messages are the whole chat: put the prompt and the images into the last of them")
    if messages is not None and not isinstance(messages, Iterable):
        raise TypeError(
            f"messages: must be a list of what user, system and assistant return, not {type(messages).__name__}"
        )
    chat = [_user(prompt, pictures)] if messages is None else list(messages)
    if mismatch(chat, Iterable[ChatMessage]):
        raise TypeError("messages: must be a list of what user, system and assistant return")
    model = model or os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL
    made = Spec(model=model, messages=chat, **_fields(given))
    if given:
        raise TypeError(f"there is no option {min(given)}; there are: {', '.join(sorted(Options.__annotations__))}")
    return made


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """The Spec's fields for the options. They are removed from `given`."""

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
    if picture := _picture_options(taken(_IMAGE)):
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


def _picture_options(given: dict[str, Any]) -> dict[str, Any]:
    """The options of the picture, in the contract's spelling."""
    spelled = {"aspect_ratio": spellings.ratio, "image_size": spellings.size}
    made = {name: spelled[name](value) if name in spelled else value for name, value in given.items()}
    if pixels := spellings.pixels(made.get("image_size", "")):
        try:
            ratio, size = spellings.nearest(*pixels)
        except ValueError as error:
            raise ValueError(f"image_size: {made['image_size']} {error}") from None
        if made.get("aspect_ratio") not in {None, "", ratio}:
            raise ValueError(f"aspect_ratio: contradicts image_size {made['image_size']}; set only one of them")
        made |= {"aspect_ratio": ratio, "image_size": size}
    return {name: value for name, value in made.items() if value}


def _modality(name: str) -> Modality:
    if name not in _MODALITIES:
        raise ValueError(f"modalities: {name!r} is unknown; there are: {', '.join(_MODALITIES)}")
    return _MODALITIES[name]


def _user(prompt: str, pictures: list[Image]) -> ChatMessage:
    if not pictures:
        return ChatMessage(role=Role.ROLE_USER, content=prompt)
    words = [Part(text=prompt)] if prompt else []
    return ChatMessage(role=Role.ROLE_USER, parts=[*(Part(image=given) for given in pictures), *words])
