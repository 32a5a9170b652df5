"""A spec's last checks: what changes nothing, what is dropped, and all violations at once."""

import pytest

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, follows, not_following

MODEL = Capabilities(id="m", image_sizes=("1K",), fields=frozenset(validation.CHECKS))


def builder(*, drops: bool = False, size: str = "4K", temperature: float = 1) -> SpecBuilder:
    made = SpecBuilder("gemini/m", drops=drops)
    made.spec.messages.add(role=pb.Role.ROLE_USER, content="A")
    made.spec.image_config.image_size = size
    made.spec.generation_config.temperature = temperature
    made.from_field("image_config.image_size", "size")
    made.from_field("generation_config.temperature", "temperature")
    return made


def wrong(error: pytest.ExceptionInfo[InvalidRequest]) -> list[str]:
    return [one.field for one in error.value.violations]


def test_violations_of_all_checks_are_named_once() -> None:
    made = builder(temperature=9)
    made.refuse("n", "is wrong")
    with pytest.raises(InvalidRequest) as caught:
        made.done(MODEL)
    assert wrong(caught) == ["n", "temperature", "size"]


def test_a_field_that_was_refused_is_known() -> None:
    made = builder()
    made.refuse("n", "is wrong")
    assert (made.is_refused("n"), made.is_refused("size")) == (True, False)


def test_the_last_check_names_what_the_model_lacks_too() -> None:
    made = builder(temperature=9)
    made.done(MODEL)
    with pytest.raises(InvalidRequest) as caught:
        made.check()
    assert wrong(caught) == ["temperature", "size"]
    fine = builder(size="1K")
    fine.done(Capabilities())  # of which nothing is known
    fine.check()
    assert fine.later() == []


def test_what_the_model_lacks_is_dropped() -> None:
    made = builder(drops=True)
    made.unsupported("quality", "is not supported")
    made.done(MODEL)
    made.check()
    assert (made.dropped, made.spec.image_config.image_size) == (["quality", "size"], "")
    refused = builder()
    refused.unsupported("quality", "is not supported")
    assert refused.violations == [Violation("quality", "is not supported")]


def test_all_fields_are_told_that_are_dropped_together() -> None:
    made = SpecBuilder("m", drops=True)
    thinking = made.spec.generation_config.thinking_config
    thinking.thinking_level, thinking.thinking_budget = "LOW", 5
    made.from_field("generation_config.thinking_config.thinking_level", "reasoning.effort")
    made.from_field("generation_config.thinking_config.thinking_budget", "reasoning.max_tokens")
    made.done(Capabilities(id="m", fields=frozenset({"Spec.model"})))
    assert set(made.dropped) == {"reasoning.effort", "reasoning.max_tokens"}


def test_the_chosen_picture() -> None:
    made = builder()
    made.spec.image_config.aspect_ratio = "16:9"
    assert made.chosen_picture == ""
    made.tells_picture = True
    assert made.chosen_picture == "4K 16:9"
    assert made.may_have_drafts


@pytest.mark.parametrize(
    ("field", "earlier", "expected"),
    [("a", "a", True), ("a", "a.b", True), ("a", "a[0]", True), ("a", "ab", False), ("a.b", "a", False)],
)
def test_what_follows(field: str, earlier: str, expected: bool) -> None:
    assert follows(field, earlier) == expected
    if expected:
        assert not_following([Violation(field, "")], [Violation(earlier, "")]) == []
