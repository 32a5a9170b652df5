"""Configuration files with everything in them that a file should not have."""

import random

from tests.fuzz.hostile.case import Case
from tests.fuzz.hostile.mutate import mutated

_FILES = (
    """\
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
      vertex_credentials: {"type": "service_account", "private_key": "x"}
  - model_name: "gemini/*"
    litellm_params: {model: "gemini/*", api_key: a-key, weight: 2}
router_settings:
  routing_strategy: least-busy
  num_retries: 1
  cooldown_time: 30
  fallbacks: [{draw: ["gemini/anything"]}]
general_settings:
  master_key: a-master-key
""",
    """\
model_list:
  - model_name: a
    litellm_params: &given {model: gemini/a, api_key: a-key}
  - model_name: b
    litellm_params: *given
litellm_settings:
  num_retries: 2
imagewire:
  max_request_bytes: 1000000
  max_concurrent_calls: 5
  stall_timeout: 5.5
  rest_fetch_schemes: https
  models:
    - id: my-model
      aliases: [mine]
      image_sizes: [1K]
      aspect_ratios: ["1:1"]
      price: [1, 2, 3]
      image_tokens: {1K: 1120}
      service_tiers: {flex: 0.5}
""",
    """\
x-anchors: &given {api_key: os.environ/K, temperature: 0.5}
environment_variables: {K: a-key, A: os.environ/HOME}
credential_list:
  - credential_name: named
    credential_values: {api_key: a-key, api_base: "https://relay.example/v1beta"}
model_list:
  - model_name: draw
    litellm_params:
      <<: *given
      model: gemini/gemini-3-pro-image
      litellm_credential_name: named
      image_config: {aspect_ratio: "16:9", image_size: 2K}
      modalities: [text, image]
      tools: [{googleSearch: {}}]
      safety_settings: [{category: HARM_CATEGORY_HARASSMENT, threshold: OFF}]
      extra_body: {generationConfig: {topK: 3}}
      output_cost_per_token: 0.000002
    model_info: {mode: chat, input_cost_per_token: 0.000001}
  - model_name: other
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/NOT_THERE}
  - model_name: bare
    litellm_params: {model: gemini-2.5-flash-image, vertex_ai_project: p, custom_llm_provider: vertex_ai}
router_settings:
  model_group_alias: {pic: draw, hidden: {model: draw, hidden: true}}
  fallbacks: [{draw: bare}, {other: [draw]}]
  timeout: 60
litellm_settings: {request_timeout: 600, cache: true, drop_params: true}
general_settings: {database_url: x, alerting: [slack]}
""",
)
_VALUES = (
    "", "~", "null", "x", "1", "-1", "1.5", "1e400", ".nan", ".inf", "0x10", "0b1", "1_000", "true", "no",
    "2026-01-01", "[]", "{}", "[[]]", "{a: 1}", "[1, x, {b: 2}]", "'", '"', '"\\ud800"', '"\\x00"', "|", ">-",
    "*given", "&a", "&a [*a]", "&a {b: *a}", "!!int x", "!!python/object:os.system ls", "!!binary '!'", "!!set {a}",
    "!!omap [a: 1]", "!!timestamp x", "!x y", "os.environ/HOME", "os.environ/NOT_THERE", "os.environ/", "%", "@", "`",
    "- a", "? a", "? [a]\n: b", "<<: *given", "9" * 5000, "a" * 70_000, "\u2028", "[" * 3000, "{a: " * 500, "é🍌",
    "gemini/*", "*", "vertex_ai/", "http://[", "https://x:99999999/", "/etc/passwd", "/dev/zero", "a\tb", "0",
    "0.0001", "18446744073709551616", "2026-01-01 00:00:60", "12:30:45", "=", "\x85", "\ufffe", "key", '"\\', "{? }",
    "[a: b: c]",
)  # fmt: skip
_KEYS = (
    "model_list",
    "imagewire",
    "x",
    "<<",
    "",
    "null",
    "[a]",
    "{a: b}",
    "1",
    "true",
    "general_settings",
    "models",
    "master_key",
    "metrics",
)
_LINES = (
    "---",
    "...",
    "%YAML 1.1",
    "%TAG ! tag:x,2000:",
    "\t",
    "# x",
    "- ",
    ": ",
    "? ",
    "  " * 300 + "a:",
    "a: &x [*x]",
    "<<: {a: b}",
)


def _many(rng: random.Random) -> str:
    """Long, deep, or large by aliases."""
    return rng.choice(
        [
            "model_list:\n" + "  - {model_name: a, litellm_params: {model: gemini/a, api_key: k}}\n" * 3000,
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)),
            "model_list: " + "[" * 5000,
            "imagewire: " + "{a: " * 5000,
            "".join("  " * depth + "a:\n" for depth in range(400)),
            "".join(f"k{number}: 1\n" for number in range(20_000)),
            "general_settings: {master_key: &k " + "[" * 50 + "*k" + "]" * 50 + "}",
        ]
    )


def _changed(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    key, colon, _ = lines[at].partition(":")
    chance = rng.random()
    if chance < 0.5 and colon:
        lines[at] = f"{key}: {rng.choice(_VALUES)}"
    elif chance < 0.6:
        del lines[at]
    elif chance < 0.7:
        lines.insert(at, lines[at])
    elif chance < 0.8:
        indent = len(lines[at]) - len(lines[at].lstrip())
        lines.insert(at, " " * indent + f"{rng.choice(_KEYS)}: {rng.choice(_VALUES)}")
    elif chance < 0.9:
        lines[at] = " " * rng.randint(0, 9) + lines[at].lstrip()
    else:
        lines.insert(at, rng.choice(_LINES))


def invent(seed: int) -> Case:
    """A file."""
    rng = random.Random(f"config/{seed}")
    lines = rng.choice(_FILES).splitlines()
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4, 12])):
        if lines:
            _changed(lines, rng)
    text = "\n".join(lines) + "\n"
    if rng.random() < 0.02:
        text = _many(rng) + (text if rng.random() < 0.5 else "")
    data = text.encode(errors="surrogatepass")
    if rng.random() < 0.2:
        data = mutated(data, rng)
    if rng.random() < 0.02:
        data = rng.choice(
            (b"", b"\xef\xbb\xbf" + data, text.encode("utf-16"), b"\0", b"- a\n", b"x", data * 2, rng.randbytes(99))
        )
    return Case("config", data, {}, str(seed))
