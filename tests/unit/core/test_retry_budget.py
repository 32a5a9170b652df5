"""Repeats are bounded to a tenth of the calls, with a reserve."""

from imagewire_server.core.retry_budget import RetryBudget


def test_a_reserve_of_repeats_and_then_one_for_ten_calls() -> None:
    budget = RetryBudget(ratio=0.25, reserve=2.0)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(4):
        assert not budget.spend()
        budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]


def test_calls_without_repeats_save_up_no_more_than_the_reserve() -> None:
    budget = RetryBudget(ratio=0.25, reserve=1.0)
    for _ in range(100):
        budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]
