"""Of several patterns that fit a name, one serves it; what the file has for models that are skipped is kept out."""

from dataclasses import replace

import pytest

from imagewire_server.config.routing import Alias
from imagewire_server.contract.errors import NotFound
from imagewire_server.core.router import Router
from tests.unit.core.routers import deployment, router


def asked(made: Router, name: str) -> list[str]:
    """The deployments that serve a name, each with the model that it is asked for."""
    return [f"{route.id} {route.native_id}" for route in made.resolve(name).routes]


# What `model_list: [{model_name: "*", litellm_params: {model: "*"}}]` stands for, with keys in the environment.
EVERYTHING = [
    replace(deployment(name, model, id=ident), part_of="*")
    for name, model, ident in (
        ("gemini/*", "gemini/*", "env"), ("vertex_ai/*", "vertex_ai/*", "env-vertex"), ("*", "gemini/*", "env-bare"),
    )
]  # fmt: skip


@pytest.mark.parametrize("first", [True, False])
def test_a_pattern_of_the_file_comes_before_a_model_for_everything(first: bool) -> None:
    own = [deployment("gemini/*", "gemini/*", id="own"), deployment("g*", "vertex_ai/fixed", id="g")]
    made = router(*(own + EVERYTHING if first else EVERYTHING + own))
    assert asked(made, "gemini/new") == ["own new"]
    assert asked(made, "gopher") == ["g fixed"]
    assert asked(made, "vertex_ai/new") == ["env-vertex new"]
    assert asked(made, "new") == ["env-bare new"]
    listed = {name: route.id for name, route in made.offered()}
    assert listed["gemini/gemini-2.5-flash-image"] == "own"
    assert listed["vertex_ai/gemini-2.5-flash-image"] == "env-vertex"


def test_a_name_without_a_star_comes_first_and_an_alias_leads_to_what_its_name_does() -> None:
    made = router(
        *EVERYTHING,
        deployment("gemini/*", "gemini/*", id="own"),
        deployment("gemini/a", "vertex_ai/b", id="exact"),
        aliases=(Alias("one", "gemini/a", hidden=False), Alias("two", "gemini/c", hidden=False)),
    )
    assert [asked(made, name) for name in ("gemini/a", "one", "two")] == [["exact b"], ["exact b"], ["own c"]]
    listed = {name: route.id for name, route in made.offered()}
    assert (listed["gemini/a"], listed["one"], listed["two"]) == ("exact", "exact", "own")


def test_of_equal_patterns_all_serve_and_of_those_that_rank_the_same_the_first() -> None:
    made = router(
        deployment("a*", "gemini/one-*", id="1"), deployment("*a", "gemini/two-*", id="2"),
        deployment("a*", "gemini/three-*", id="3"),
    )  # fmt: skip
    assert asked(made, "aba") == ["1 one-ba", "3 three-ba"]
    assert asked(made, "ba") == ["2 two-b"]


def test_several_stars_stand_for_a_text_each() -> None:
    made = router(deployment("*-x-*", "gemini/m-*-*", id="1"), deployment("*nano*", "gemini/fixed", id="2"))
    assert asked(made, "a-x-b") == ["1 m-a-b"]
    assert asked(made, "nano") == asked(made, "my-nano-2") == ["2 fixed"]
    assert made.offered() == []


def test_a_model_for_all_names_serves_those_of_other_providers_too_but_a_bare_id_has_none() -> None:
    assert asked(router(deployment("*", "gemini/fixed", id="1")), "openai/x") == ["1 fixed"]
    with pytest.raises(NotFound):
        router(deployment("*", "gemini/*")).resolve("openai/x")
    with pytest.raises(NotFound):
        router(deployment("gemini/*", "gemini/*")).resolve("gemini/")


def test_a_model_without_its_provider_is_served_by_the_provider_that_claims_it() -> None:
    given = router(deployment("vertex_ai/*", "vertex_ai/*", id="1")).upstreams
    made = Router(given, router().routing, claimed=lambda name: "vertex_ai" if name.startswith("gemini-") else "")
    assert asked(made, "gemini-new") == ["1 gemini-new"]
    with pytest.raises(NotFound):
        made.resolve("imagen")


def test_what_the_file_has_for_models_that_are_skipped_is_served_by_no_other_pattern() -> None:
    made = router(
        deployment("*", "gemini/fixed", id="all"),
        deployment("gemini/gemini-*", "gemini/gemini-*", id="own"),
        skipped=frozenset({"dall-e-3", "gemini/*", "gpt-*"}),
    )
    assert asked(made, "anything") == ["all fixed"]
    assert asked(made, "gemini/gemini-new") == ["own gemini-new"]
    for name in ("dall-e-3", "gpt-image-1", "gemini/imagen"):
        with pytest.raises(NotFound, match="is skipped: the server's file has it for"):
            made.resolve(name)
