"""The errors of callers that may not do what they ask for, or not now.

Error
├── CallerLimited         RESOURCE_EXHAUSTED   CALLER_LIMITED         the caller's own limit; nothing was sent
├── BudgetExhausted       RESOURCE_EXHAUSTED   BUDGET_EXHAUSTED       the caller's budget of today; nothing was sent
├── BudgetTooSmall        FAILED_PRECONDITION  BUDGET_TOO_SMALL       more than the caller may spend in any day
├── BudgetUnavailable     UNAVAILABLE          BUDGET_UNAVAILABLE     nobody can tell what is left of it
└── PriceUnknown          FAILED_PRECONDITION  PRICE_UNKNOWN          the caller has a budget, the model no price
"""

from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import Error

# Seconds. No client waits longer by itself.
_REASONABLE = 60.0


def is_lasting(error: Error) -> bool:
    """Whether a repeat costs nothing, but would not help within any reasonable wait."""
    if error.reason == BudgetExhausted.reason:
        return error.retry_after is None or error.retry_after > _REASONABLE
    return error.reason == "UPSTREAM_QUOTA_EXHAUSTED"


class CallerLimited(Error):
    """The caller has reached a limit of its own. Nothing was sent."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "CALLER_LIMITED"


class BudgetExhausted(Error):
    """What the call may cost is more than is left of the caller's budget of today. Nothing was sent.

    retry_after: until the next day, or a few seconds where only what running calls have reserved is in its way.
    """

    code = Code.RESOURCE_EXHAUSTED
    reason = "BUDGET_EXHAUSTED"


class BudgetTooSmall(Error):
    """What the call may cost is more than the caller may spend in a whole day. Nothing was sent."""

    code = Code.FAILED_PRECONDITION
    reason = "BUDGET_TOO_SMALL"


class BudgetUnavailable(Error):
    """The Redis that knows what is left of the caller's budget does not answer. Nothing was sent."""

    code = Code.UNAVAILABLE
    reason = "BUDGET_UNAVAILABLE"


class PriceUnknown(Error):
    """The caller has a budget, and nobody knows what the model costs. Nothing was sent."""

    code = Code.FAILED_PRECONDITION
    reason = "PRICE_UNKNOWN"
