"""What LiteLLM's files have and this server does not do is told, once, and stops nothing unless that is asked for."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app
from imagewire_server.config.source import ConfigError
from imagewire_server.providers.google.config import EXPRESS
from imagewire_server.providers.registry import load
from tests.unit.config.files import entry, router, written

# the file, its one warning
LOGIN = "{type: authorized_user, client_id: c, client_secret: s, refresh_token: r}"
WARNED: list[tuple[str, str]] = [
    (
        entry("model: gemini/m, api_key: k, modle: x"),
        ("3: unknown key 'modle' in litellm_params; did you mean 'model'?"),
    ),
    (entry("model: gemini/m, api_key: k, zzzz: x"), ("3: unknown key 'zzzz' in litellm_params; it has no effect")),
    (entry("model: gemini/m, api_key: k, mock_response: x"), "litellm_params.mock_response is not supported"),
    *(
        (
            entry(f"model: gemini/m, api_key: k, {name}: {{}}"),
            f"litellm_params.{name} is not supported: use tool_choice, or toolConfig in extra_body",
        )
        for name in ("toolConfig", "tool_config")
    ),
    (
        entry("model: gemini/m, api_key: k, input_cost_per_second: 1"),
        ("litellm_params.input_cost_per_second is not supported"),
    ),
    (entry(rest="    model_info: {ids: x}\n"), "4: unknown key 'ids' in model_info; did you mean 'id'?"),
    (
        router("routing_strategy: fastest"),
        ("5: routing_strategy 'fastest' is not supported: simple-shuffle is used instead"),
    ),
    (
        router("routing_strategy: least-bussy"),
        (
            "5: routing_strategy 'least-bussy' is not supported: simple-shuffle is used instead; "
            "did you mean 'least-busy'?"
        ),
    ),
    (
        router("routing_strategy: cost-based-routing"),
        ("5: routing_strategy 'cost-based-routing' is not supported: simple-shuffle is used instead"),
    ),
    (router("allowed_fials: 1"), ("5: unknown key 'allowed_fials' in router_settings; did you mean 'allowed_fails'?")),
    (
        router("fallbacks: [{a: [bb]}]"),
        ("5: fallbacks name 'bb', which is not a model_name in model_list; it is skipped"),
    ),
    (
        router("fallbacks: [{bb: [a]}]"),
        "5: 'bb', which is not a model_name in model_list, is answered by its first fallback, 'a'",
    ),
    (
        router("content_policy_fallbacks: [{bb: [a]}]"),
        "5: content_policy_fallbacks of 'bb', which is not a model_name in model_list, are skipped",
    ),
    (router("fallbacks: [{a: [a]}]"), "5: 'a' is skipped as its own fallback"),
    (
        router("model_group_alias: {b: cc}"),
        ("5: the alias 'b' is skipped: it stands for 'cc', which is not a model_name in model_list"),
    ),
    (
        entry(rest="general_settings: {alertin: []}\n"),
        ("4: unknown key 'alertin' in general_settings; did you mean 'alerting'?"),
    ),
    (
        entry(rest="litellm_settings: {num_retires: 1}\n"),
        ("4: unknown key 'num_retires' in litellm_settings; did you mean 'num_retries'?"),
    ),
    (
        entry("model: gemini/m, api_key: k, vertex_project: p"),
        "litellm_params.vertex_project has no effect on gemini/m",
    ),
    (
        entry(f"model: vertex_ai/m, api_key: k, vertex_project: p, vertex_ai_credentials: {LOGIN}"),
        "litellm_params.api_key has no effect on vertex_ai/m",
    ),
    *(
        (
            entry(f"model: vertex_ai/m, api_key: k, {pinned}"),
            f"litellm_params.{pinned.partition(':')[0]} has no effect on vertex_ai/m beside api_key: {EXPRESS}",
        )
        for pinned in ("vertex_project: p", "vertex_ai_project: p", "vertex_location: eu", "vertex_ai_location: eu")
    ),
    (
        entry("model: gemini/m, api_key: k, temperature: hot"),
        "litellm_params.temperature of a is not used: expected `float | null`, got `str`",
    ),
    (entry(rest="guardrails: []\n"), "guardrails is not supported"),
]


@pytest.mark.parametrize(("text", "told"), WARNED, ids=[row[1][:60] for row in WARNED])
def test_a_warning_is_told_and_is_an_error_if_strict(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)
    config = load(file, {})
    assert [words.removeprefix(f"{tmp_path}/config.yaml:") for words in config.warnings] == [told]
    assert len(config.deployments) == 1
    for strict in (
        lambda: load(file, {}, strict=True),
        lambda: load(file, {"IMAGEWIRE_STRICT": "true"}),
        lambda: load(written(tmp_path, f"{text}imagewire: {{strict: true}}\n"), {}),
    ):
        with pytest.raises(ConfigError, match="strict, and there are warnings:\n") as refused:
            strict()
        assert str(refused.value).endswith(f"  {config.warnings[0]}")


def test_a_port_that_is_open_without_a_key_is_an_error_if_strict(tmp_path: Path) -> None:
    file = written(tmp_path, entry(rest="imagewire: {grpc: '0.0.0.0:1', plaintext: anywhere, strict: true}\n"))
    with pytest.raises(ConfigError, match=r"anyone who can reach 0\.0\.0\.0:1 can spend this server's money"):
        load(file, {})
    assert load(file, {"IMAGEWIRE_MASTER_KEY": "k"}).warnings == ()
    assert load(file, {}, resolve=False).warnings == ()


def test_check_lists_warnings_and_fails_on_them_if_strict(tmp_path: Path) -> None:
    file = written(tmp_path, WARNED[0][0])
    plain = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert (plain.exit_code, f"warning: {file}:3: unknown key" in plain.stdout) == (0, True)
    strict = CliRunner().invoke(app, ["check", "--strict", "--config", str(file)])
    assert (strict.exit_code, "unknown key 'modle'" in strict.stderr, strict.stdout) == (2, True, "")


OTHERS = """\
model_list:
  - {model_name: gpt-4o, litellm_params: {model: openai/gpt-4o, api_key: os.environ/NOT_SET, organization: o}}
  - {model_name: claude, litellm_params: {model: claude-3-5-sonnet, api_key: os.environ/NOT_SET}}
  - {model_name: draw, litellm_params: {model: azure/dall-e-3, api_base: os.environ/NOT_SET}}
  - {model_name: draw, litellm_params: {model: gemini/gemini-3-pro-image, api_key: k}}
  - {model_name: old, litellm_params: {model: vertex_ai/imagen-3.0-generate-002}}
  - {model_name: near, litellm_params: {model: gemni/gemini-3-pro-image}}
router_settings:
  fallbacks: [{draw: [gpt-4o]}, {claude: [draw]}, {gpt-4o: [claude]}]
  model_group_alias: {best: gpt-4o, pic: draw, secret: {model: draw, hidden: true}}
"""


def test_models_of_other_providers_are_skipped_and_named_once(tmp_path: Path) -> None:
    config = load(written(tmp_path, OTHERS), {})
    assert [(one.name, one.provider) for one in config.deployments] == [("draw", "gemini")]
    assert [(one.name, one.model) for one in config.skipped] == [
        ("gpt-4o", "openai/gpt-4o"),
        ("claude", "claude-3-5-sonnet"),
        ("draw", "azure/dall-e-3"),
        ("old", "vertex_ai/imagen-3.0-generate-002"),
        ("near", "gemni/gemini-3-pro-image"),
    ]
    assert [words.removeprefix(f"{tmp_path}/config.yaml:") for words in config.warnings] == [
        "7: 'gemni/gemini-3-pro-image': did you mean 'gemini'?",
        (
            "4 models of another provider, skipped: gpt-4o (openai/gpt-4o), claude "
            "(claude-3-5-sonnet), draw (azure/dall-e-3), near (gemni/gemini-3-pro-image)"
        ),
        "1 model not asked by Google's generateContent, skipped: old (vertex_ai/imagen-3.0-generate-002)",
        "9: 'claude', whose models are skipped, is answered by its first fallback, 'draw'",
        "9: 'gpt-4o', whose models are skipped, is answered by its first fallback, 'claude'",
    ]
    assert config.routing.fallbacks == ()
    assert config.routing.aliases == (
        ("best", "draw", False), ("pic", "draw", False), ("secret", "draw", True),
        ("claude", "draw", True), ("gpt-4o", "draw", True),
    )  # fmt: skip


def test_a_skipped_model_is_no_fallback_by_a_wildcard(tmp_path: Path) -> None:
    wildcard = '  - {model_name: "*", litellm_params: {model: gemini/*, api_key: k}}'
    every = OTHERS.replace("router_settings:", f"{wildcard}\nrouter_settings:")
    routing = load(written(tmp_path, every), {}).routing
    assert routing.fallbacks == ()
    assert {alias.target for alias in routing.aliases} == {"draw"}


def test_a_fallback_with_parameters_of_its_own_is_named(tmp_path: Path) -> None:
    text = """\
model_list:
  - {model_name: a, litellm_params: {model: gemini/gemini-3-pro-image, api_key: k}}
  - {model_name: b, litellm_params: {model: gemini/gemini-3-pro-image, api_key: k}}
litellm_settings:
  fallbacks: [{a: [{model: b}]}, {b: [{model: a, temperature: 0.1}, {top_p: 1}]}]
"""
    config = load(written(tmp_path, text), {})
    assert config.routing.fallbacks == (("a", ("b",)),)
    remedy = "add a model_name with these litellm_params, and name that"
    start = "5: one of the fallbacks of 'b' is skipped: it has parameters of its own"
    assert [words.removeprefix(f"{tmp_path}/config.yaml:") for words in config.warnings] == [
        f"{start} (temperature); {remedy}",
        f"{start} (top_p); {remedy}",
    ]


@pytest.mark.parametrize(
    ("params", "provider", "model"),
    [
        ("model: gemini-2.5-flash-image, vertex_project: p", "vertex_ai", "gemini-2.5-flash-image"),
        (
            "model: gemini-2.5-flash-image, custom_llm_provider: gemini, api_key: k",
            "gemini",
            ("gemini-2.5-flash-image"),
        ),
        ("model: gemini/m, custom_llm_provider: gemini, api_key: k", "gemini", "m"),
        ("model: vertex_ai_beta/m, vertex_project: p", "vertex_ai", "m"),
    ],
)
def test_a_model_without_a_prefix(tmp_path: Path, params: str, provider: str, model: str) -> None:
    (made,) = load(written(tmp_path, entry(params)), {}).deployments
    assert (made.provider, made.model) == (provider, model)


def test_variables_of_the_file(tmp_path: Path) -> None:
    variables = "{K: file, B: os.environ/A, C: os.environ/NOT_SET, GEMINI_API_KEY: g, LANGFUSE: x, N: null}"
    rest = f"environment_variables: {variables}\n"
    text = (
        rest
        + entry("model: gemini/m, api_key: os.environ/K, tpm: os.environ/B")
        + entry("model: gemini/m", name="b").partition("\n")[2]
    )
    first, second = load(written(tmp_path, text), {"A": "5"}).deployments
    assert (first.options.api_key, first.tpm, second.options.api_key) == ("file", 5, "g")
    config = load(written(tmp_path, text), {"A": "5", "K": "process", "GEMINI_API_KEY": "h"})
    assert [one.options.api_key for one in config.deployments] == ["process", "g"]
    assert [words.rpartition(":")[2].strip() for words in config.warnings] == [
        "K in the file replaces the environment's K",
        "GEMINI_API_KEY in the file replaces the environment's GEMINI_API_KEY",
        "environment_variables.LANGFUSE is not supported",
    ]


def test_what_cannot_be_shown_is_escaped(tmp_path: Path) -> None:
    text = f'{entry()}  - {{model_name: "\\e[31m\\ud800", litellm_params: {{model: "gpt\\n4"}}}}\n'
    (told,) = load(written(tmp_path, text), {}).warnings
    assert told == r"1 model of another provider, skipped: \x1b[31m\ud800 (gpt\n4)"


def test_what_is_off_or_empty_asks_for_nothing(tmp_path: Path) -> None:
    rest = "litellm_settings: {set_verbose: False, cache: false, callbacks: [], success_callback: null}\n"
    rest += 'router_settings: {enable_pre_call_checks: false, redis_host: ""}\n'
    rest += "general_settings: {store_model_in_db: False, alerting: [], database_url: null, custom_auth: null}\n"
    assert (
        load(written(tmp_path, entry("model: gemini/m, api_key: k, tags: [], drop_params: false", rest)), {}).warnings
        == ()
    )


def test_a_model_for_everything_needs_credentials(tmp_path: Path) -> None:
    file = written(tmp_path, "model_list: [{model_name: '*', litellm_params: {model: '*'}}]\n")
    with pytest.raises(ConfigError, match=r"model '\*' stands for all models .*: set GEMINI_API_KEY or"):
        load(file, {})
    assert {one.part_of for one in load(file, {"GEMINI_API_KEY": "k"}).deployments} == {"*"}


def test_the_names_that_no_wildcard_may_serve(tmp_path: Path) -> None:
    text = """\
model_list:
  - {model_name: "*", litellm_params: {model: gemini/*, api_key: k}}
  - {model_name: dall-e-3, litellm_params: {model: openai/dall-e-3}}
  - {model_name: "gpt-*", litellm_params: {model: "openai/gpt-*"}}
  - {model_name: both, litellm_params: {model: gemini/m, api_key: k}}
  - {model_name: both, litellm_params: {model: openai/m}}
  - {model_name: kept, litellm_params: {model: gemini/m}, blocked: true}
  - {model_name: later, litellm_params: {model: os.environ/A}}
router_settings: {model_group_alias: {lost: openai/x, found: both, alias: dall-e-3}}
"""
    routing = load(written(tmp_path, text), {}, resolve=False).routing
    assert routing.skipped == {"dall-e-3", "gpt-*", "alias"}
    assert [name for name, _ in routing.lost_aliases] == ["alias"]
    assert routing.blocked == {"kept"}


def test_variables_that_are_not_looked_up_are_no_warnings(tmp_path: Path) -> None:
    params = "model: gemini/gemini-3-pro-image, api_key: k, image_config: {image_size: os.environ/A}"
    safety = "safety_settings: [{category: HARM_CATEGORY_HARASSMENT, threshold: os.environ/A}]"
    rest = """\
router_settings:
  routing_strategy: os.environ/A
  model_group_alias: {x: os.environ/A, y: {model: a, hidden: os.environ/A}}
  fallbacks: [{x: [os.environ/A]}, {a: [x]}]
litellm_settings: {drop_params: os.environ/A, num_retries: os.environ/A, request_timeout: os.environ/A}
"""
    config = load(written(tmp_path, entry(f"{params}, {safety}, thinking: os.environ/A", rest)), {}, resolve=False)
    assert (config.warnings, config.routing.drop_params) == ((), False)
