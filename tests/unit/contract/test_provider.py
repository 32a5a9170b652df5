"""Capabilities and the table of a provider's models."""

from imagewire_server.contract.provider import Capabilities, ModelTable


def test_a_table_finds_models_by_id_and_alias() -> None:
    unknown = Capabilities(service="the toy")
    b, a = Capabilities("b", aliases=("old-b", "older-b")), Capabilities("a")
    table = ModelTable([b, a], unknown)
    assert table.models == (a, b)
    assert [table.find(name) for name in ("a", "old-b", "older-b", "c", "")] == [a, b, b, unknown, unknown]
    assert (a.is_known, unknown.is_known) == (True, False)


def test_a_model_that_is_not_listed_may_be_known_to_talk() -> None:
    table = ModelTable([Capabilities("chat-that-draws")], Capabilities(), lambda name: name.startswith("chat"))
    assert [table.find(name).talks for name in ("chat", "chat-that-draws", "other")] == [True, False, False]


def test_what_is_taken_is_listed() -> None:
    assert not Capabilities().takes("Spec.labels")
    some = Capabilities(fields=frozenset({"Spec.labels"}))
    assert (some.takes("Spec.labels"), some.takes("Spec.tools")) == (True, False)


def test_a_model_thinks_unless_it_is_known_not_to() -> None:
    assert Capabilities().thinks
    assert Capabilities(thinking_levels=("LOW",)).thinks
    assert not Capabilities(thinking_levels=()).thinks
