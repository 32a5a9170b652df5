"""Of several names with "*", this server's router chooses the deployment that LiteLLM's own router chooses."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from imagewire_server.contract.errors import NotFound
from imagewire_server.contract.provider import Capabilities, ModelTable
from imagewire_server.core.failover import following
from imagewire_server.core.router import Router, Upstream
from imagewire_server.providers.google import model_names
from imagewire_server.providers.registry import load
from tests.compat.conftest import package
from tests.unit.core.routers import Unasked

pytestmark = pytest.mark.filterwarnings("default")  # the package's own
EVERYTHING = ("*", "*")
NOTHING_KNOWN = ModelTable((), Capabilities())
ENVIRON = {"GEMINI_API_KEY": "env", "VERTEXAI_PROJECT": "p"}
# What the file has, as model_name and model, and the names that callers ask for.
TABLES: list[tuple[list[tuple[str, str]], list[str]]] = [
    ([EVERYTHING, ("gemini/*", "gemini/*")], ["gemini/a", "gemini/gemini-2.5-flash-image", "alias", "other"]),
    ([("gemini/*", "gemini/*"), EVERYTHING], ["gemini/a", "vertex_ai/a", "other"]),
    ([EVERYTHING, ("g*", "gemini/fixed"), ("*-image", "gemini/*-b")], ["gemini/a", "go", "a-image", "gemini/a-image"]),
    ([EVERYTHING, ("gemini/a", "vertex_ai/a"), ("gemini/*", "gemini/*")], ["gemini/a", "gemini/b", "alias"]),
    (
        [("gemini/*", "gemini/*"), ("gemini/gemini-*", "gemini/new-*")],
        ["gemini/gemini-x", "gemini/x", "alias", "other"],
    ),
    ([("*", "gemini/*"), ("a*", "gemini/a-*"), ("ab*", "gemini/b-*")], ["x", "ax", "abx", "ab", "a", "gemini-x"]),
    ([("ab*", "gemini/a-*"), ("*yz", "gemini/b-*")], ["abyz", "ab", "yz"]),
    ([("*yz", "gemini/b-*"), ("ab*", "gemini/a-*")], ["abyz"]),
    ([("a-*", "gemini/a-*"), ("*bcd", "gemini/b-*")], ["a-bcd"]),
    ([("*bcd", "gemini/b-*"), ("a-*", "gemini/a-*")], ["a-bcd"]),
    ([("*b-d", "gemini/b-*"), ("a-d*", "gemini/a-*")], ["a-db-d"]),
    ([("x.*", "gemini/a-*"), ("xy*", "gemini/b-*")], ["x.a", "xya", "x."]),
    ([("a*", "gemini/a-*"), ("a*", "gemini/b-*"), ("abc", "gemini/c")], ["abc", "abd", "alias"]),
    ([("p-*-*", "gemini/*-*"), ("p-*", "gemini/one-*"), ("p-a-*", "gemini/two-*")], ["p-a-b", "p-x", "p-a-b-c"]),
    ([("*nano*", "gemini/m"), ("*", "gemini/other")], ["nano", "a-nano-b", "openai/nano", "openai/gpt"]),
    ([("draw", "gemini/m"), ("*", "vertex_ai/*")], ["draw", "m", "drawn"]),
    ([("draw", "gemini/m"), ("gemini/*", "gemini/*"), ("x", "vertex_ai/x")], ["gemini/m", "vertex_ai/x", "nothing"]),
    ([("vertex_ai/*", "vertex_ai/*")], ["gemini-2.5-flash-image", "vertex_ai/gemini-x", "gemini/x"]),
    ([("é*", "gemini/a-*"), ("É*", "gemini/b-*")], ["éx", "Éx", "ex"]),
]
ALIASES = {"alias": "gemini/a", "other": "gemini/gemini-x"}


def _file(model_list: list[tuple[str, str]]) -> dict[str, Any]:
    entries = [
        {"model_name": name, "litellm_params": {"model": model, "api_key": "k"}, "model_info": {"id": str(number)}}
        for number, (name, model) in enumerate(model_list)
    ]
    for entry in entries:
        if entry["litellm_params"]["model"] == "*":
            del entry["litellm_params"]["api_key"]
    return {"model_list": entries, "router_settings": {"model_group_alias": ALIASES}}


def _theirs(file: dict[str, Any], name: str) -> set[tuple[str, str]]:
    """The ids of the deployments that LiteLLM chooses, with the models that are asked."""
    litellm = package("litellm")
    router = litellm.Router(file["model_list"], **file["router_settings"], num_retries=0)
    found = set()
    for _ in range(30):
        try:
            one = router.get_available_deployment(model=name, messages=[{"role": "user", "content": "A banana"}])
        except litellm.BadRequestError:
            break
        found.add((one["model_info"]["id"], one["litellm_params"]["model"].partition("/")[2]))
    return found


def _ours(file: dict[str, Any], name: str, folder: Path) -> set[tuple[str, str]]:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(file))
    config = load(path, ENVIRON)
    upstreams = [Upstream(one, Unasked(NOTHING_KNOWN)) for one in config.deployments]  # type: ignore[arg-type]
    made = Router(upstreams, config.routing, claimed=model_names.claims)
    everything = next(
        (one["model_info"]["id"] for one in file["model_list"] if one["litellm_params"]["model"] == "*"), ""
    )
    try:
        routes = made.resolve(name).routes
    except NotFound:
        return set()
    return {(everything if route.upstream.deployment.part_of else route.id, route.native_id) for route in routes}


@pytest.mark.parametrize(("model_list", "name"), [(model_list, name) for model_list, names in TABLES for name in names])
def test_both_choose_the_same(model_list: list[tuple[str, str]], name: str, tmp_path: Path) -> None:
    file = _file(model_list)
    assert _ours(file, name, tmp_path) == _theirs(file, name)


@pytest.mark.parametrize(
    ("model_list", "name", "theirs"),
    [
        ([("*-image", "gemini/*-image")], "a-image-preview", "a-image"),  # it matches the beginning of a name
        ([("*", "gemini/*")], "openai/a", "openai/a"),  # it asks Google for openai/a
        ([("gemini/*", "gemini/*")], "gemini/", ""),
    ],
)
def test_what_differs_is_not_found_here(
    model_list: list[tuple[str, str]], name: str, theirs: str, tmp_path: Path
) -> None:
    file = _file(model_list)
    assert _theirs(file, name) == {("0", theirs)}
    assert _ours(file, name, tmp_path) == set()


@pytest.mark.parametrize("name", ["gemini/a", "a", "gemini/b", "b", "draw", "gemini/draw", "gemini/c", "vertex_ai/a"])
def test_both_have_the_same_fallbacks(name: str, tmp_path: Path) -> None:
    file = _file([("gemini/*", "gemini/*"), ("vertex_ai/*", "vertex_ai/*"), ("draw", "gemini/m"), ("last", "gemini/l")])
    given = [{"a": ["draw"]}, {"b": ["draw"]}, {"gemini/b": ["last"]}, {"draw": ["gemini/a"]}, {"*": ["last"]}]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**file, "router_settings": {"fallbacks": given}}))
    handlers = package("litellm.router_utils.fallback_event_handlers")
    theirs, _ = handlers.get_fallback_model_group(fallbacks=given, model_group=name)
    assert following(load(path, {**ENVIRON, "VERTEXAI_PROJECT": "p"}).routing.fallbacks, name) == theirs
