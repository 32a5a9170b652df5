"""Refusals of callers: which a client may repeat by itself."""

import pytest

from imagewire_server.contract.access_errors import BudgetExhausted, BudgetTooSmall, CallerLimited, is_lasting
from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import Error, Refused

QUOTA = Refused("x", code=Code.RESOURCE_EXHAUSTED, reason="UPSTREAM_QUOTA_EXHAUSTED", retry_after=1)


@pytest.mark.parametrize(
    ("error", "lasting"),
    [
        (BudgetExhausted("x", retry_after=3600), True),
        (BudgetExhausted("x"), True),
        (BudgetExhausted("x", retry_after=60), False),
        (CallerLimited("x", retry_after=3600), False),
        (QUOTA, True),
    ],
)
def test_whether_a_repeat_would_not_help_within_any_reasonable_wait(error: Error, lasting: bool) -> None:
    assert is_lasting(error) is lasting


def test_what_no_budget_of_a_day_is_enough_for_is_nothing_that_clients_repeat() -> None:
    assert BudgetTooSmall("x").code is Code.FAILED_PRECONDITION
