"""The answer cache and what a model's name stands for: what decides what is sent, and where, decides the answer."""

from pathlib import Path
from typing import Any

import pytest

from imagewire_server.config.deployments import Deployment
from tests.conftest import Stack, running_stack, spec
from tests.deployments import google
from tests.integration.keeping import draws
from tests.integration.test_answer_cache import asked

MODEL = "gemini-2.5-flash-image"
OTHER = "http://127.0.0.1:9"


def deployed(stack: Stack, provider: str = "gemini", **fields: Any) -> Deployment:
    given = {"api_base": f"{stack.emulator.base_url}/v1beta", "api_key": "emulator-key", **fields}
    return google(given.pop("id_", "a"), "draw", provider, MODEL, **given)


async def is_cached(stack: Stack, folder: Path, one: Deployment, **settings: Any) -> bool:
    """Whether a server with this deployment answers from the cache."""
    async with running_stack((one,), beside=stack, keep="local", keep_dir=str(folder), **settings) as made:
        return bool((await asked(made, spec("draw")))[-1].finished.usage.cached_answer)


@pytest.mark.parametrize(
    "other",
    [
        {"extra_headers": (("x-emulate", "two-images"),)},
        {"defaults": '{"temperature": 0.5}'},
    ],
)
async def test_another_upstream_draws_anew(stack: Stack, tmp_path: Path, other: dict[str, Any]) -> None:
    assert not await is_cached(stack, tmp_path, deployed(stack))
    assert not await is_cached(stack, tmp_path, deployed(stack, **other))
    assert await is_cached(stack, tmp_path, deployed(stack))
    assert draws(stack) == 2


async def test_the_url_of_another_model_draws_anew(stack: Stack, tmp_path: Path) -> None:
    models = f"{stack.emulator.base_url}/v1/publishers/google/models"
    for model in (MODEL, "gemini-3-pro-image"):
        one = deployed(stack, "vertex_ai", api_base=f"{models}/{model}")
        assert [await is_cached(stack, tmp_path, one) for _ in range(2)] == [False, True]


async def test_the_version_of_the_api_counts(stack: Stack, tmp_path: Path) -> None:
    one = deployed(stack, api_base="")
    assert not await is_cached(stack, tmp_path, one, gemini_api_version="v1beta")
    assert not await is_cached(stack, tmp_path, one, gemini_api_version="v1")
    assert draws(stack) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"id_": "b"},
        {"weight": 3.0, "rpm": 5.0, "tpm": 7.0},
        {"timeout": 77.0},
        {"prices": (("input_cost_per_token", 1e-6),)},
        {"api_key": "emulator-key-other"},
        {"cache_ttl": 900.0},
    ],
)
async def test_what_changes_nothing_upstream_does_not_count(
    stack: Stack, tmp_path: Path, other: dict[str, Any]
) -> None:
    assert not await is_cached(stack, tmp_path, deployed(stack))
    assert await is_cached(stack, tmp_path, deployed(stack, **other))


async def test_a_default_counts_where_it_applies(stack: Stack, tmp_path: Path) -> None:
    """The caller's own value takes its place, and spells the same request."""
    folder = {"keep": "local", "keep_dir": str(tmp_path)}
    found = []
    for defaults in ('{"temperature": 0.5}', '{"temperature": 0.7}', ""):
        async with running_stack((deployed(stack, defaults=defaults),), beside=stack, **folder) as made:
            own = spec("draw")
            own.generation_config.temperature = 0.5
            found.append((await asked(made, own))[-1].finished.usage.cached_answer)
    assert found == [False, True, True]
