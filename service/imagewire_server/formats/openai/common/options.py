"""Options of the picture and of thinking: OpenAI's fields and their variants become fields of a spec."""

import math
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from imagewire_server.contract import pb, rules
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import spellings
from imagewire_server.formats.openai.common.shared_request import ImageConfig, PictureOptions
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder

_T = TypeVar("_T")

_MODALITIES = {"text": pb.Modality.MODALITY_TEXT, "image": pb.Modality.MODALITY_IMAGE}
# The maximum factor between the requested and the nearest aspect ratio.
_MOST_OFF = math.log(1.2)
_USUAL_EFFORT = "medium"
_NO_EFFORT = {"none", "disable"}  # OpenAI's and LiteLLM's word


def said_once(builder: SpecBuilder, spellings: Iterable[tuple[str, _T | None]]) -> tuple[str, _T] | None:
    """The value of a field with several spellings, and the spelling used; a second, different value is refused."""
    found = [(field, value) for field, value in spellings if value is not None]
    for field, value in found[1:]:
        if value != found[0][1]:
            builder.refuse(field, f"contradicts {found[0][0]}; set only one of them")
    return found[0] if found else None


def set_once(builder: SpecBuilder, target: pb.ProtoMessage, name: str, value: object, field: str, path: str) -> None:
    """Set a field of the spec from a field of the caller; a second, different value is refused."""
    if value is None:
        return
    known = builder.origins.get(f"spec.{path}.{name}")
    if known is not None and getattr(target, name) != value:
        builder.refuse(field, f"contradicts {known}; set only one of them")
        return
    setattr(target, name, value)
    builder.from_field(f"{path}.{name}", field)


def picture(builder: SpecBuilder, given: PictureOptions, capabilities: Capabilities, prefix: str = "") -> None:
    """The picture's shape and size, in all their spellings. prefix: before the names of the fields."""
    for field, config in (("image_config", given.image_config), ("imageConfig", given.image_config_)):
        if config is not None:
            image_config(builder, config, prefix + field, capabilities)
    aspect_ratio(builder, given.aspect_ratio, f"{prefix}aspect_ratio")
    aspect_ratio(builder, given.aspect_ratio_, f"{prefix}aspectRatio")
    image_size(builder, given.image_size, capabilities, f"{prefix}image_size")
    image_size(builder, given.image_size_, capabilities, f"{prefix}imageSize")
    size(builder, given.size, capabilities, f"{prefix}size")
    quality(builder, given.quality, capabilities, f"{prefix}quality")


def image_config(builder: SpecBuilder, given: ImageConfig, field: str, capabilities: Capabilities) -> None:
    """Google's own image options, in either spelling."""
    aspect_ratio(builder, given.aspect_ratio, f"{field}.aspect_ratio")
    aspect_ratio(builder, given.aspect_ratio_, f"{field}.aspectRatio")
    image_size(builder, given.image_size, capabilities, f"{field}.image_size")
    image_size(builder, given.image_size_, capabilities, f"{field}.imageSize")
    target = builder.spec.image_config
    for name, snake, camel in (
        ("person_generation", given.person_generation, given.person_generation_),
        ("prominent_people", given.prominent_people, given.prominent_people_),
    ):
        words = name.split("_")
        set_once(builder, target, name, snake, f"{field}.{name}", "image_config")
        set_once(builder, target, name, camel, f"{field}.{words[0]}{words[1].title()}", "image_config")


def aspect_ratio(builder: SpecBuilder, given: str | None, field: str = "aspect_ratio") -> None:
    """An aspect ratio."""
    if given is None:
        return
    if ratio := spellings.ratio(given):
        set_once(builder, builder.spec.image_config, "aspect_ratio", ratio, field, "image_config")
    else:
        builder.cleared.add("image_config.aspect_ratio")


def image_size(builder: SpecBuilder, given: str | None, capabilities: Capabilities, field: str) -> None:
    """One of Google's sizes, or WIDTHxHEIGHT."""
    if given is None:
        return
    if spellings.pixels(given):
        size(builder, given, capabilities, field)
    elif named := spellings.size(given):
        set_once(builder, builder.spec.image_config, "image_size", named, field, "image_config")
    else:
        builder.cleared.add("image_config.image_size")


def size(builder: SpecBuilder, given: str | None, capabilities: Capabilities, field: str = "size") -> None:
    """WIDTHxHEIGHT becomes the nearest aspect ratio and size that the model supports; Google's sizes stay unchanged.

    If the picture will have other sides than those, the answer tells which ratio and size were chosen.
    """
    if given is None:
        return
    if given == "auto":
        builder.cleared |= {"image_config.aspect_ratio", "image_config.image_size"}
        return
    target = builder.spec.image_config
    if (named := spellings.size(given)) in spellings.SIDES:
        set_once(builder, target, "image_size", named, field, "image_config")
        return
    pixels = spellings.pixels(given)
    if pixels is None:
        sizes = ", ".join(spellings.SIDES)
        builder.refuse(field, f'must be "auto", WIDTHxHEIGHT as "1024x1024", or one of {sizes}')
        return
    width, height = pixels
    ratios = capabilities.aspect_ratios or spellings.RATIOS
    ratio = min(ratios, key=lambda ratio: _off(width / height, ratio))
    if _off(width / height, ratio) > _MOST_OFF:
        words = f"is far from every aspect ratio that the model supports; use {', '.join(ratios)}"
        builder.unsupported(field, words)
        return
    side = math.sqrt(width * height)
    drawn = [name for name in _drawn(capabilities) if name in spellings.SIDES] or [capabilities.default_image_size]
    nearest = min(drawn, key=lambda name: abs(math.log(side / spellings.SIDES.get(name, 1024))))
    set_once(builder, target, "aspect_ratio", ratio, field, "image_config")
    if nearest != capabilities.default_image_size or capabilities.image_sizes:
        set_once(builder, target, "image_size", nearest, field, "image_config")
    builder.tells_picture = builder.tells_picture or not (width == height == spellings.SIDES.get(nearest))


def quality(builder: SpecBuilder, given: str | None, capabilities: Capabilities, field: str = "quality") -> None:
    """OpenAI's quality chooses the size, where no other field does. The answer tells the choice."""
    if given is None:
        return
    wanted = spellings.QUALITIES.get(given.lower())
    if wanted is None:
        builder.unsupported(field, f"is not supported; use {', '.join(spellings.QUALITIES)}")
        return
    if not wanted:
        builder.cleared.add("image_config.image_size")
        return
    builder.tells_picture = True
    if wanted in (capabilities.image_sizes or ()) and not builder.spec.image_config.image_size:
        set_once(builder, builder.spec.image_config, "image_size", wanted, field, "image_config")


def _drawn(capabilities: Capabilities) -> Iterable[str]:
    """The sizes that a model draws."""
    if capabilities.image_sizes is None:
        return spellings.SIDES
    return capabilities.image_sizes or (capabilities.default_image_size,)


def modalities(builder: SpecBuilder, given: Collection[str] | None) -> None:
    """What the answer may consist of."""
    if given is not None and not given:
        builder.cleared.add("response_modalities")
    for i, name in enumerate(given or ()):
        modality = _MODALITIES.get(spellings.MODALITIES.get(name.lower(), ""))
        if modality is None:
            words = f"{name[:200]!r} is not supported; use {', '.join(spellings.MODALITIES)} or leave it out"
            builder.unsupported(f"modalities[{i}]", words)
        else:
            builder.spec.response_modalities.append(modality)
    builder.from_field("response_modalities", "modalities")


def effort(builder: SpecBuilder, given: str | None, field: str, capabilities: Capabilities) -> None:
    """How much the model thinks: none, or one of its levels in lower case.

    OpenAI's default asks a model that does not think for nothing, and LiteLLM's "default" none.
    """
    if given in {None, "default"} or (given == _USUAL_EFFORT and not capabilities.thinks):
        return
    target = builder.spec.generation_config.thinking_config
    path = "generation_config.thinking_config"
    if given in _NO_EFFORT:
        set_once(builder, target, "thinking_budget", 0, field, path)
    else:
        set_once(builder, target, "thinking_level", given.upper(), field, path)
    builder.from_field(path, field)


def budget(builder: SpecBuilder, given: int | None, field: str) -> None:
    """The maximum number of tokens for thinking."""
    if given is None:
        return
    path = "generation_config.thinking_config"
    if not -1 <= given < 2**31:
        builder.refuse(field, "must be -1 or more, and less than 2147483648")
        return
    set_once(builder, builder.spec.generation_config.thinking_config, "thinking_budget", given, field, path)
    builder.from_field(path, field)


def thoughts(builder: SpecBuilder, given: bool | None, field: str) -> None:
    """Whether the answer includes thoughts and drafts."""
    if given is None:
        return
    path = "generation_config.thinking_config"
    set_once(builder, builder.spec.generation_config.thinking_config, "include_thoughts", given, field, path)
    builder.from_field(path, field)


def drafts(builder: SpecBuilder, wanted: int | None, capabilities: Capabilities, field: str = "partial_images") -> None:
    """Request drafts: models that think send them if thoughts are requested; other models have none."""
    if wanted and capabilities.is_known and capabilities.thinks:
        thoughts(builder, True, field)


def file_format(builder: SpecBuilder, given: str | None, quality: int | None, prefix: str = "") -> None:
    """The file format of pictures, which can be chosen only on Vertex AI."""
    target = builder.spec.image_config.output_options
    path = "image_config.output_options"
    if given is not None:
        set_once(builder, target, "mime_type", f"image/{given}", f"{prefix}output_format", path)
        builder.from_field(path, f"{prefix}output_format")
    if quality is not None:
        set_once(builder, target, "compression_quality", quality, f"{prefix}output_compression", path)
        builder.from_field(path, f"{prefix}output_format" if given else f"{prefix}output_compression")


def labels(builder: SpecBuilder, user: str | None, metadata: dict[str, Any] | None, capabilities: Capabilities) -> None:
    """Billing labels, from user and metadata, where the service has them; elsewhere these fields change nothing.

    What cannot be a label is not one: of metadata, the answer tells it. LiteLLM's guardrails are refused.
    """
    for key in metadata or {}:
        if "guardrail" in key.lower():
            builder.refuse(f"metadata.{key[:64]}", "is not supported: this server has no guardrails; leave it out")
    if not capabilities.takes("Spec.labels"):
        return
    found: dict[str, str] = {}
    for key, value in (metadata or {}).items():
        if isinstance(value, str) and rules.labels({key: value}) is None:
            found[key] = value
        else:
            builder.dropped.append(f"metadata.{key[:64]}")
    if metadata:
        builder.from_field("labels", "metadata")
    if user is not None and rules.labels({"user": user}) is None:
        builder.from_field("labels", "metadata" if metadata else "user")
        if found.setdefault("user", user) != user:
            builder.refuse("metadata.user", "contradicts user; set only one of them")
    for key, value in found.items():
        builder.spec.labels[key] = value


def _off(shape: float, ratio: str) -> float:
    across, down = ratio.split(":")
    return abs(math.log(shape * int(down) / int(across)))
