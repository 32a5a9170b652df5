"""The memory for unfinished requests is one budget for both APIs."""

from imagewire_server.core.receive_budget import ReceiveBudget


def test_what_both_apis_hold_counts() -> None:
    budget = ReceiveBudget(100)
    budget.rest, budget.grpc = 60, 40
    assert budget.excess == 0
    budget.grpc += 7
    assert budget.excess == 7


def test_a_refusal_names_the_setting_and_says_when_to_ask_again() -> None:
    refusal = ReceiveBudget(100).refusal()
    assert "max_arriving_bytes" in refusal.message
    assert refusal.retry_after == 1.0
