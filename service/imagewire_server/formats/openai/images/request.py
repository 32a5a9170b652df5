"""The bodies of POST /v1/images/generations and /v1/images/edits. A Literal type is the only supported value."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import inspect

from imagewire_server.formats.openai.common import not_supported, nulls
from imagewire_server.formats.openai.common.json_decode import Strict
from imagewire_server.formats.openai.common.shared_request import (
    MOST,
    Drafts,
    ImageUrl,
    Int32,
    Model,
    Object,
    Percent,
    Prompt,
    ProviderOptions,
)

Count = Annotated[int, msgspec.Meta(ge=1, le=10)]


class Reference(Strict):
    """A picture to draw from, as OpenRouter's API has it."""

    image_url: ImageUrl | str
    type: Literal["image_url"] | None = None


class ImagesRequest(ProviderOptions, kw_only=True):
    """Pictures from a prompt. n: the number of calls; each is paid for."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.IMAGES

    prompt: Prompt
    model: Model
    input_references: Annotated[list[Reference | str], MOST] | None = None
    n: Count | None = None
    seed: Int32 | None = None
    stream: bool | None = None
    partial_images: Drafts | None = None
    output_format: Literal["png", "jpeg"] | None = None
    output_compression: Percent | None = None
    extra_body: Object | None = None
    response_format: Literal["b64_json", "url"] | None = None
    background: Literal["auto", "opaque"] | None = None
    input_fidelity: Literal["low"] | None = None
    moderation: Literal["auto"] | None = None
    style: Literal["vivid"] | None = None


def _is_json(kind: inspect.Type) -> bool:
    kinds = inspect.StructType | inspect.DictType | inspect.ListType
    return any(isinstance(one, kinds) for one in nulls.alternatives(kind))


# The fields that are JSON in a form.
FORM_JSON = frozenset(
    field.encode_name
    for field in inspect.type_info(ImagesRequest).fields  # type: ignore[attr-defined]  # it is a struct's
    if _is_json(field.type)
)
