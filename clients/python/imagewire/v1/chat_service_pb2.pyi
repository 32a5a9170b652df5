import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from imagewire.v1 import image_pb2 as _image_pb2
from imagewire.v1 import message_pb2 as _message_pb2
from imagewire.v1 import spec_pb2 as _spec_pb2
from imagewire.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OnDisconnect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_DISCONNECT_UNSPECIFIED: _ClassVar[OnDisconnect]
    ON_DISCONNECT_KEEP: _ClassVar[OnDisconnect]
    ON_DISCONNECT_CANCEL: _ClassVar[OnDisconnect]

class FinishReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINISH_REASON_UNSPECIFIED: _ClassVar[FinishReason]
    FINISH_REASON_STOP: _ClassVar[FinishReason]
    FINISH_REASON_MAX_TOKENS: _ClassVar[FinishReason]
    FINISH_REASON_CONTENT_FILTER: _ClassVar[FinishReason]
    FINISH_REASON_TOOL_CALLS: _ClassVar[FinishReason]
    FINISH_REASON_OTHER: _ClassVar[FinishReason]

class PartKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PART_KIND_UNSPECIFIED: _ClassVar[PartKind]
    PART_KIND_TEXT: _ClassVar[PartKind]
    PART_KIND_IMAGE: _ClassVar[PartKind]
    PART_KIND_FUNCTION_CALL: _ClassVar[PartKind]
    PART_KIND_MEDIA: _ClassVar[PartKind]
    PART_KIND_NATIVE: _ClassVar[PartKind]
ON_DISCONNECT_UNSPECIFIED: OnDisconnect
ON_DISCONNECT_KEEP: OnDisconnect
ON_DISCONNECT_CANCEL: OnDisconnect
FINISH_REASON_UNSPECIFIED: FinishReason
FINISH_REASON_STOP: FinishReason
FINISH_REASON_MAX_TOKENS: FinishReason
FINISH_REASON_CONTENT_FILTER: FinishReason
FINISH_REASON_TOOL_CALLS: FinishReason
FINISH_REASON_OTHER: FinishReason
PART_KIND_UNSPECIFIED: PartKind
PART_KIND_TEXT: PartKind
PART_KIND_IMAGE: PartKind
PART_KIND_FUNCTION_CALL: PartKind
PART_KIND_MEDIA: PartKind
PART_KIND_NATIVE: PartKind

class CreateCompletionRequest(_message.Message):
    __slots__ = ("spec", "request_id", "max_inline_bytes", "on_disconnect", "cache_ttl")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_INLINE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    CACHE_TTL_FIELD_NUMBER: _ClassVar[int]
    spec: _spec_pb2.Spec
    request_id: str
    max_inline_bytes: int
    on_disconnect: OnDisconnect
    cache_ttl: _duration_pb2.Duration
    def __init__(self, spec: _Optional[_Union[_spec_pb2.Spec, _Mapping]] = ..., request_id: _Optional[str] = ..., max_inline_bytes: _Optional[int] = ..., on_disconnect: _Optional[_Union[OnDisconnect, str]] = ..., cache_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CreateCompletionResponse(_message.Message):
    __slots__ = ("completion_id", "model", "model_version", "create_time", "candidates", "prompt_feedback", "usage", "native_response_id", "model_status", "continuation_token", "native_fields", "omitted_fields", "expire_time")
    class NativeFieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    COMPLETION_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    NATIVE_RESPONSE_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_STATUS_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FIELDS_FIELD_NUMBER: _ClassVar[int]
    OMITTED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    completion_id: str
    model: str
    model_version: str
    create_time: _timestamp_pb2.Timestamp
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    prompt_feedback: PromptFeedback
    usage: _usage_pb2.Usage
    native_response_id: str
    model_status: ModelStatus
    continuation_token: bytes
    native_fields: _containers.ScalarMap[str, str]
    omitted_fields: _containers.RepeatedScalarFieldContainer[str]
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, completion_id: _Optional[str] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., prompt_feedback: _Optional[_Union[PromptFeedback, _Mapping]] = ..., usage: _Optional[_Union[_usage_pb2.Usage, _Mapping]] = ..., native_response_id: _Optional[str] = ..., model_status: _Optional[_Union[ModelStatus, _Mapping]] = ..., continuation_token: _Optional[bytes] = ..., native_fields: _Optional[_Mapping[str, str]] = ..., omitted_fields: _Optional[_Iterable[str]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ModelStatus(_message.Message):
    __slots__ = ("stage", "retirement_time", "message")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    RETIREMENT_TIME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    stage: str
    retirement_time: _timestamp_pb2.Timestamp
    message: str
    def __init__(self, stage: _Optional[str] = ..., retirement_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("index", "message", "finish_reason", "native_finish_reason", "finish_message", "safety_ratings", "grounding_metadata", "citation_metadata", "native_fields")
    class NativeFieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    INDEX_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FINISH_REASON_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FINISH_REASON_FIELD_NUMBER: _ClassVar[int]
    FINISH_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SAFETY_RATINGS_FIELD_NUMBER: _ClassVar[int]
    GROUNDING_METADATA_FIELD_NUMBER: _ClassVar[int]
    CITATION_METADATA_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FIELDS_FIELD_NUMBER: _ClassVar[int]
    index: int
    message: _message_pb2.ChatMessage
    finish_reason: FinishReason
    native_finish_reason: str
    finish_message: str
    safety_ratings: _containers.RepeatedCompositeFieldContainer[SafetyRating]
    grounding_metadata: _struct_pb2.Struct
    citation_metadata: _struct_pb2.Struct
    native_fields: _containers.ScalarMap[str, str]
    def __init__(self, index: _Optional[int] = ..., message: _Optional[_Union[_message_pb2.ChatMessage, _Mapping]] = ..., finish_reason: _Optional[_Union[FinishReason, str]] = ..., native_finish_reason: _Optional[str] = ..., finish_message: _Optional[str] = ..., safety_ratings: _Optional[_Iterable[_Union[SafetyRating, _Mapping]]] = ..., grounding_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., citation_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., native_fields: _Optional[_Mapping[str, str]] = ...) -> None: ...

class SafetyRating(_message.Message):
    __slots__ = ("category", "probability", "blocked", "probability_score", "severity", "severity_score")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_SCORE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_SCORE_FIELD_NUMBER: _ClassVar[int]
    category: str
    probability: str
    blocked: bool
    probability_score: float
    severity: str
    severity_score: float
    def __init__(self, category: _Optional[str] = ..., probability: _Optional[str] = ..., blocked: bool = ..., probability_score: _Optional[float] = ..., severity: _Optional[str] = ..., severity_score: _Optional[float] = ...) -> None: ...

class PromptFeedback(_message.Message):
    __slots__ = ("block_reason", "block_reason_message", "safety_ratings")
    BLOCK_REASON_FIELD_NUMBER: _ClassVar[int]
    BLOCK_REASON_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SAFETY_RATINGS_FIELD_NUMBER: _ClassVar[int]
    block_reason: str
    block_reason_message: str
    safety_ratings: _containers.RepeatedCompositeFieldContainer[SafetyRating]
    def __init__(self, block_reason: _Optional[str] = ..., block_reason_message: _Optional[str] = ..., safety_ratings: _Optional[_Iterable[_Union[SafetyRating, _Mapping]]] = ...) -> None: ...

class StreamCompletionRequest(_message.Message):
    __slots__ = ("spec", "request_id", "max_frame_bytes", "batch", "on_disconnect", "cache_ttl")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAME_BYTES_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    CACHE_TTL_FIELD_NUMBER: _ClassVar[int]
    spec: _spec_pb2.Spec
    request_id: str
    max_frame_bytes: int
    batch: bool
    on_disconnect: OnDisconnect
    cache_ttl: _duration_pb2.Duration
    def __init__(self, spec: _Optional[_Union[_spec_pb2.Spec, _Mapping]] = ..., request_id: _Optional[str] = ..., max_frame_bytes: _Optional[int] = ..., batch: bool = ..., on_disconnect: _Optional[_Union[OnDisconnect, str]] = ..., cache_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StreamCompletionResponse(_message.Message):
    __slots__ = ("sequence", "started", "part_started", "text_delta", "image_chunk", "part_finished", "candidate_finished", "finished", "heartbeat", "media_chunk", "more")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    PART_STARTED_FIELD_NUMBER: _ClassVar[int]
    TEXT_DELTA_FIELD_NUMBER: _ClassVar[int]
    IMAGE_CHUNK_FIELD_NUMBER: _ClassVar[int]
    PART_FINISHED_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FINISHED_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    MEDIA_CHUNK_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    started: Started
    part_started: PartStarted
    text_delta: TextDelta
    image_chunk: ImageChunk
    part_finished: PartFinished
    candidate_finished: CandidateFinished
    finished: Finished
    heartbeat: Heartbeat
    media_chunk: MediaChunk
    more: _containers.RepeatedCompositeFieldContainer[StreamCompletionResponse]
    def __init__(self, sequence: _Optional[int] = ..., started: _Optional[_Union[Started, _Mapping]] = ..., part_started: _Optional[_Union[PartStarted, _Mapping]] = ..., text_delta: _Optional[_Union[TextDelta, _Mapping]] = ..., image_chunk: _Optional[_Union[ImageChunk, _Mapping]] = ..., part_finished: _Optional[_Union[PartFinished, _Mapping]] = ..., candidate_finished: _Optional[_Union[CandidateFinished, _Mapping]] = ..., finished: _Optional[_Union[Finished, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., media_chunk: _Optional[_Union[MediaChunk, _Mapping]] = ..., more: _Optional[_Iterable[_Union[StreamCompletionResponse, _Mapping]]] = ...) -> None: ...

class Started(_message.Message):
    __slots__ = ("completion_id", "model", "create_time", "expire_time")
    COMPLETION_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    completion_id: str
    model: str
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, completion_id: _Optional[str] = ..., model: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PartStarted(_message.Message):
    __slots__ = ("candidate_index", "part_index", "kind", "mime_type", "thought")
    CANDIDATE_INDEX_FIELD_NUMBER: _ClassVar[int]
    PART_INDEX_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    THOUGHT_FIELD_NUMBER: _ClassVar[int]
    candidate_index: int
    part_index: int
    kind: PartKind
    mime_type: str
    thought: bool
    def __init__(self, candidate_index: _Optional[int] = ..., part_index: _Optional[int] = ..., kind: _Optional[_Union[PartKind, str]] = ..., mime_type: _Optional[str] = ..., thought: bool = ...) -> None: ...

class TextDelta(_message.Message):
    __slots__ = ("candidate_index", "part_index", "text")
    CANDIDATE_INDEX_FIELD_NUMBER: _ClassVar[int]
    PART_INDEX_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    candidate_index: int
    part_index: int
    text: str
    def __init__(self, candidate_index: _Optional[int] = ..., part_index: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class ImageChunk(_message.Message):
    __slots__ = ("candidate_index", "part_index", "offset", "data")
    CANDIDATE_INDEX_FIELD_NUMBER: _ClassVar[int]
    PART_INDEX_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    candidate_index: int
    part_index: int
    offset: int
    data: bytes
    def __init__(self, candidate_index: _Optional[int] = ..., part_index: _Optional[int] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class MediaChunk(_message.Message):
    __slots__ = ("candidate_index", "part_index", "offset", "data")
    CANDIDATE_INDEX_FIELD_NUMBER: _ClassVar[int]
    PART_INDEX_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    candidate_index: int
    part_index: int
    offset: int
    data: bytes
    def __init__(self, candidate_index: _Optional[int] = ..., part_index: _Optional[int] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class PartFinished(_message.Message):
    __slots__ = ("candidate_index", "part_index", "thought", "thought_signature", "image", "function_call", "media", "native", "native_fields")
    class NativeFieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CANDIDATE_INDEX_FIELD_NUMBER: _ClassVar[int]
    PART_INDEX_FIELD_NUMBER: _ClassVar[int]
    THOUGHT_FIELD_NUMBER: _ClassVar[int]
    THOUGHT_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_CALL_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FIELDS_FIELD_NUMBER: _ClassVar[int]
    candidate_index: int
    part_index: int
    thought: bool
    thought_signature: bytes
    image: _image_pb2.Image
    function_call: _message_pb2.FunctionCall
    media: _message_pb2.Media
    native: _message_pb2.NativePart
    native_fields: _containers.ScalarMap[str, str]
    def __init__(self, candidate_index: _Optional[int] = ..., part_index: _Optional[int] = ..., thought: bool = ..., thought_signature: _Optional[bytes] = ..., image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., function_call: _Optional[_Union[_message_pb2.FunctionCall, _Mapping]] = ..., media: _Optional[_Union[_message_pb2.Media, _Mapping]] = ..., native: _Optional[_Union[_message_pb2.NativePart, _Mapping]] = ..., native_fields: _Optional[_Mapping[str, str]] = ...) -> None: ...

class CandidateFinished(_message.Message):
    __slots__ = ("candidate_index", "finish_reason", "native_finish_reason", "finish_message", "safety_ratings", "grounding_metadata", "citation_metadata", "native_fields")
    class NativeFieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CANDIDATE_INDEX_FIELD_NUMBER: _ClassVar[int]
    FINISH_REASON_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FINISH_REASON_FIELD_NUMBER: _ClassVar[int]
    FINISH_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SAFETY_RATINGS_FIELD_NUMBER: _ClassVar[int]
    GROUNDING_METADATA_FIELD_NUMBER: _ClassVar[int]
    CITATION_METADATA_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FIELDS_FIELD_NUMBER: _ClassVar[int]
    candidate_index: int
    finish_reason: FinishReason
    native_finish_reason: str
    finish_message: str
    safety_ratings: _containers.RepeatedCompositeFieldContainer[SafetyRating]
    grounding_metadata: _struct_pb2.Struct
    citation_metadata: _struct_pb2.Struct
    native_fields: _containers.ScalarMap[str, str]
    def __init__(self, candidate_index: _Optional[int] = ..., finish_reason: _Optional[_Union[FinishReason, str]] = ..., native_finish_reason: _Optional[str] = ..., finish_message: _Optional[str] = ..., safety_ratings: _Optional[_Iterable[_Union[SafetyRating, _Mapping]]] = ..., grounding_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., citation_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., native_fields: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Finished(_message.Message):
    __slots__ = ("usage", "prompt_feedback", "model_version", "native_response_id", "model_status", "continuation_token", "native_fields", "omitted_fields")
    class NativeFieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    USAGE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    NATIVE_RESPONSE_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_STATUS_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FIELDS_FIELD_NUMBER: _ClassVar[int]
    OMITTED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    usage: _usage_pb2.Usage
    prompt_feedback: PromptFeedback
    model_version: str
    native_response_id: str
    model_status: ModelStatus
    continuation_token: bytes
    native_fields: _containers.ScalarMap[str, str]
    omitted_fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, usage: _Optional[_Union[_usage_pb2.Usage, _Mapping]] = ..., prompt_feedback: _Optional[_Union[PromptFeedback, _Mapping]] = ..., model_version: _Optional[str] = ..., native_response_id: _Optional[str] = ..., model_status: _Optional[_Union[ModelStatus, _Mapping]] = ..., continuation_token: _Optional[bytes] = ..., native_fields: _Optional[_Mapping[str, str]] = ..., omitted_fields: _Optional[_Iterable[str]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeCompletionRequest(_message.Message):
    __slots__ = ("completion_id", "request_id", "after_sequence", "max_frame_bytes", "offset")
    COMPLETION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAME_BYTES_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    completion_id: str
    request_id: str
    after_sequence: int
    max_frame_bytes: int
    offset: int
    def __init__(self, completion_id: _Optional[str] = ..., request_id: _Optional[str] = ..., after_sequence: _Optional[int] = ..., max_frame_bytes: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class ResumeCompletionResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: StreamCompletionResponse
    def __init__(self, event: _Optional[_Union[StreamCompletionResponse, _Mapping]] = ...) -> None: ...
