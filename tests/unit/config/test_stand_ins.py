"""Fallbacks of a name that the file does not serve: the first one answers in its place, as LiteLLM's does."""

from pathlib import Path

import pytest

from imagewire_server.config.routing import Routing
from imagewire_server.providers.registry import load
from tests.unit.config.files import written

FILE = """\
model_list:
  - {model_name: g, litellm_params: {model: gemini/gemini-3-pro-image, api_key: k}}
  - {model_name: f, litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: k}}
  - {model_name: h, litellm_params: {model: gpt-4o, api_key: k}}
  - {model_name: kept, litellm_params: {model: gemini/m, api_key: k}, blocked: true}
"""


def read(tmp_path: Path, settings: str, rest: str = "") -> Routing:
    return load(written(tmp_path, f"{FILE}router_settings: {{{settings}}}\n{rest}"), {}).routing


def hidden(routing: Routing) -> dict[str, str]:
    return {alias.name: alias.target for alias in routing.aliases if alias.hidden}


@pytest.mark.parametrize(
    ("settings", "answers", "fallbacks"),
    [
        ("fallbacks: [{h: [g]}, {ghost: [f]}]", {"h": "g", "ghost": "f"}, {}),
        ("fallbacks: [{ghost: g}]", {"ghost": "g"}, {}),
        ("fallbacks: [{h: [g, f]}]", {"h": "g"}, {"h": ("f",)}),
        ("fallbacks: [{h: [g]}, {g: [f]}]", {"h": "g"}, {"h": ("f",), "g": ("f",)}),
        ("fallbacks: [{h: [g]}], default_fallbacks: [f]", {"h": "g"}, {"*": ("f",)}),
        ("fallbacks: [{f: [h]}, {h: [g]}]", {"h": "g"}, {"f": ("g",)}),
        ("fallbacks: [{g: [h]}, {h: [g, f]}]", {"h": "g"}, {"h": ("f",)}),
        ("fallbacks: [{h: [g]}], default_fallbacks: [h, f]", {"h": "g"}, {"*": ("g", "f")}),
        ("fallbacks: [{ghost: [h]}, {h: [g]}]", {"ghost": "g", "h": "g"}, {}),
        ("fallbacks: [{a: [b]}, {b: [a]}]", {}, {}),
        ("fallbacks: [{ghost: [pic]}], model_group_alias: {pic: f}", {"ghost": "f"}, {}),
        ("fallbacks: [{nope: [g]}], model_group_alias: {nope: missing}", {"nope": "g"}, {}),
        ("fallbacks: [{kept: [g]}]", {}, {}),
        ("fallbacks: [{gpt-*: [g]}]", {}, {}),
        ("fallbacks: [{ghost: [missing]}]", {}, {}),
    ],
)
def test_who_answers(
    tmp_path: Path, settings: str, answers: dict[str, str], fallbacks: dict[str, tuple[str, ...]]
) -> None:
    routing = read(tmp_path, settings)
    assert hidden(routing) == answers
    assert dict(routing.fallbacks) == fallbacks


def test_an_alias_of_a_name_that_a_fallback_answers(tmp_path: Path) -> None:
    routing = read(tmp_path, "fallbacks: [{h: [g, f]}], model_group_alias: {best: h}")
    assert {alias.name: alias.target for alias in routing.aliases} == {"best": "g", "h": "g"}
    assert (dict(routing.fallbacks), routing.lost_aliases) == ({"best": ("f",), "h": ("f",)}, ())


def test_the_fallbacks_that_count_are_those_of_the_last_section(tmp_path: Path) -> None:
    routing = read(tmp_path, "fallbacks: [{h: [f]}]", "litellm_settings: {fallbacks: [{ghost: [g]}]}\n")
    assert (hidden(routing), dict(routing.fallbacks)) == ({"h": "f"}, {})
