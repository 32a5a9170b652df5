from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListModelsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "next_page_token")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    next_page_token: str
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "aliases", "provider", "native_id", "image_sizes", "aspect_ratios", "max_input_images", "system_instruction", "thinking_levels", "price")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NATIVE_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_SIZES_FIELD_NUMBER: _ClassVar[int]
    ASPECT_RATIOS_FIELD_NUMBER: _ClassVar[int]
    MAX_INPUT_IMAGES_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    THINKING_LEVELS_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    provider: str
    native_id: str
    image_sizes: Choices
    aspect_ratios: Choices
    max_input_images: int
    system_instruction: bool
    thinking_levels: Choices
    price: Price
    def __init__(self, name: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., provider: _Optional[str] = ..., native_id: _Optional[str] = ..., image_sizes: _Optional[_Union[Choices, _Mapping]] = ..., aspect_ratios: _Optional[_Union[Choices, _Mapping]] = ..., max_input_images: _Optional[int] = ..., system_instruction: bool = ..., thinking_levels: _Optional[_Union[Choices, _Mapping]] = ..., price: _Optional[_Union[Price, _Mapping]] = ...) -> None: ...

class Choices(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class Price(_message.Message):
    __slots__ = ("input_usd_per_million", "text_output_usd_per_million", "image_output_usd_per_million", "cached_input_usd_per_million", "service_tier_factors")
    class ServiceTierFactorsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    INPUT_USD_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    TEXT_OUTPUT_USD_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_OUTPUT_USD_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    CACHED_INPUT_USD_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FACTORS_FIELD_NUMBER: _ClassVar[int]
    input_usd_per_million: float
    text_output_usd_per_million: float
    image_output_usd_per_million: float
    cached_input_usd_per_million: float
    service_tier_factors: _containers.ScalarMap[str, float]
    def __init__(self, input_usd_per_million: _Optional[float] = ..., text_output_usd_per_million: _Optional[float] = ..., image_output_usd_per_million: _Optional[float] = ..., cached_input_usd_per_million: _Optional[float] = ..., service_tier_factors: _Optional[_Mapping[str, float]] = ...) -> None: ...
