"""The configuration file: LiteLLM's loads as it stands, ours beside it, and every mistake is told by its line."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app
from imagewire_server.config.source import ConfigError
from imagewire_server.contract.provider import TokenPrice
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.registry import load, table
from tests import forked
from tests.deployments import google
from tests.unit.config.files import ENV, FULL, SEED, WRONG, entry, written


def test_the_seeds_file_loads(tmp_path: Path) -> None:
    (made,) = load(written(tmp_path, SEED), ENV).deployments
    assert (made.name, made.provider, made.model) == ("gemini-image-gen", "gemini", "gemini-2.5-flash-image-preview")
    assert made.options.api_key == "secret-key"


PLACE = "litellm_params.vertex_credentials"


def test_a_full_file_loads(tmp_path: Path) -> None:
    config = load(written(tmp_path, FULL), ENV)
    studio, vertex, wild, backup = config.deployments
    assert (studio.id, studio.rpm) == ("studio", 60)
    assert (studio.options.timeout, studio.options.extra_headers) == (120, (("x-team", "art"),))
    assert (vertex.options.project, vertex.options.location, vertex.rpm) == ("p", "eu", 20)
    assert '"private_key": "secret-sa"' in vertex.options.credentials
    assert (wild.name, wild.model) == ("gemini/*", "*")
    assert backup.options.api_key == "secret-express"
    routing = config.routing
    assert (routing.strategy, routing.num_retries, routing.cooldown_time, routing.allowed_fails) == (
        "least-busy",
        1,
        30,
        0,
    )
    assert routing.drop_params
    assert routing.fallbacks == (("gemini/draw", ("backup",)), ("draw", ("backup",)))
    assert routing.content_policy_fallbacks == (("*", ("gemini/anything",)),)
    assert config.master_key == "secret-master"
    assert set(config.warnings) == {
        f"{name} is not supported"
        for name in (
            "litellm_params.max_retries", "router_settings.redis_host",
        )
    } | {
        "general_settings.database_url is not supported: see imagewire.callers for keys with limits and budgets",
        f"draw needs the credentials in {PLACE}, in which client_email and token_uri are missing",
    }  # fmt: skip
    known = models("gemini", config.models)
    mine, pro = known.find("mine"), known.find("gemini-3-pro-image")
    assert mine.image_sizes == ("1K",)
    assert (mine.image_tokens, mine.service_tiers) == ({"1K": 1120}, {"flex": 0.5, "priority": 1.8})
    assert isinstance(pro.price, TokenPrice)
    assert (pro.price.cached, pro.image_sizes) == (1, ("1K", "2K", "4K"))
    assert pro.image_tokens["4K"] == 2000
    shown = "\n".join(table(config, ENV))
    assert "secret" not in shown + repr(config)
    assert "in trouble: backup" in shown
    assert "warning: litellm_params.max_retries is not supported" in shown


def test_what_litellm_takes_more_widely_loads_and_is_told(tmp_path: Path) -> None:
    text = (
        SEED
        + """\
litellm_settings:
  num_retries: 5
  default_fallbacks: [gemini-image-gen-2]
  set_verbose: true
router_settings:
  routing_strategy: usage-based-routing-v2
  fallbacks: [{gemini-image-gen: [gemini-image-gen-2]}]
"""
    )
    entries = SEED + SEED.replace("gemini-image-gen", "gemini-image-gen-2").partition("\n")[2]
    config = load(written(tmp_path, text.replace(SEED, entries)), ENV)
    assert (config.routing.num_retries, config.routing.strategy) == (2, "simple-shuffle")
    backup = ("gemini-image-gen-2",)
    assert config.routing.fallbacks == (("gemini-image-gen", backup), ("*", backup))
    assert len(config.warnings) == 3
    assert any("num_retries" in told for told in config.warnings)
    assert any("usage-based-routing-v2" in told for told in config.warnings)


def test_null_is_a_key_that_is_not_given(tmp_path: Path) -> None:
    nulls = "model: gemini/m, api_key: k, api_base: null, tpm: null, timeout: null, extra_headers: {a: null}"
    text = f"model_list: [{{model_name: a, litellm_params: {{{nulls}}}, model_info: {{id: null}}}}]\n"
    text += "router_settings: {num_retries: null, fallbacks: null}\nlitellm_settings: {allowed_fails: null}\n"
    plain = "model_list: [{model_name: a, litellm_params: {model: gemini/m, api_key: k}}]\n"
    given, expected = load(written(tmp_path, text), {}), load(written(tmp_path, plain), {})
    assert (given.deployments, given.routing) == (expected.deployments, expected.routing)
    with pytest.raises(ConfigError, match="model is missing"):
        load(written(tmp_path, text.replace("gemini/m", "null")), {})


def test_litellms_other_names_of_vertexs_keys(tmp_path: Path) -> None:
    other = "model: vertex_ai/m, vertex_ai_project: p, vertex_ai_location: eu, vertex_ai_credentials: /sa.json"
    options = load(written(tmp_path, entry(other)), {}).deployments[0].options
    assert (options.project, options.location, options.credentials) == ("p", "eu", "/sa.json")
    both = load(written(tmp_path, entry(f"{other}, vertex_project: first")), {}).deployments[0].options
    assert both.project == "first"


def test_the_environment_alone_serves_everything_of_its_providers() -> None:
    config = load(None, {"GEMINI_API_KEY": "k", "VERTEXAI_PROJECT": "p", "VERTEXAI_LOCATION": "us"})
    assert [(d.name, d.provider, d.options.location) for d in config.deployments] == [
        ("gemini/*", "gemini", ""), ("vertex_ai/*", "vertex_ai", "us"), ("*", "gemini", ""),
    ]  # fmt: skip
    assert load(None, {}).deployments == ()


@pytest.mark.parametrize(("text", "line", "words"), WRONG, ids=[row[2][:50] for row in WRONG])
def test_a_mistake_is_told_with_its_line_and_its_remedy(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load(file, ENV | {"GEMINI_API_KEY": ""})
    told = str(refused.value)
    assert told.startswith(f"{file}:{line}: "), told
    assert words in told
    assert "\n" not in told


@pytest.mark.parametrize(("text", "line"), [row[:2] for row in WRONG], ids=[row[2][:50] for row in WRONG])
def test_check_ends_with_one_line_and_not_with_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    file = written(tmp_path, text)
    ended = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert ended.exit_code == 2
    assert ended.stderr.startswith(f"imagewire-server: {file}:{line}: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


def test_there_are_at_least_forty_of_them() -> None:
    assert len({(text, words) for text, _, words in WRONG}) >= 40


def test_a_gemini_model_without_any_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="api_key is missing"):
        load(written(tmp_path, entry("model: gemini/m")), {})


@pytest.mark.parametrize(
    "params", ["{<<: *a, rpm: 3, model: gemini/m}", "{model: gemini/m, rpm: 3, <<: [*a, *b]}", "{<<: *c, rpm: 3}"]
)
def test_merge_keys_give_what_a_mapping_does_not_have_itself(tmp_path: Path, params: str) -> None:
    anchors = "x-a: &a {api_key: k, rpm: 1}\nx-b: &b {api_key: other, tpm: 2}\nx-c: &c {<<: *a, model: gemini/m}\n"
    text = f"{anchors}model_list: [{{model_name: a, litellm_params: {params}}}]\n"
    (made,) = load(written(tmp_path, text), {}).deployments
    assert (made.model, made.options.api_key, made.rpm) == ("m", "k", 3)


def test_two_deployments_of_one_id_are_told(tmp_path: Path) -> None:
    text = entry(rest="    model_info: {id: x}\n") + entry(rest="    model_info: {id: x}\n").partition("\n")[2]
    with pytest.raises(ConfigError, match="two deployments have the id 'x'"):
        load(written(tmp_path, text), ENV)


@pytest.mark.parametrize(
    ("text", "code", "words"), [(FULL, 0, "draw"), ("model_lst: 1\n", 2, "did you mean 'model_list'?")]
)
def test_check_tells_without_serving(tmp_path: Path, text: str, code: int, words: str) -> None:
    ended = forked.run(
        [sys.executable, "-m", "imagewire_server", "check", "--config", str(written(tmp_path, text))],
        capture_output=True,
        text=True,
        env=ENV,
        check=False,
    )
    assert ended.returncode == code
    assert words in ended.stdout + ended.stderr
    assert "secret" not in ended.stdout + ended.stderr
    assert len(ended.stderr.splitlines()) == (1 if code else 0)


def test_a_row_of_models_that_has_a_provider_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=":5: id is missing; add the model's id"):
        load(written(tmp_path, entry(rest="imagewire:\n  models: [{id: gemini/}]\n")), {})


def test_no_secret_is_in_a_deployments_repr() -> None:
    made = google("i", "n", "gemini", "m", api_key="SECRET", credentials="SECRET", extra_headers=(("a", "SECRET"),))
    assert "SECRET" not in repr(made)


def test_d14_check_hides_a_urls_password(tmp_path: Path) -> None:
    text = entry("model: gemini/m, api_base: 'https://user:secret@example.net/x'")
    lines = "\n".join(table(load(written(tmp_path, text), ENV), ENV))
    assert "https://***@example.net/x" in lines
    assert "secret" not in lines


@pytest.mark.parametrize(
    "value",
    [
        "htps://user:secret@example.net",
        "user:secret@example.net",
        "https://secret@:0",
        "https://example.net/?key=secret",
    ],
)
def test_d14_an_error_about_a_url_hides_its_password(value: str) -> None:
    with pytest.raises(ConfigError, match=r"gemini_base_url must (start|end) .* not '.*\*\*\*") as refused:
        load(None, {"IMAGEWIRE_GEMINI_BASE_URL": value})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("key", ["secret\n", "\tsecret", "secret ", "sec\u200bret", "s\u00e9cret"])
def test_d14_a_key_that_no_header_can_carry_is_refused_by_name(tmp_path: Path, key: str) -> None:
    for name in ("GEMINI_API_KEY", "IMAGEWIRE_GEMINI_API_KEY", "IMAGEWIRE_METRICS_KEY"):
        with pytest.raises(ConfigError, match=f"^{name}: .* must be printable ASCII") as refused:
            load(None, {name: key})
        assert "cret" not in str(refused.value)
    file = written(tmp_path, entry("model: gemini/m, api_key: os.environ/K"))
    with pytest.raises(ConfigError, match="api_key must be printable ASCII"):
        load(file, {"K": key})


def test_a_default_may_refer_to_a_variable(tmp_path: Path) -> None:
    file = written(tmp_path, entry("model: gemini/m, api_key: k, temperature: os.environ/T, stop: [os.environ/S]"))
    (made,) = load(file, {"T": "0.5", "S": "END"}).deployments
    assert json.loads(made.defaults) == {"temperature": 0.5, "stop": ["END"]}
    config = load(file, {}, resolve=False)
    assert (config.deployments[0].defaults, config.warnings) == ("", ())


def test_a_timeout_for_all_deployments(tmp_path: Path) -> None:
    text = "model_list:\n  - {model_name: a, litellm_params: {model: gemini/m, api_key: k}}\n"
    text += "  - {model_name: b, litellm_params: {model: gemini/m, api_key: k, timeout: 5}}\n"
    text += "litellm_settings: {request_timeout: 600}\n"
    made = load(written(tmp_path, text), {})
    assert ([one.options.timeout for one in made.deployments], made.warnings) == ([600, 5], ())
    made = load(written(tmp_path, f"{text}router_settings: {{timeout: 60}}\n"), {})
    assert [one.options.timeout for one in made.deployments] == [60, 5]
