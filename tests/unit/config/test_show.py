"""What `imagewire-server check` shows of a configuration: never a key."""

from pathlib import Path

from imagewire_server.config import show
from imagewire_server.providers import registry

_FILE = """
model_list:
  - model_name: draw
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: the-secret, weight: 3}
    model_info: {id: one}
  - model_name: draw
    litellm_params:
      {model: gemini/gemini-3-pro-image, api_key: the-secret, api_base: "https://u:the-secret@relay.example/x", rpm: 10}
    model_info: {id: two}
  - model_name: spare
    litellm_params: {model: vertex_ai/gemini-2.5-flash-image, vertex_project: p, vertex_location: europe-west4}
    model_info: {id: three}
router_settings:
  fallbacks: [{draw: [spare]}]
  content_policy_fallbacks: [{"*": [draw]}]
  num_retries: 1
  allowed_fails: 2
  cooldown_time: 7.5
"""


def lines(text: str = "", **environ: str) -> list[str]:
    config = registry.load(Path("c.yaml") if text else None, environ, text=text.encode() if text else None)
    return list(show.table(config, registry.provider_configs()))


def test_the_table_has_each_name_with_its_deployments_and_fallbacks() -> None:
    found = lines(_FILE)
    assert found[:9] == [
        "draw",
        "  gemini/gemini-2.5-flash-image  share 3, id one",
        "  gemini/gemini-3-pro-image  at https://***@relay.example/x, share 10, id two",
        "  in trouble: spare",
        "  for blocked prompts: draw",
        "spare",
        "  vertex_ai/gemini-2.5-flash-image  at europe-west4, id three",
        "  for blocked prompts: draw",
        "chosen by simple-shuffle; 1 retries; cooldown 7.5 s after 2 failures",
    ]
    assert "callers need no key" in found
    assert "the-secret" not in "\n".join(found)


def test_a_master_key_is_told_and_not_shown() -> None:
    found = lines(GEMINI_API_KEY="the-secret", IMAGEWIRE_MASTER_KEY="sk-the-secret-0123456789")
    assert "callers must send the master key" in found
    assert "the-secret" not in "\n".join(found)


def test_nothing_set_up_tells_what_to_do() -> None:
    assert lines()[0] == "no deployments: add a model_list, or set GEMINI_API_KEY"
    providers = registry.provider_configs()
    ways = show.no_provider(providers).splitlines()
    assert ways[0] == "no provider is set up. Do one of these:"
    assert ways[1].split("  ")[1] == "export GEMINI_API_KEY=..."
    assert any("imagewire-server serve --demo" in way for way in ways)
    assert show.no_provider_in_environment(providers).startswith("no provider is set up: set GEMINI_API_KEY (a key: ")
