"""Configuration files for tests, right ones and wrong ones."""

from pathlib import Path

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


def entry(params: str = "model: gemini/m, api_key: k", rest: str = "", name: str = "a") -> str:
    return f"model_list:\n  - model_name: {name}\n    litellm_params: {{{params}}}\n{rest}"


def router(text: str) -> str:
    return entry(rest=f"router_settings:\n  {text}\n")


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
    (entry('model: gemini/m, api_key: k, stop: "\\ud800"'), 3, "stop has half of a surrogate pair"),
    (router('model_group_alias: {"a\\nb": a}'), 5, "an alias must be printable"),
    (entry("model: gemini/m, api_key: k, rpm: many"), 3, "rpm must be a number"),
    (entry("model: gemini/m, api_key: k, rpm: -1"), 3, "rpm must be at least 0"),
    (entry("model: gemini/m, api_key: k, weight: .inf"), 3, "weight must be a number"),
    (entry("model: gemini/m, api_key: k, timeout: 0"), 3, "timeout must be at least 0.001"),
    (entry("model: gemini/m, api_key: k, extra_headers: [a]"), 3, "extra_headers must be a mapping"),
    (entry("model: gemini/m, api_key: k, extra_headers: {'a b': c}"), 3, "is not a valid header"),
    (entry('model: gemini/m, api_key: k, extra_headers: {a: "b\\r\\nc"}'), 3, "is not a valid header"),
    (entry("model: gemini/m, api_key: k, extra_headers: {Host: x}"), 3, "sent by the server itself"),
    (entry("model: vertex_ai/m, vertex_credentials: '{x'"), 3, "neither a path nor valid JSON"),
    (entry("model: 'gemini/*', api_key: k"), 3, "but model_name 'a' has none"),
    (entry("model: 'gemini/a*', api_key: k", name="'*/*'"), 3, "has 1 '*', but model_name '*/*' has 2"),
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
