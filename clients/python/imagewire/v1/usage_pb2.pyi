from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Usage(_message.Message):
    __slots__ = ("prompt_tokens", "candidates_tokens", "thoughts_tokens", "cached_content_tokens", "tool_use_prompt_tokens", "total_tokens", "prompt_tokens_details", "candidates_tokens_details", "traffic_type", "cost_usd", "cost_nano_usd", "cached_content_tokens_details", "tool_use_prompt_tokens_details", "service_tier", "cached_answer")
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_TOKENS_FIELD_NUMBER: _ClassVar[int]
    THOUGHTS_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_CONTENT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOOL_USE_PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_DETAILS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_TOKENS_DETAILS_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_TYPE_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    COST_NANO_USD_FIELD_NUMBER: _ClassVar[int]
    CACHED_CONTENT_TOKENS_DETAILS_FIELD_NUMBER: _ClassVar[int]
    TOOL_USE_PROMPT_TOKENS_DETAILS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    CACHED_ANSWER_FIELD_NUMBER: _ClassVar[int]
    prompt_tokens: int
    candidates_tokens: int
    thoughts_tokens: int
    cached_content_tokens: int
    tool_use_prompt_tokens: int
    total_tokens: int
    prompt_tokens_details: _containers.RepeatedCompositeFieldContainer[ModalityTokens]
    candidates_tokens_details: _containers.RepeatedCompositeFieldContainer[ModalityTokens]
    traffic_type: str
    cost_usd: float
    cost_nano_usd: int
    cached_content_tokens_details: _containers.RepeatedCompositeFieldContainer[ModalityTokens]
    tool_use_prompt_tokens_details: _containers.RepeatedCompositeFieldContainer[ModalityTokens]
    service_tier: str
    cached_answer: bool
    def __init__(self, prompt_tokens: _Optional[int] = ..., candidates_tokens: _Optional[int] = ..., thoughts_tokens: _Optional[int] = ..., cached_content_tokens: _Optional[int] = ..., tool_use_prompt_tokens: _Optional[int] = ..., total_tokens: _Optional[int] = ..., prompt_tokens_details: _Optional[_Iterable[_Union[ModalityTokens, _Mapping]]] = ..., candidates_tokens_details: _Optional[_Iterable[_Union[ModalityTokens, _Mapping]]] = ..., traffic_type: _Optional[str] = ..., cost_usd: _Optional[float] = ..., cost_nano_usd: _Optional[int] = ..., cached_content_tokens_details: _Optional[_Iterable[_Union[ModalityTokens, _Mapping]]] = ..., tool_use_prompt_tokens_details: _Optional[_Iterable[_Union[ModalityTokens, _Mapping]]] = ..., service_tier: _Optional[str] = ..., cached_answer: bool = ...) -> None: ...

class ModalityTokens(_message.Message):
    __slots__ = ("modality", "tokens")
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    modality: str
    tokens: int
    def __init__(self, modality: _Optional[str] = ..., tokens: _Optional[int] = ...) -> None: ...
