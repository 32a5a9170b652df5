"""The setting cache_ttl: for all models, and of one deployment."""

from pathlib import Path
from typing import Any

import pytest

from imagewire_server.config.source import ConfigError
from imagewire_server.providers import registry

MODELS = """\
model_list:
  - model_name: a
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: k}
    model_info: {id: one, cache_ttl: %s}
  - model_name: b
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: k}
"""


def load(folder: Path, text: str, **environ: str) -> Any:
    file = folder / "config.yaml"
    file.write_text(text)
    return registry.load(file, environ)


def test_it_is_off(tmp_path: Path) -> None:
    config = load(tmp_path, MODELS % "null")
    assert config.settings.cache_ttl == 0.0
    assert [one.cache_ttl for one in config.deployments] == [None, None]
    assert not any("cached" in line for line in registry.table(config, {}))


def test_a_deployments_own_time_comes_first(tmp_path: Path) -> None:
    config = load(tmp_path, MODELS % "60", IMAGEWIRE_CACHE_TTL="600")
    assert [one.cache_ttl for one in config.deployments] == [60.0, None]
    lines = [line for line in registry.table(config, {}) if "cached" in line]
    assert [line.rpartition(", ")[2] for line in lines] == ["cached for 60 s", "cached for 600 s"]
    shown = list(registry.table(load(tmp_path, MODELS % "0", IMAGEWIRE_CACHE_TTL="600"), {}))
    assert sum("cached for" in line for line in shown) == 1


def test_of_several_deployments_the_shortest_time_is_shown(tmp_path: Path) -> None:
    config = load(tmp_path, (MODELS % "60").replace("model_name: b", "model_name: a"), IMAGEWIRE_CACHE_TTL="600")
    lines = [line for line in registry.table(config, {}) if "cached" in line]
    assert [line.rpartition(", ")[2] for line in lines] == ["cached for 60 s", "cached for 60 s"]
    assert config.warnings == ()


@pytest.mark.parametrize(("ttl", "environ"), [("60", {}), ("0", {"IMAGEWIRE_CACHE_TTL": "600"})])
def test_a_name_that_is_never_cached_is_not_said_to_be(tmp_path: Path, ttl: str, environ: dict[str, str]) -> None:
    text = (MODELS % ttl).replace("model_name: b", "model_name: a")
    config = load(tmp_path, text, **environ)
    assert not any("cached for" in line for line in registry.table(config, {}))
    [words] = config.warnings
    assert words == (
        "the answer cache is off for 'a', because one of its deployments has cache_ttl 0 and the shortest time of a"
        " name counts: set model_info.cache_ttl for all of them"
    )
    with pytest.raises(ConfigError, match="the answer cache is off for 'a'"):
        load(tmp_path, text, **environ, IMAGEWIRE_STRICT="true")


def test_another_time_leaves_a_deployment_its_health(tmp_path: Path) -> None:
    before, after = (load(tmp_path, MODELS % ttl).deployments[0] for ttl in ("60", "90"))
    assert before != after
    assert before.without_share() == after.without_share()


@pytest.mark.parametrize(
    ("ttl", "environ", "words"),
    [
        ("-1", {}, ":4: cache_ttl must be at least 0"),
        ("soon", {}, ":4: cache_ttl must be a number"),
        ("90000", {}, ":4: cache_ttl is 90000 s, and answers are kept for 86400 s: lower it, or raise keep_ttl"),
        (
            "60",
            {"IMAGEWIRE_KEEP": "off"},
            ":4: cache_ttl needs kept answers: leave it out, or set keep",
        ),
        ("null", {"IMAGEWIRE_CACHE_TTL": "60", "IMAGEWIRE_KEEP": "off"}, "cache_ttl needs kept answers"),
        (
            "null",
            {"IMAGEWIRE_CACHE_TTL": "60", "IMAGEWIRE_KEEP_TTL": "30"},
            "cache_ttl is 60 s, and answers are",
        ),
        ("null", {"IMAGEWIRE_CACHE_TTL": "-1"}, "must be 0 or more"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, ttl: str, environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as failed:
        load(tmp_path, MODELS % ttl, **environ)
    assert words in str(failed.value)


def test_nothing_can_be_off_where_nothing_is_kept(tmp_path: Path) -> None:
    assert load(tmp_path, MODELS % "0", IMAGEWIRE_KEEP="off").deployments[0].cache_ttl == 0.0


def test_litellms_cache_names_ours(tmp_path: Path) -> None:
    told = load(tmp_path, MODELS % "null" + "litellm_settings: {cache: true, cache_params: {ttl: 600}}\n").warnings
    assert all("set cache_ttl under imagewire" in words for words in told)
    assert len(told) == 2


@pytest.mark.parametrize("key", ["cache_ttl", "output_cost_per_image"])
def test_that_of_everything_is_said_to_have_no_effect(tmp_path: Path, key: str) -> None:
    text = f"model_list: [{{model_name: '*', litellm_params: {{model: '*'}}, model_info: {{{key}: 60}}}}]\n"
    [words] = load(tmp_path, text, GEMINI_API_KEY="k").warnings
    assert words == f"model_info.{key} of model '*' is not supported: name a provider's models, as gemini/*"
