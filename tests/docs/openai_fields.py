"""A value for each field of openai-python's four calls, one that asks for something where the field can."""

from typing import Any

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
IMAGE_TOOL = {"type": "image_generation", "size": "1024x1536"}

COMMON: dict[str, Any] = {
    "background": "transparent",
    "complexity": "high",
    "frame_count": 2,
    "frame_duration_ms": 40,
    "metadata": {"team": "a"},
    "moderation": "low",
    "n": 2,
    "output_compression": 50,
    "output_format": "webp",
    "parallel_tool_calls": True,
    "partial_images": 1,
    "prompt_cache_key": "key",
    "prompt_cache_options": {"mode": "explicit"},
    "prompt_cache_retention": "24h",
    "quality": "high",
    "response_format": "b64_json",
    "safety_identifier": "alice",
    "service_tier": "flex",
    "size": "1536x1024",
    "store": True,
    "stream": True,
    "stream_options": {"include_usage": True},
    "style": "natural",
    "svg": {},
    "temperature": 0.5,
    "top_p": 0.5,
    "user": "alice",
}
CHAT = COMMON | {
    "audio": {"voice": "alloy", "format": "mp3"},
    "frequency_penalty": 0.5,
    "function_call": "auto",
    "functions": [TOOL["function"]],
    "logit_bias": {"1": 1},
    "logprobs": True,
    "max_completion_tokens": 4000,
    "max_tokens": 4000,
    "modalities": ["text"],
    "moderation": {"mode": "block"},
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": 0.5,
    "reasoning_effort": "high",
    "response_format": {"type": "json_object"},
    "seed": 7,
    "stop": ["END"],
    "tool_choice": "required",
    "tools": [TOOL],
    "top_logprobs": 2,
    "verbosity": "low",
    "web_search_options": {},
}
IMAGES = COMMON | {"input_fidelity": "low", "mask": "PNG", "markup": "PNG"}
RESPONSES = COMMON | {
    "access_programs": ["x"],
    "background": True,
    "background_options": {},
    "context_management": [{"type": "compaction"}],
    "conversation": "conv_1",
    "image": {"size": "1024x1536"},
    "include": ["reasoning.encrypted_content"],
    "instructions": "Draw in blue",
    "max_output_tokens": 4000,
    "max_tool_calls": 1,
    "moderation": {"mode": "block"},
    "previous_response_id": "resp_1",
    "prompt": {"id": "pmpt_1"},
    "reasoning": {"effort": "high"},
    "stream_options": {"include_obfuscation": False},
    "text": {"format": {"type": "json_object"}},
    "tool_choice": "required",
    "tools": [IMAGE_TOOL],
    "top_logprobs": 2,
    "truncation": "auto",
}

# The fields without which a field means nothing.
BESIDE = {"partial_images": "stream", "stream_options": "stream", "tool_choice": "tools"}
