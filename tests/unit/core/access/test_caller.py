"""Callers: what each may do, by its policy."""

import pytest

from imagewire_server.config.caller_policies import METHODS, Policy
from imagewire_server.contract.errors import PermissionDenied
from imagewire_server.core.access.caller import ANONYMOUS, MASTER_KEY, Caller, Permission


def test_every_permission_is_a_method_of_the_configuration() -> None:
    assert {one.value for one in Permission} == {*METHODS, "none"}


@pytest.mark.parametrize("permission", list(Permission))
def test_f24_only_named_methods_are_allowed(permission: Permission) -> None:
    allowed = Caller("a", Policy("a", methods=frozenset({permission.value})))
    allowed.check(permission)
    MASTER_KEY.check(permission)
    denied = Caller("a", Policy("a", methods=frozenset(METHODS) - {permission.value}))
    if permission is Permission.NONE:
        denied.check(permission)
        return
    with pytest.raises(PermissionDenied) as raised:
        denied.check(permission)
    assert "key" not in raised.value.message


def test_f24_only_named_models_may_be_asked() -> None:
    caller = Caller("a", Policy("a", models=("gemini/*", "draw")))
    caller.check_models(["gemini/x", "draw"])
    for model in ("vertex_ai/x", "drawn", "gemini", ""):
        assert not caller.may_ask(model)
        with pytest.raises(PermissionDenied, match="ListModels"):
            caller.check_models(["draw", model])
    ANONYMOUS.check_models(["anything"])
    assert Caller("a", Policy("a")).may_ask("any/thing")


def test_a_caller_is_counted_under_its_policy() -> None:
    assert Caller("subject of a token", Policy("team")).counted_as == "team"
    assert MASTER_KEY.counted_as == ""


def test_limits_are_counted_by_the_policy_or_for_each_caller_alone() -> None:
    policy = Policy("team")
    assert Caller("a").limited_as == ""
    assert Caller("jwt:i#a", policy).limited_as == "team"
    alone = Caller("jwt:i#a", policy, has_own_limits=True)
    assert (alone.limited_as, alone.counted_as) == ("jwt:i#a", "team")
