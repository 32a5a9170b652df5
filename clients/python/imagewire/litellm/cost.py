"""LiteLLM's `completion_cost`."""

from imagewire.errors import invalid
from imagewire.litellm.types import Completion


def completion_cost(completion_response: Completion) -> float:
    """What a call cost, in US dollars. Raises InvalidRequest where the server knows no price."""
    if completion_response.usage.cost is None:
        raise invalid(
            "completion_response", "has no cost: the server knows no price of the model; add it to imagewire: models"
        )
    return completion_response.usage.cost
