"""The configuration file: LiteLLM's loads as it stands, ours beside it, and every mistake is told by its line."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app
from imagewire_server.config.source import ConfigError
from imagewire_server.contract.provider import TokenPrice
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.registry import load, provider_configs, table
from tests import forked
from tests.deployments import google

ENV = {"GEMINI_API_KEY": "secret-key", "LITELLM_KEY": "secret-master"}
SEED = """\
model_list:
  - model_name: gemini-image-gen
    litellm_params:
      model: gemini/gemini-2.5-flash-image-preview
      api_key: os.environ/GEMINI_API_KEY
"""
FULL = """\
model_list:
  - model_name: draw
    litellm_params:
      model: gemini/gemini-3-pro-image
      api_key: os.environ/GEMINI_API_KEY
      rpm: 60
      timeout: 120
      extra_headers: {X-Team: art}
    model_info: {id: studio}
  - model_name: draw
    litellm_params:
      model: vertex_ai/gemini-3-pro-image
      vertex_project: p
      vertex_location: eu
      vertex_credentials: {"type": "service_account", "private_key": "secret-sa"}
      rpm: 20
      max_retries: 3
  - model_name: "gemini/*"
    litellm_params: {model: "gemini/*", api_key: other-secret}
  - model_name: backup
    litellm_params: {model: vertex_ai/gemini-2.5-flash-image, api_key: secret-express}
router_settings:
  routing_strategy: least-busy
  num_retries: 1
  cooldown_time: 30
  allowed_fails: 0
  fallbacks: [{draw: [backup]}]
  content_policy_fallbacks: [{"*": ["gemini/anything"]}]
  redis_host: localhost
general_settings:
  master_key: os.environ/LITELLM_KEY
  database_url: postgres://x
litellm_settings:
  drop_params: true
imagewire:
  grpc: 127.0.0.1:0
  models:
    - id: my-model
      aliases: [mine]
      image_sizes: [1K]
      price: [1, 2, 3]
      image_tokens: {1K: 1120}
      service_tiers: {flex: 0.5, priority: 1.8}
    - id: gemini-3-pro-image
      price: [9, 9, 9, 1]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_text(text)
    return file


def test_the_seeds_file_loads(tmp_path: Path) -> None:
    (made,) = load(written(tmp_path, SEED), ENV).deployments
    assert (made.name, made.provider, made.model) == ("gemini-image-gen", "gemini", "gemini-2.5-flash-image-preview")
    assert made.options.api_key == "secret-key"


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
    assert routing.fallbacks == (("draw", ("backup",)),)
    assert routing.content_policy_fallbacks == (("*", ("gemini/anything",)),)
    assert config.master_key == "secret-master"
    assert set(config.warnings) == {
        f"{name} is not supported"
        for name in (
            "litellm_settings.drop_params", "litellm_params.max_retries", "router_settings.redis_host",
            "general_settings.database_url",
        )
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
    assert "warning: litellm_settings.drop_params is not supported" in shown


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
    nulls = "model: gemini/m, api_key: k, api_base: null, tpm: null, timeout: null, extra_headers: null"
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


def entry(params: str = "model: gemini/m, api_key: k", rest: str = "", name: str = "a") -> str:
    return f"model_list:\n  - model_name: {name}\n    litellm_params: {{{params}}}\n{rest}"


def router(text: str) -> str:
    return entry(rest=f"router_settings:\n  {text}\n")


NAMES = [f"{name}/" for config in provider_configs() for name in config.names]
PREFIXES = f"{', '.join(NAMES[:-1])} or {NAMES[-1]}"
# the file, the line that is named, words of the error
WRONG: list[tuple[str, int, str]] = [
    ("model_lst: []\n", 1, "unknown key 'model_lst' in the file; did you mean 'model_list'?"),
    ("zzz: []\n", 1, "unknown key 'zzz' in the file; valid keys are"),
    ("- a\n", 1, "must be a mapping"),
    ("a: [\n", 2, "is not valid YAML"),
    ("model_list: 3\n", 1, "model_list must be a list"),
    ("model_list:\n  - 3\n", 2, "must be a mapping"),
    ("model_list:\n  - model_name: a\n", 2, "litellm_params is missing"),
    ("model_list:\n  - litellm_params: {model: gemini/m, api_key: k}\n", 2, "model_name is missing"),
    ("model_list:\n  - model_nme: a\n", 2, "unknown key 'model_nme' in model_list; did you mean 'model_name'?"),
    ("model_list:\n  - model_name: a\n    model_name: b\n", 3, "'model_name' is set twice"),
    (entry("modle: gemini/m"), 3, "litellm_params.model is missing"),
    (entry("api_key: k"), 3, "litellm_params.model is missing"),
    (entry("model: gemni/m, api_key: k"), 3, "did you mean 'gemini'?"),
    (entry("model: vertex/m"), 3, "did you mean 'vertex_ai'?"),
    (entry("model: openai/dall-e-3, api_key: k"), 3, "1 model of another provider, skipped: a (openai/dall-e-3)"),
    (entry("model: gpt-image-1"), 3, "add one such as gemini/gemini-2.5-flash-image"),
    (entry("model: vertex_ai/imagen-4"), 3, "1 model not asked by Google's generateContent, skipped"),
    (entry("model: gemini/, api_key: k"), 3, "has no model"),
    (entry("model: 'gemini/a b', api_key: k"), 3, "has no model"),
    (entry("model: 'gemini/a?key=b', api_key: k"), 3, "has no model"),
    (entry("model: gemini/m, api_key: os.environ/NOT_THERE"), 3, "environment variable NOT_THERE is not set"),
    (entry("model: gemini/m, api_key: [a]"), 3, "api_key must be a single value"),
    (entry("model: gemini/m, api_key: k, api_base: example.com"), 3, "api_base must start with https://"),
    (entry("model: gemini/m, api_key: k, api_base: 'http://h:80,'"), 3, "must start with https://"),
    (entry("model: gemini/m, api_key: k, api_base: 'https://'"), 3, "must start with https://"),
    (entry("model: gemini/m, api_key: k, rpm: many"), 3, "rpm must be a number"),
    (entry("model: gemini/m, api_key: k, rpm: -1"), 3, "rpm must be at least 0"),
    (entry("model: gemini/m, api_key: k, weight: .inf"), 3, "weight must be a number"),
    (entry("model: gemini/m, api_key: k, timeout: 0"), 3, "timeout must be at least 0.001"),
    (entry("model: gemini/m, api_key: k, extra_headers: [a]"), 3, "extra_headers must be a mapping"),
    (entry("model: gemini/m, api_key: k, extra_headers: {'a b': c}"), 3, "is not a valid header"),
    (entry('model: gemini/m, api_key: k, extra_headers: {a: "b\\r\\nc"}'), 3, "is not a valid header"),
    (entry("model: gemini/m, api_key: k, extra_headers: {Authorization: x}"), 3, "sent by the server itself"),
    (entry("model: vertex_ai/m, vertex_credentials: '{x'"), 3, "neither a path nor valid JSON"),
    (entry("model: 'gemini/*', api_key: k"), 3, "but model_name 'a' has none"),
    (entry(name="'*/*'"), 2, "only one '*'"),
    (entry(name='"a\\nb"'), 2, "must be printable"),
    (router("num_retries: -1"), 5, "num_retries must be at least 0"),
    (router("num_retries: 1.5"), 5, "num_retries must be a whole number"),
    (router("cooldown_time: -1"), 5, "cooldown_time must be at least 0"),
    (router("fallbacks: {a: [a]}"), 5, "fallbacks must be a list"),
    (entry(rest="general_settings: {master_kye: x}\n"), 4, "did you mean 'master_key'?"),
    (entry(rest='general_settings: {master_key: "a\\nb"}\n'), 4, "master_key must be printable ASCII"),
    (entry(rest="imagewire: {grpc: nowhere}\n"), 4, "grpc must be HOST:PORT"),
    (entry(rest="imagewire:\n  models: [{image_sizes: [1K]}]\n"), 5, "id is missing"),
    (entry(rest="imagewire:\n  models: [{id: a, sizes: [1K]}]\n"), 5, "unknown key 'sizes' in models"),
    (entry(rest="imagewire:\n  models: [{id: a, price: [1]}]\n"), 5, "price must be [prompt, text, picture]"),
    (entry(rest="imagewire:\n  models: [{id: a, price: [1, 2, free]}]\n"), 5, "price must be a number"),
    (entry(rest="imagewire:\n  models: [{id: a, max_input_images: 1.5}]\n"), 5, "must be a whole number"),
    (entry(rest="imagewire:\n  models: [{id: a, image_tokens: {1K: -1}}]\n"), 5, "image_tokens.1K must be at least 1"),
    (entry(rest="imagewire:\n  models: [{id: a, image_tokens: [1120]}]\n"), 5, "image_tokens must be a mapping"),
    (entry(rest="imagewire:\n  models: [{id: a, service_tiers: {flex: half}}]\n"), 5, "flex must be a number"),
]  # fmt: skip


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
