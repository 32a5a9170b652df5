"""What to do about fields of LiteLLM, of Google and of OpenAI's other endpoints, which no field here is similar to."""

_RECORDS = "is for LiteLLM's own records, which are not here; leave it out"
_CACHES = 'is an argument of LiteLLM\'s own functions; send cache, such as {"ttl": 600}'
_RETRIES = "is not supported in a request, because retries belong in the server's file; leave it out"
_MODALITIES = 'is Google\'s name for it; send modalities, such as ["text", "image"]'

REMEDIES = {
    "responseModalities": _MODALITIES,
    "response_modalities": _MODALITIES,
    "generationConfig": "is not a field of its own; send it inside extra_body",
    "generation_config": "is not a field of its own; send it inside extra_body",
    "num_retries": _RETRIES,
    "max_retries": _RETRIES,
    "tags": _RECORDS,
    "litellm_metadata": _RECORDS,
    "litellm_session_id": _RECORDS,
    "litellm_trace_id": _RECORDS,
    "litellm_call_id": _RECORDS,
    "caching": _CACHES,
    "guardrails": "is not supported, because this server has no guardrails; leave it out",
}

# Fields of chats that OpenAI has replaced. Only values that ask for nothing are taken.
OLDER = {
    "functions": "is OpenAI's older form of tools; send tools",
    "function_call": "is OpenAI's older form of tool_choice; send tool_choice",
}
