"""Options of the picture and of thinking: OpenAI's fields and their variants become fields of a spec."""

import math
import re
from collections.abc import Iterable
from typing import TypeVar

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common.shared_request import ImageConfig
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder

_T = TypeVar("_T")

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_SIDES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
# The maximum factor between the requested and the nearest aspect ratio.
_MOST_OFF = math.log(1.2)


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


def image_config(builder: SpecBuilder, given: ImageConfig, field: str) -> None:
    """Google's own image options, in either spelling."""
    target = builder.spec.image_config
    for name, snake, camel in (
        ("aspect_ratio", given.aspect_ratio, given.aspect_ratio_),
        ("image_size", given.image_size, given.image_size_),
        ("person_generation", given.person_generation, given.person_generation_),
        ("prominent_people", given.prominent_people, given.prominent_people_),
    ):
        words = name.split("_")
        set_once(builder, target, name, snake, f"{field}.{name}", "image_config")
        set_once(builder, target, name, camel, f"{field}.{words[0]}{words[1].title()}", "image_config")


def aspect_ratio(builder: SpecBuilder, given: str | None, field: str = "aspect_ratio") -> None:
    """An aspect ratio outside the image options."""
    if given is not None:
        set_once(builder, builder.spec.image_config, "aspect_ratio", given, field, "image_config")


def size(builder: SpecBuilder, given: str | None, capabilities: Capabilities, field: str = "size") -> None:
    """WIDTHxHEIGHT becomes the nearest aspect ratio and size that the model supports; Google's sizes stay unchanged."""
    if given is None or given == "auto":
        return
    target = builder.spec.image_config
    if given in _SIDES:
        set_once(builder, target, "image_size", given, field, "image_config")
        return
    match = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", given)
    if match is None:
        builder.refuse(field, f'must be "auto", WIDTHxHEIGHT as "1024x1024", or one of {", ".join(_SIDES)}')
        return
    width, height = int(match[1]), int(match[2])
    ratios = capabilities.aspect_ratios or _RATIOS
    ratio = min(ratios, key=lambda ratio: _off(width / height, ratio))
    if _off(width / height, ratio) > _MOST_OFF:
        builder.refuse(field, f"is far from every aspect ratio that the model supports; use {', '.join(ratios)}")
        return
    side = math.sqrt(width * height)
    nearest = min(_SIDES, key=lambda name: abs(math.log(side / _SIDES[name])))
    drawn = (
        _SIDES if capabilities.image_sizes is None else capabilities.image_sizes or (capabilities.default_image_size,)
    )
    if nearest not in drawn:
        builder.refuse(field, f"is nearest to {nearest}, which the model does not support; use {', '.join(drawn)}")
        return
    set_once(builder, target, "aspect_ratio", ratio, field, "image_config")
    if nearest != capabilities.default_image_size or capabilities.image_sizes:
        set_once(builder, target, "image_size", nearest, field, "image_config")


def effort(builder: SpecBuilder, given: str | None, field: str) -> None:
    """How much the model thinks: none, or one of its levels in lower case."""
    if given is None:
        return
    target = builder.spec.generation_config.thinking_config
    path = "generation_config.thinking_config"
    if given == "none":
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
    if wanted and capabilities.is_known and capabilities.thinking_levels != ():
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


def labels(builder: SpecBuilder, user: str | None, metadata: dict[str, str] | None) -> None:
    """Billing labels, from user and metadata."""
    found = dict(metadata or {})
    if metadata:
        builder.from_field("labels", "metadata")
    if user is not None:
        builder.from_field("labels", "metadata" if metadata else "user")
        if found.setdefault("user", user) != user:
            builder.refuse("metadata.user", "contradicts user; set only one of them")
    for key, value in found.items():
        builder.spec.labels[key] = value


def _off(shape: float, ratio: str) -> float:
    across, down = ratio.split(":")
    return abs(math.log(shape * int(down) / int(across)))
