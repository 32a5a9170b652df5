import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from imagewire.v1 import message_pb2 as _message_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Modality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODALITY_UNSPECIFIED: _ClassVar[Modality]
    MODALITY_TEXT: _ClassVar[Modality]
    MODALITY_IMAGE: _ClassVar[Modality]
MODALITY_UNSPECIFIED: Modality
MODALITY_TEXT: Modality
MODALITY_IMAGE: Modality

class Spec(_message.Message):
    __slots__ = ("model", "messages", "response_modalities", "image_config", "generation_config", "safety_settings", "tools", "tool_config", "cached_content", "labels", "extra_body", "service_tier", "output_config", "continuation_token", "previous_completion_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODALITIES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_CONFIG_FIELD_NUMBER: _ClassVar[int]
    GENERATION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SAFETY_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CACHED_CONTENT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    EXTRA_BODY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_COMPLETION_ID_FIELD_NUMBER: _ClassVar[int]
    model: str
    messages: _containers.RepeatedCompositeFieldContainer[_message_pb2.ChatMessage]
    response_modalities: _containers.RepeatedScalarFieldContainer[Modality]
    image_config: ImageConfig
    generation_config: GenerationConfig
    safety_settings: _containers.RepeatedCompositeFieldContainer[SafetySetting]
    tools: _containers.RepeatedCompositeFieldContainer[Tool]
    tool_config: ToolConfig
    cached_content: str
    labels: _containers.ScalarMap[str, str]
    extra_body: _struct_pb2.Struct
    service_tier: str
    output_config: OutputConfig
    continuation_token: bytes
    previous_completion_id: str
    def __init__(self, model: _Optional[str] = ..., messages: _Optional[_Iterable[_Union[_message_pb2.ChatMessage, _Mapping]]] = ..., response_modalities: _Optional[_Iterable[_Union[Modality, str]]] = ..., image_config: _Optional[_Union[ImageConfig, _Mapping]] = ..., generation_config: _Optional[_Union[GenerationConfig, _Mapping]] = ..., safety_settings: _Optional[_Iterable[_Union[SafetySetting, _Mapping]]] = ..., tools: _Optional[_Iterable[_Union[Tool, _Mapping]]] = ..., tool_config: _Optional[_Union[ToolConfig, _Mapping]] = ..., cached_content: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., extra_body: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., service_tier: _Optional[str] = ..., output_config: _Optional[_Union[OutputConfig, _Mapping]] = ..., continuation_token: _Optional[bytes] = ..., previous_completion_id: _Optional[str] = ...) -> None: ...

class OutputConfig(_message.Message):
    __slots__ = ("uri_prefix",)
    URI_PREFIX_FIELD_NUMBER: _ClassVar[int]
    uri_prefix: str
    def __init__(self, uri_prefix: _Optional[str] = ...) -> None: ...

class ImageConfig(_message.Message):
    __slots__ = ("aspect_ratio", "image_size", "person_generation", "prominent_people", "output_options")
    ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    IMAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PERSON_GENERATION_FIELD_NUMBER: _ClassVar[int]
    PROMINENT_PEOPLE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    aspect_ratio: str
    image_size: str
    person_generation: str
    prominent_people: str
    output_options: ImageOutputOptions
    def __init__(self, aspect_ratio: _Optional[str] = ..., image_size: _Optional[str] = ..., person_generation: _Optional[str] = ..., prominent_people: _Optional[str] = ..., output_options: _Optional[_Union[ImageOutputOptions, _Mapping]] = ...) -> None: ...

class ImageOutputOptions(_message.Message):
    __slots__ = ("mime_type", "compression_quality")
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_QUALITY_FIELD_NUMBER: _ClassVar[int]
    mime_type: str
    compression_quality: int
    def __init__(self, mime_type: _Optional[str] = ..., compression_quality: _Optional[int] = ...) -> None: ...

class GenerationConfig(_message.Message):
    __slots__ = ("temperature", "top_p", "top_k", "candidate_count", "max_output_tokens", "stop_sequences", "seed", "presence_penalty", "frequency_penalty", "media_resolution", "thinking_config")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    STOP_SEQUENCES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_PENALTY_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_PENALTY_FIELD_NUMBER: _ClassVar[int]
    MEDIA_RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    THINKING_CONFIG_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    top_p: float
    top_k: int
    candidate_count: int
    max_output_tokens: int
    stop_sequences: _containers.RepeatedScalarFieldContainer[str]
    seed: int
    presence_penalty: float
    frequency_penalty: float
    media_resolution: str
    thinking_config: ThinkingConfig
    def __init__(self, temperature: _Optional[float] = ..., top_p: _Optional[float] = ..., top_k: _Optional[int] = ..., candidate_count: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., stop_sequences: _Optional[_Iterable[str]] = ..., seed: _Optional[int] = ..., presence_penalty: _Optional[float] = ..., frequency_penalty: _Optional[float] = ..., media_resolution: _Optional[str] = ..., thinking_config: _Optional[_Union[ThinkingConfig, _Mapping]] = ...) -> None: ...

class ThinkingConfig(_message.Message):
    __slots__ = ("include_thoughts", "thinking_budget", "thinking_level")
    INCLUDE_THOUGHTS_FIELD_NUMBER: _ClassVar[int]
    THINKING_BUDGET_FIELD_NUMBER: _ClassVar[int]
    THINKING_LEVEL_FIELD_NUMBER: _ClassVar[int]
    include_thoughts: bool
    thinking_budget: int
    thinking_level: str
    def __init__(self, include_thoughts: bool = ..., thinking_budget: _Optional[int] = ..., thinking_level: _Optional[str] = ...) -> None: ...

class SafetySetting(_message.Message):
    __slots__ = ("category", "threshold", "method")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    category: str
    threshold: str
    method: str
    def __init__(self, category: _Optional[str] = ..., threshold: _Optional[str] = ..., method: _Optional[str] = ...) -> None: ...

class Tool(_message.Message):
    __slots__ = ("functions", "google_search")
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    GOOGLE_SEARCH_FIELD_NUMBER: _ClassVar[int]
    functions: FunctionDeclarations
    google_search: GoogleSearch
    def __init__(self, functions: _Optional[_Union[FunctionDeclarations, _Mapping]] = ..., google_search: _Optional[_Union[GoogleSearch, _Mapping]] = ...) -> None: ...

class FunctionDeclarations(_message.Message):
    __slots__ = ("declarations",)
    DECLARATIONS_FIELD_NUMBER: _ClassVar[int]
    declarations: _containers.RepeatedCompositeFieldContainer[FunctionDeclaration]
    def __init__(self, declarations: _Optional[_Iterable[_Union[FunctionDeclaration, _Mapping]]] = ...) -> None: ...

class FunctionDeclaration(_message.Message):
    __slots__ = ("name", "description", "parameters")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    parameters: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., parameters: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GoogleSearch(_message.Message):
    __slots__ = ("search_types", "exclude_domains", "time_range", "blocking_confidence")
    SEARCH_TYPES_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_DOMAINS_FIELD_NUMBER: _ClassVar[int]
    TIME_RANGE_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    search_types: _containers.RepeatedScalarFieldContainer[str]
    exclude_domains: _containers.RepeatedScalarFieldContainer[str]
    time_range: TimeRange
    blocking_confidence: str
    def __init__(self, search_types: _Optional[_Iterable[str]] = ..., exclude_domains: _Optional[_Iterable[str]] = ..., time_range: _Optional[_Union[TimeRange, _Mapping]] = ..., blocking_confidence: _Optional[str] = ...) -> None: ...

class TimeRange(_message.Message):
    __slots__ = ("start_time", "end_time")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ToolConfig(_message.Message):
    __slots__ = ("mode", "allowed_function_names")
    MODE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FUNCTION_NAMES_FIELD_NUMBER: _ClassVar[int]
    mode: str
    allowed_function_names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, mode: _Optional[str] = ..., allowed_function_names: _Optional[_Iterable[str]] = ...) -> None: ...
