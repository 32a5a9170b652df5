"""Arguments of LiteLLM's `completion` that this package does not serve: what is accepted anyway, and the remedies."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from imagewire.errors import InvalidRequest, invalid


def _is(*values: Any) -> Callable[[Any], bool]:
    return lambda given: any(given == value and isinstance(given, type(value)) for value in values)


# Values that ask for nothing, or for what happens anyway.
_HARMLESS: dict[str, Callable[[Any], bool]] = {
    # Hints for OpenAI's abuse detection and caches. Google has neither; the answer is the same.
    "safety_identifier": lambda given: isinstance(given, str),
    "prompt_cache_key": lambda given: isinstance(given, str),
    "prompt_cache_retention": lambda given: isinstance(given, str),
    "parallel_tool_calls": _is(True, False),  # the model decides
    "logit_bias": lambda given: isinstance(given, Mapping) and not given,
    "logprobs": _is(False),
    "top_logprobs": _is(0),
    "store": _is(False),
    "verbosity": _is("medium"),
    "response_format": lambda given: isinstance(given, Mapping) and dict(given) == {"type": "text"},
    "functions": lambda given: isinstance(given, list) and not given,
    "function_call": _is("auto", "none"),
    "caching": _is(False),
    "verbose": _is(False),
    "mock_response": _is(""),
}

# Patterns of whole names, separated by blanks, and what to do. The first that fits counts.
_REMEDIES: tuple[tuple[str, str], ...] = (
    ("functions function_call", "is OpenAI's older form; use tools and tool_choice"),
    ("response_format", "is not supported by models that draw; ask for the format in the prompt"),
    ("parallel_tool_calls", "must be true or false, and changes nothing; leave it out"),
    ("store", "is not supported: no answer is stored; leave it out"),
    ("n best_of", "must be 1: a call draws one answer; call again for another"),
    ("style background output_format", "is not an option here; say it in the prompt"),
    ("client shared_session use_client", "is not used: connections are gRPC's, and kept; leave it out"),
    ("model_list model_alias_map model_config", "belongs in a file: start imagewire-server --config, and pass target="),
    ("mock_.*", 'is not supported; for an answer without a key run "imagewire-server serve --demo", and pass target='),
    (".*(cost|pricing|uplift).*", "is not read here: prices are the server's, in its file under imagewire: models"),
    (
        """
        (langfuse|langsmith|humanloop|arize|posthog|wandb|weave|dd|newrelic|signoz|gcs)_.* logger_fn verbose no-log
        turn_off_message_logging log_client_error_tracebacks litellm_disabled_callbacks tags tag_regex
        """,
        "is for LiteLLM's logging; use the server's log, its metrics or interceptors (docs/interceptors.md)",
    ),
    (
        """
        cache caching.* cache_key preset_cache_key ttl enable_prompt_caching context_management
        """,
        "is for LiteLLM's caches; set cache_ttl in the server's file, or pass it to a method such as Client.draw",
    ),
    (
        """
        context_window_fallback_dict retry_policy retry_strategy routing_strategy cooldown_time max_fallbacks
        fallback_depth fastest_response order weight
        """,
        "is for LiteLLM's router; use fallbacks and num_retries, or the server's file",
    ),
    (
        """
        rpm tpm rpd tpd itpm otpm max_budget budget_duration max_parallel_requests default_api_key_.*
        daily_reset_time
        """,
        "is a limit for a whole server; set it in the server's file",
    ),
    (
        """
        (aws|azure|s3|anthropic|openai|chatgpt|github|fireworks|hf|token_exchange|sagemaker|watsonx|oci)_.* azure
        api_version deployment_id organization region_name tenant_id client_id client_secret bedrock_tags
        use_xai_oauth data_residency allowed_model_region include_server_side_tool_invocations custom_prompt_dict
        roles bos_token eos_token initial_prompt_value final_prompt_value
        """,
        "is for other providers than Google; leave it out",
    ),
    ("ssl_verify ssl_certificate", "is not read here; set SSL_CERT_FILE to the certificates that are trusted"),
    (
        "logit_bias logprobs top_logprobs verbosity prediction audio safety_identifier",
        "is not an option of Google's models that draw",
    ),
    ("prompt_.* guardrails litellm_system_prompt", "is for LiteLLM's prompts and guardrails; use messages"),
    (
        """
        force_timeout mock_timeout client_side_timeout timeout_by_service_tier stream_timeout_by.*
        """,
        "use timeout",
    ),
    (
        """
        litellm_.* _.* adaptive_.* auto_router_.* complexity_.* quality_router_.* switchyard_.* supports_.* allow_.*
        allowed_openai_params acompletion aembedding aimg_generation allm_.* assistant_continue_message async_call
        atext_completion attempted_targets base_model complete_response completion_call_id configurable_.*
        disable_add_transform_inline_image_block enable_json_schema_validation enable_tag_filtering
        ensure_alternating_roles hf_model_name id keepalive_seconds kubernetes_pod_discovery kwargs
        max_agentic_loops max_file_size_mb merge_reasoning_content_in_choices model_file_id_mapping model_info
        output_vector_size provider_affinity_header provider_specific_header proxy_server_request
        responses_api_version rust search_tool_name secret_fields self silent_model stream_chunk_size
        stream_response text_completion thought_signature_in_tool_call_id use_chat_completions_api
        use_in_pass_through use_litellm_proxy user_continue_message
        """,
        "is for LiteLLM's own machinery, which is not here; leave it out",
    ),
)


def is_harmless(name: str, value: object) -> bool:
    """Whether the argument changes nothing, so that it is accepted."""
    return name in _HARMLESS and _HARMLESS[name](value)


def remedy(name: str) -> str | None:
    """What to do about an argument of LiteLLM's that is not served; None for a name that LiteLLM does not know."""
    return next((words for names, words in _REMEDIES if any(re.fullmatch(one, name) for one in names.split())), None)


def unknown(name: str, arguments: Iterable[str], prefix: str = "") -> InvalidRequest:
    """The error for an argument that nobody knows. arguments: those that there are. prefix: where it stands."""
    known = list(arguments)
    close = difflib.get_close_matches(name, known, n=1)
    return invalid(
        f"{prefix}{name}",
        f"is not an argument of completion; {f'did you mean {close[0]}?' if close else 'it takes ' + ', '.join(known)}",
    )
