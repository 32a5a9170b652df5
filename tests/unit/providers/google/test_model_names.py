"""What the names of models in LiteLLM's files say."""

import pytest

from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.model_names import claims, declines, talks

DRAWING = [name for model in models("gemini").models for name in (model.id, *model.aliases)]


@pytest.mark.parametrize(
    "name", [*DRAWING, "my-tuned-model", "4965075652664360960", "gemini/496507", "text-to-image", "gemini-9-omni"]
)
def test_a_model_that_may_draw_is_served_and_asked_to_draw(name: str) -> None:
    assert declines("vertex_ai", name) == ""
    assert not talks(name)


@pytest.mark.parametrize(
    "name",
    [
        "gemini-2.5-flash", "gemini-2.5-flash-lite-preview-09-2025", "gemini-3-pro-preview", "gemini-flash-latest",
        "gemini-1.5-flash-8b", "gemini-2.0-flash-001", "gemini-pro", "gemma-3-27b-it", "google/gemma-4-26b-a4b-it-maas",
        "gemini-robotics-er-1.5-preview", "gemini-2.5-computer-use-preview-10-2025", "gemini-exp-1206",
        "gemini-3.5-transcribe", "gemini-3.8-flash-cyber", "gemini-3.1-pro-preview-customtools",
    ],
)  # fmt: skip
def test_a_model_that_only_talks_is_served(name: str) -> None:
    assert declines("gemini", name) == ""
    assert talks(name)


@pytest.mark.parametrize(
    "name",
    [
        "imagen-4.0-generate-001", "imagegeneration@006", "veo-3.0-generate-preview", "lyria-002", "aqa",
        "text-embedding-004", "gemini-embedding-001", "multimodalembedding", "textembedding-gecko",
        "gemini-2.0-flash-live-001", "gemini-2.5-flash-native-audio", "chat-bison@002", "text-bison",
        "claude-sonnet-4@20250514", "mistral-large@2407", "codestral-2501", "meta/llama-3.1-405b-instruct-maas",
        "llama3-405b-instruct-maas", "deepseek-ai/deepseek-v3.1-maas", "qwen/qwen3-coder", "openai/gpt-oss-120b-maas",
        "jamba-1.5", "gemini-3.8-live", "chirp_2", "semantic-ranker-default@latest", "virtual-try-on-001",
        "gemini-2.5-flash-preview-tts", "gemini-2.5-pro-tts", "gemini-3.1-flash-tts-preview",
    ],
)  # fmt: skip
def test_a_model_that_generate_content_does_not_serve_is_declined(name: str) -> None:
    assert declines("vertex_ai", name)


def test_a_model_without_a_prefix_is_vertex_ais_if_it_is_googles() -> None:
    assert [claims(name) for name in ("gemini-2.5-flash-image", "gpt-4o", "claude-3", "m")] == ["vertex_ai", "", "", ""]
