"""LiteLLM's `timeout` of a request: seconds, as a number or as text."""

import math

WORDS = "must be a number of seconds above 0, for example 60"


def seconds(given: float | str) -> float:
    """The seconds. Raises ValueError if they are no time limit."""
    found = float(given)
    if not 0 < found < math.inf:
        raise ValueError(WORDS)
    return found
