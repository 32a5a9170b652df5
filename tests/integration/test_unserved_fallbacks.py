"""Fallbacks of names that the file does not serve, as callers see them."""

from pathlib import Path

import pytest

from imagewire_server.config.load import Config
from imagewire_server.providers.registry import load
from tests.conftest import running_stack
from tests.integration.test_routing import GOOD, called


@pytest.fixture
def unserved(tmp_path: Path) -> Config:
    """A file with fallbacks of names that it does not serve."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "model_list:\n"
        "  - {model_name: down, litellm_params: {model: gemini/emulator-503, api_key: emulator-key}}\n"
        f"  - {{model_name: good, litellm_params: {{model: gemini/{GOOD}, api_key: emulator-key}}}}\n"
        "  - {model_name: gpt, litellm_params: {model: gpt-4o, api_key: emulator-key}}\n"
        "router_settings: {fallbacks: [{gpt: [good]}, {ghost: [down, good]}, {down: [gpt]}]}\n"
    )
    return load(file, {})


async def test_the_fallbacks_of_names_that_are_not_served_answer(unserved: Config) -> None:
    async with running_stack(unserved.deployments, unserved.routing) as stack:
        for name, fallbacks in (("gpt", None), ("ghost", "good"), ("down", "good")):
            code, trailers = await called(stack, name)
            assert (code, trailers["x-imagewire-deployment"]) == ("OK", "good:gemini:1")
            assert trailers.get("x-imagewire-fallbacks") == fallbacks
        assert (await called(stack, "other"))[0] == "NOT_FOUND"
