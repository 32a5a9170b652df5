"""Names to groups, groups to routes: wildcards, shares and health."""

from collections import Counter
from dataclasses import replace

import pytest

from imagewire_server.config.routing import Alias
from imagewire_server.contract.errors import Cooling, NotFound, Unreachable
from imagewire_server.core import metrics
from imagewire_server.core.router import Router, Upstream
from tests.unit.core.routers import Clock, deployment, fail, router

NAMES = router(
    deployment("draw", "gemini/gemini-3-pro-image"),
    deployment("draw", "vertex_ai/gemini-3-pro-image"),
    deployment("gemini/*", "gemini/*"),
    deployment("team-*-x", "vertex_ai/prefix-*"),
    deployment("*", "gemini/*"),
)


@pytest.mark.parametrize(
    ("name", "routes"),
    [
        ("draw", ["gemini/gemini-3-pro-image", "vertex_ai/gemini-3-pro-image"]),
        ("gemini/gemini-2.5-flash-image", ["gemini/gemini-2.5-flash-image"]),
        ("gemini/gemini-2.5-flash-image-preview", ["gemini/gemini-2.5-flash-image"]),
        ("gemini/anything-new", ["gemini/anything-new"]),
        ("team-a-x", ["vertex_ai/prefix-a"]),
        ("gemini-3-pro-image-preview", ["gemini/gemini-3-pro-image"]),
        ("vertex_ai/gemini-3-pro-image", ["vertex_ai/gemini-3-pro-image"]),
    ],
)
def test_names_resolve(name: str, routes: list[str]) -> None:
    assert [route.name for route in NAMES.resolve(name).routes] == routes


@pytest.mark.parametrize("name", ["openai/x", "vertex_ai/other", "a/b/c"])
def test_other_names_are_not_found_and_told_what_is(name: str) -> None:
    with pytest.raises(NotFound, match="draw"):
        NAMES.resolve(name)


def test_capabilities_are_those_of_the_first_route() -> None:
    assert NAMES.capabilities("draw").id == "gemini-3-pro-image"
    assert not NAMES.capabilities("gemini/unheard-of").is_known
    with pytest.raises(NotFound):
        NAMES.capabilities("openai/gpt-image-1")


def test_capabilities_have_the_fields_that_all_routes_support() -> None:
    both, gemini = NAMES.capabilities("draw"), NAMES.capabilities("gemini/gemini-3-pro-image")
    vertex = NAMES.capabilities("vertex_ai/gemini-3-pro-image")
    assert (gemini.takes("Spec.labels"), vertex.takes("Spec.labels"), both.takes("Spec.labels")) == (False, True, False)
    assert both.fields == gemini.fields & vertex.fields


def test_what_is_offered() -> None:
    names = [name for name, _ in NAMES.offered()]
    assert names == sorted(names)
    assert {"draw", "gemini/gemini-3-pro-image"} < set(names)
    assert not [name for name in names if name.startswith("team-")]  # none of the known models is vertex_ai/prefix-…
    assert "*" not in names


def chosen(made: Router, name: str, count: int = 3000) -> Counter[str]:
    group = made.resolve(name)
    return Counter(made.choose(group, frozenset(), alone=False).id for _ in range(count))


@pytest.mark.parametrize("unit", ["weight", "rpm", "tpm"])
def test_shares_follow_the_weights(unit: str) -> None:
    found = chosen(router(deployment("a", id="x", **{unit: 3}), deployment("a", id="y", **{unit: 1})), "a")
    assert 0.70 < found["x"] / 3000 < 0.80


def test_equal_shares_without_weights() -> None:
    found = chosen(router(deployment("a", id="x"), deployment("a", id="y")), "a")
    assert 0.45 < found["x"] / 3000 < 0.55


def test_least_busy_and_fastest() -> None:
    made = router(deployment("a", id="x"), deployment("a", id="y"), strategy="least-busy")
    made.began(made.resolve("a").routes[0])
    assert chosen(made, "a", 50) == {"y": 50}
    made = router(deployment("a", id="x"), deployment("a", id="y"), strategy="latency-based-routing")
    x, y = made.resolve("a").routes
    x.circuit.answered(0.5)
    assert chosen(made, "a", 50) == {"y": 50}, "one that was never measured goes first"
    y.circuit.answered(2.0)
    assert chosen(made, "a", 50) == {"x": 50}


def test_one_that_was_tried_comes_last() -> None:
    made = router(deployment("a", id="x"), deployment("a", id="y"))
    group = made.resolve("a")
    assert {made.choose(group, frozenset({"x"}), alone=False).id for _ in range(30)} == {"y"}
    assert made.choose(group, frozenset({"x", "y"}), alone=False).id in {"x", "y"}


def test_health_is_a_models_own_under_a_wildcard() -> None:
    made = router(deployment("gemini/*", "gemini/*"), allowed_fails=0)
    fail(made, made.resolve("gemini/a").routes[0], Unreachable("x"))
    assert not made.is_available(made.resolve("gemini/a"))
    assert made.is_available(made.resolve("gemini/b"))


def test_a_cooldown_is_counted_for_its_deployment() -> None:
    made = router(deployment("a", id="cools"), allowed_fails=1)
    for cooldowns in (0.0, 1.0):
        fail(made, made.resolve("a").routes[0], Unreachable("x"))
        assert metrics.everything().get(("imagewire_cooldowns", "cools"), 0.0) == cooldowns


def test_every_deployment_is_told_with_its_state() -> None:
    clock = Clock()
    made = router(deployment("a"), deployment("b"), clock=clock, allowed_fails=0, cooldown_time=5.0)
    assert [up.deployment.name for up in made.upstreams] == ["a", "b"]
    assert made.routing.allowed_fails == 0
    fail(made, made.resolve("a").routes[0], Unreachable("x"))
    assert [(given.name, available) for given, available in made.deployments()] == [("a", False), ("b", True)]
    clock.now += 5
    assert [available for _, available in made.deployments()] == [True, True]


def test_another_route_and_any_route_are_available_or_not() -> None:
    made = router(deployment("a", id="one"), deployment("a", id="two"), allowed_fails=0)
    group = made.resolve("a")
    assert made.has_other(group, frozenset({"one"}))
    assert not made.has_other(group, frozenset({"one", "two"}))
    for route in group.routes:
        assert made.is_available(group)
        fail(made, route, Unreachable("x"))
    assert not made.is_available(group)
    assert not made.has_other(group, frozenset())
    with pytest.raises(Cooling, match=r"^a is temporarily disabled after repeated provider errors; retry in 5\.0 s$"):
        made.choose(group, frozenset(), alone=False)
    assert made.choose(group, frozenset(), alone=True) in group.routes


def test_circuits_are_remembered_for_the_models_that_were_asked_last() -> None:
    up = router(deployment("*", "gemini/*")).upstreams[0]
    first = up.circuit("model-0")
    for number in range(1, 1025):
        up.circuit("model-0")
        up.circuit(f"model-{number}")
    assert up.circuit("model-0") is first
    again = Upstream(up.deployment, up.provider, up)
    assert again.circuit("model-0") is first, "after a reload too"


def test_an_alias_is_another_name_and_a_hidden_one_is_not_listed() -> None:
    aliases = (
        Alias("pic", "draw", hidden=False),
        Alias("secret", "draw", hidden=True),
        Alias("own", "other", hidden=False),
    )
    made = router(deployment("draw"), deployment("own"), deployment("other"), aliases=aliases)
    assert [(group.name, group.routes[0].id) for group in map(made.resolve, ("pic", "secret", "own"))] == [
        ("pic", "draw:gemini/m"), ("secret", "draw:gemini/m"), ("own", "other:gemini/m"),
    ]  # fmt: skip
    assert [(name, route.id) for name, route in made.offered()] == [
        ("draw", "draw:gemini/m"), ("other", "other:gemini/m"), ("own", "other:gemini/m"), ("pic", "draw:gemini/m"),
    ]  # fmt: skip


@pytest.mark.parametrize(("ttls", "caches"), [([], False), ([None], False), ([None, 60.0], True), ([0.0], True)])
def test_whether_any_deployment_has_a_cache_ttl(ttls: list[float | None], caches: bool) -> None:
    given = [replace(deployment(f"m{number}", "gemini/m"), cache_ttl=ttl) for number, ttl in enumerate(ttls)]
    assert router(*given).caches is caches


def test_an_alias_of_what_is_not_served_says_so() -> None:
    made = router(deployment("*", "gemini/fixed"), skipped=frozenset({"nope"}), lost_aliases=(("nope", "missing"),))
    with pytest.raises(NotFound) as refused:
        made.resolve("nope")
    assert str(refused.value) == (
        "model 'nope' is an alias in the server's file, for 'missing', which is not served here; use another one"
    )


def test_what_is_skipped_is_not_found_and_says_so() -> None:
    made = router(deployment("*", "gemini/fixed"), skipped=frozenset({"dall-e-3"}))
    assert made.resolve("other").routes
    with pytest.raises(NotFound, match="model 'dall-e-3' is skipped"):
        made.resolve("dall-e-3")


def test_names_of_several_stars_are_not_listed_without_a_model_that_fits() -> None:
    assert router(deployment("*a*", "gemini/fixed")).offered() == []


def test_what_is_blocked_is_not_served_although_a_wildcard_fits() -> None:
    made = router(
        deployment("gemini/*", "gemini/*"),
        deployment("gemini/gemini-3-pro-*", "gemini/gemini-3-pro-*"),
        blocked=frozenset({"gemini/gemini-2.5-flash-image", "gemini/gemini-3*"}),
    )
    for name in ("gemini/gemini-2.5-flash-image", "gemini/gemini-3.1-flash-image"):
        with pytest.raises(NotFound):
            made.resolve(name)
    assert made.resolve("gemini/gemini-2.5-pro").routes
    assert made.resolve("gemini/gemini-3-pro-image").routes
    names = {name for name, _ in made.offered()}
    assert "gemini/gemini-nano-banana-2.1" in names
    assert not names & {"gemini/gemini-2.5-flash-image", "gemini/gemini-3.1-flash-image"}


@pytest.mark.parametrize(
    ("name", "model", "offered"),
    [
        ("gemini/gemini-3-pro-*", "gemini/gemini-3-pro-*", ["gemini/gemini-3-pro-image"]),
        ("pro-*", "gemini/gemini-3-pro-*", ["pro-image"]),
        ("*-image", "gemini/gemini-3-pro-*", ["image-image"]),
        ("gemini/nothing-*", "gemini/nothing-*", []),
        ("banana-*", "gemini/gemini-2.5-flash-image", ["banana-gemini-2.5-flash-image"]),
        ("banana-*", "gemini/unknown", ["banana-unknown"]),
    ],
)
def test_a_wildcard_offers_the_models_that_fit_it(name: str, model: str, offered: list[str]) -> None:
    made = router(deployment(name, model))
    drawing = [(one, route) for one, route in made.offered() if "preview" not in one]
    assert [one for one, _ in drawing] == offered
    for one, route in drawing:
        assert made.resolve(one).routes[0].id == route.id


def test_what_serves_a_name_is_looked_up_once_and_its_circuit_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = router(deployment("gemini/*", "gemini/*"))
    (upstream,) = made.upstreams
    looked: list[str] = []
    find = made._wildcards.find
    monkeypatch.setattr(made._wildcards, "find", lambda name: looked.append(name) or find(name))  # type: ignore[func-returns-value]
    first = made.resolve("gemini/a").routes[0]
    upstream.circuits.clear()  # as when many other models were asked for
    second = made.resolve("gemini/a").routes[0]
    assert second.circuit is upstream.circuit("a") is not first.circuit
    assert looked == ["gemini/a"]
    for _ in range(2):
        with pytest.raises(NotFound):
            made.resolve("vertex_ai/a")
    long = "gemini/" + "a" * 250
    assert [made.resolve(long).routes[0].native_id for _ in range(2)] == ["a" * 250] * 2
    assert looked == ["gemini/a", "vertex_ai/a", long, long]  # long names, of which there may be many, are not kept
