"""The errors of callers that may not do what they ask for, or not now.

Error
├── CallerLimited         RESOURCE_EXHAUSTED   CALLER_LIMITED         the caller's own limit; nothing was sent
├── BudgetExhausted       RESOURCE_EXHAUSTED   BUDGET_EXHAUSTED       the caller's budget of today; nothing was sent
├── BudgetUnavailable     UNAVAILABLE          BUDGET_UNAVAILABLE     nobody can tell what is left of it
└── PriceUnknown          FAILED_PRECONDITION  PRICE_UNKNOWN          the caller has a budget, the model no price
"""

from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import Error

# A repeat costs nothing, but would not help within any reasonable wait.
LASTING = frozenset({"UPSTREAM_QUOTA_EXHAUSTED", "BUDGET_EXHAUSTED"})


class CallerLimited(Error):
    """The caller has reached a limit of its own. Nothing was sent."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "CALLER_LIMITED"


class BudgetExhausted(Error):
    """What the call may cost is more than is left of the caller's budget of today. Nothing was sent."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "BUDGET_EXHAUSTED"


class BudgetUnavailable(Error):
    """The Redis that knows what is left of the caller's budget does not answer. Nothing was sent."""

    code = Code.UNAVAILABLE
    reason = "BUDGET_UNAVAILABLE"


class PriceUnknown(Error):
    """The caller has a budget, and nobody knows what the model costs. Nothing was sent."""

    code = Code.FAILED_PRECONDITION
    reason = "PRICE_UNKNOWN"
