"""The arguments of `completion`, with LiteLLM's names."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict


class CompletionOptions(TypedDict, total=False):
    """What `completion` takes beside `model`, `messages` and `stream`, with LiteLLM's names and meanings.

    Attributes:
        target: The server, as `Client` takes it. Default: IMAGEWIRE_TARGET, else a server inside this process.
        api_key: The server's key; for a server inside this process, the key of Google AI Studio. Default:
            IMAGEWIRE_API_KEY; inside this process GEMINI_API_KEY.
        custom_llm_provider: "gemini" or "vertex_ai", for a model whose name does not begin with it.
        api_base: The provider's base URL, with LiteLLM's meaning: for "gemini/" models "/models/…" is added, so it ends
            with the version. This and the next seven are for a server inside this process alone; each set of them has
            a server of its own.
        base_url: The same.
        vertex_project: The project of Vertex AI.
        vertex_location: The location of Vertex AI.
        vertex_ai_project: The same.
        vertex_ai_location: The same as `vertex_location`.
        vertex_credentials: The credentials of Vertex AI: a file's name, or its JSON as text or as a mapping.
        vertex_ai_credentials: The same.
        timeout: Seconds for the call, or an httpx.Timeout, whose `read` counts. Default: 600.
        request_timeout: The same.
        stream_timeout: Seconds for a call with `stream`.
        num_retries: How often a call is repeated at most that cannot have been charged. Default: 2.
        max_retries: The same.
        request_id: A UUID of your own for what is drawn: with it, the same call made again is not paid again. After a
            call without it, the `request_id` of its error does the same.
        fallbacks: Models that are asked in turn when the call fails before its answer begins: names, or mappings of
            arguments that replace those of the call.
        extra_headers: gRPC metadata of the call, for the server's interceptors and what is in front of it. They do not
            reach Google: headers for Google belong in the server's file. A server inside this process takes only
            "x-request-id" and "traceparent".
        headers: The same.
        drop_params: Whether what cannot be served is left out, instead of refused. The answer's
            `_hidden_params["dropped_params"]` names it.
        additional_drop_params: Names of arguments that are left out in any case.
        stream_options: {"include_usage": True} for one more chunk with the usage.
        modalities: What the model may answer with: "text", "image" or both, in any case.
        image_config: {"aspect_ratio": "16:9", "image_size": "2K"}, in place of the next two.
        aspect_ratio: Width to height, such as "16:9".
        image_size: "512", "1K", "2K" or "4K", or WIDTHxHEIGHT for the nearest ratio and size.
        size: The same, with OpenAI's name.
        quality: "high" or "hd" for 2K and "low" for 512, where the model has them and no size is given; "auto",
            "standard" and "medium" for the model's own.
        imageConfig: The same as `image_config`.
        aspectRatio: The same as `aspect_ratio`.
        imageSize: The same as `image_size`.
        temperature: How random the answer is, from 0 to 2.
        top_p: Nucleus sampling, from 0 to 1.
        top_k: How many of the likeliest tokens are considered.
        n: 1; a call draws one answer.
        max_tokens: The most tokens of the answer.
        max_completion_tokens: The same.
        stop: Up to five texts at which the model stops.
        seed: A whole number of 32 bits.
        presence_penalty: Discourages tokens that occurred, from -2 to below 2.
        frequency_penalty: Discourages tokens by how often they occurred, from -2 to below 2.
        reasoning_effort: "none", or a level that the model takes, such as "low" or "high".
        thinking: {"type": "enabled", "budget_tokens": 1024} or {"type": "disabled"}.
        tools: Functions as OpenAI has them, and Google Search: {"google_search": {}}, with its options inside.
        tool_choice: "auto", "none", "required", or {"type": "function", "function": {"name": …}}.
        web_search_options: {} for Google Search.
        safety_settings: Google's: [{"category": …, "threshold": …}].
        media_resolution: How finely input pictures are read, such as "MEDIA_RESOLUTION_HIGH".
        cached_content: The provider's name of cached content.
        user: A label "user" for Vertex AI's bills; not sent for models whose names begin with "gemini/".
        metadata: Labels for Vertex AI's bills; likewise. LiteLLM's loggers, which read it too, are not here.
        labels: Labels for Vertex AI's bills; refused for other providers.
        extra_body: Fields of Google's own request, as a JSON object.
        service_tier: "flex", "priority", or "default" for Google's standard.
        output_config: {"uri_prefix": "gs://bucket/folder/"}: Vertex AI writes pictures there and does not send them.
        continuation_token: Of an answer's `provider_specific_fields`, whose rest is asked for.

    Examples:
        >>> say = [{"role": "user", "content": "A banana"}]
        >>> options = {"aspect_ratio": "16:9", "timeout": 120}
        >>> answer = imagewire.completion("gemini/gemini-2.5-flash-image", say, **options)
    """

    target: str | None
    api_key: str | None
    api_base: str | None
    base_url: str | None
    vertex_project: str | None
    vertex_location: str | None
    vertex_ai_project: str | None
    vertex_ai_location: str | None
    vertex_credentials: str | Mapping[str, Any] | None
    vertex_ai_credentials: str | Mapping[str, Any] | None
    custom_llm_provider: str | None
    timeout: float | None
    request_timeout: float | None
    stream_timeout: float | None
    num_retries: int | None
    max_retries: int | None
    request_id: str | None
    fallbacks: Iterable[str | Mapping[str, Any]] | None
    extra_headers: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    drop_params: bool | None
    additional_drop_params: Iterable[str] | None
    stream_options: Mapping[str, bool] | None
    modalities: Iterable[Literal["text", "image"]] | None
    image_config: Mapping[str, str] | None
    aspect_ratio: str | None
    image_size: str | None
    size: str | None
    quality: str | None
    imageConfig: Mapping[str, str] | None  # Google's own spelling, which LiteLLM takes too
    aspectRatio: str | None
    imageSize: str | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    n: int | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stop: str | Iterable[str] | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    reasoning_effort: str | None
    thinking: Mapping[str, Any] | None
    tools: Iterable[Mapping[str, Any]] | None
    tool_choice: str | Mapping[str, Any] | None
    web_search_options: Mapping[str, Any] | None
    safety_settings: Iterable[Mapping[str, str]] | None
    media_resolution: str | None
    cached_content: str | None
    user: str | None
    metadata: Mapping[str, Any] | None
    labels: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    service_tier: str | None
    output_config: Mapping[str, str] | None
    continuation_token: str | None
