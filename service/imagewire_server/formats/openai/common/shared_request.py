"""Types that the bodies of several endpoints share. Each field changes the spec or is refused."""

from typing import Annotated, Any, Literal

import msgspec

from imagewire_server.formats.openai.common.cache import Cache
from imagewire_server.formats.openai.common.json_decode import Strict

Json = dict[str, Any]
Object = Annotated[Json, msgspec.Meta(description="A JSON object.")]
# The maximum length of every list that is processed, as in the contract; and the maximum number of parts in all.
MOST = msgspec.Meta(max_length=4096)
MOST_PARTS = 16 * 1024
Model = Annotated[str, msgspec.Meta(description="A name from /v1/models.", examples=["gemini/gemini-2.5-flash-image"])]
Prompt = Annotated[str, msgspec.Meta(examples=["A banana"], extra_json_schema={"minLength": 1})]
Metadata = Annotated[Json, msgspec.Meta(max_length=64, description="Labels for Vertex AI's billing.")]
Empty = msgspec.Meta(max_length=0)
Drafts = Annotated[int, msgspec.Meta(ge=0, le=3)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Detail = Literal["auto", "low", "medium", "high", "ultra_high", "original"]
Tier = Annotated[
    Literal["auto", "default", "standard", "flex", "priority"],
    msgspec.Meta(description='How the call is scheduled and priced; with "auto", Google chooses.'),
]
ImageDelivery = Annotated[
    Literal["inline", "url"],
    msgspec.Meta(description='With "url", pictures are URLs that work while they are drawn, until they expire.'),
]
Token = Annotated[str, msgspec.Meta(description="provider_specific_fields.continuation_token of an answer, in base64.")]


class ImageUrl(Strict):
    """A picture. url: https://, gs:// or data:. format: its media type, required with gs://.

    display_name: the name by which a function's result refers to the picture.
    """

    url: str
    detail: Detail | None = None
    format: str | None = None
    display_name: str | None = None


class AnswerImage(Strict):
    """A picture of an earlier answer, as this server sent it. image_id changes nothing beside its URL."""

    image_url: ImageUrl
    type: Literal["image_url"] | None = None
    index: int | None = None
    thought: bool | None = None
    mime_type: str | None = None
    image_id: str | None = None


class NativePart(Strict):
    """A part of a kind that only the provider has, unchanged. value: JSON. value_json: JSON as text."""

    kind: str
    value: Any = msgspec.UNSET
    value_json: str | None = None
    index: int | None = None
    part: int | None = None
    thought: bool | None = None


class MediaPart(Strict):
    """Media other than pictures, unchanged. url: data: or gs://."""

    mime_type: str
    url: str
    index: int | None = None
    part: int | None = None
    thought: bool | None = None
    display_name: str | None = None


class Extras(Strict):
    """Fields of an answer that must be sent back unchanged.

    image: the message's own field, which litellm's client moves here.
    """

    thought_signatures: Annotated[list[str | None], MOST] | None = None
    native_fields: Annotated[list[Object | None], MOST] | None = None
    native_fields_json: Annotated[list[dict[str, str] | None], MOST] | None = None
    native_parts: Annotated[list[NativePart], MOST] | None = None
    media: Annotated[list[MediaPart], MOST] | None = None
    parts: Annotated[list[str], MOST] | None = None
    image: ImageUrl | None = None


class ImageConfig(Strict):
    """Properties of the picture, in camelCase or snake_case."""

    aspect_ratio: str | None = None
    aspect_ratio_: str | None = msgspec.field(default=None, name="aspectRatio")
    image_size: str | None = None
    image_size_: str | None = msgspec.field(default=None, name="imageSize")
    person_generation: str | None = None
    person_generation_: str | None = msgspec.field(default=None, name="personGeneration")
    prominent_people: str | None = None
    prominent_people_: str | None = msgspec.field(default=None, name="prominentPeople")


class SafetySetting(Strict):
    """The threshold of one of Google's safety filters; method (Vertex AI): what it is compared with."""

    category: str
    threshold: str
    method: str | None = None


class OutputConfig(Strict):
    """Where Vertex AI writes the pictures: gs://bucket/folder/. Any of these spellings."""

    uri_prefix: str | None = None
    uri_prefix_: str | None = msgspec.field(default=None, name="uriPrefix")
    output_uri_prefix: str | None = None
    output_uri_prefix_: str | None = msgspec.field(default=None, name="outputUriPrefix")


class TimeRange(Strict):
    """A period of time, in RFC 3339."""

    start_time: str | None = None
    start_time_: str | None = msgspec.field(default=None, name="startTime")
    end_time: str | None = None
    end_time_: str | None = msgspec.field(default=None, name="endTime")


class SearchOptions(Strict):
    """Options of Google's search, in camelCase or snake_case. search_types: "WEB", "IMAGE", or Google's object."""

    search_types: Annotated[list[str], MOST] | Object | None = None
    search_types_: Annotated[list[str], MOST] | Object | None = msgspec.field(default=None, name="searchTypes")
    exclude_domains: Annotated[list[str], MOST] | None = None
    exclude_domains_: Annotated[list[str], MOST] | None = msgspec.field(default=None, name="excludeDomains")
    time_range: TimeRange | None = None
    time_range_filter: TimeRange | None = None
    time_range_filter_: TimeRange | None = msgspec.field(default=None, name="timeRangeFilter")
    blocking_confidence: str | None = None
    blocking_confidence_: str | None = msgspec.field(default=None, name="blockingConfidence")


class PictureOptions(Strict):
    """The picture's shape and size: Google's options, in camelCase or snake_case, and OpenAI's."""

    image_config: ImageConfig | None = None
    image_config_: ImageConfig | None = msgspec.field(default=None, name="imageConfig")
    aspect_ratio: str | None = None
    aspect_ratio_: str | None = msgspec.field(default=None, name="aspectRatio")
    image_size: str | None = None
    image_size_: str | None = msgspec.field(default=None, name="imageSize")
    size: str | None = None
    quality: str | None = None


class ProviderOptions(PictureOptions):
    """What every endpoint supports: the provider's own options, in camelCase or snake_case, and some of LiteLLM's.

    drop_params: leave out what the model does not support, instead of refusing it. fallbacks: the models that are asked
    if the first one fails, instead of those of the server's file. timeout: seconds for the call, a number or text.
    cache: the answer cache.
    """

    drop_params: bool | None = None
    fallbacks: Annotated[list[str | Json], msgspec.Meta(max_length=64)] | None = None
    timeout: float | str | None = None
    cache: Cache | None = None
    service_tier: Tier | None = None
    safety_settings: Annotated[list[SafetySetting], MOST] | None = None
    safety_settings_: Annotated[list[SafetySetting], MOST] | None = msgspec.field(default=None, name="safetySettings")
    output_config: OutputConfig | None = None
    output_config_: OutputConfig | None = msgspec.field(default=None, name="outputConfig")
    user: str | None = None
    metadata: Metadata | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    continuation_token: Token | None = None
    continuation_token_: Token | None = msgspec.field(default=None, name="continuationToken")
