"""What pictures will cost, by the server's price list."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import imagewire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagewire.v1.model_service_pb2 import Model

# Tokens of a picture by size: the most that any model of Google's counts. A model that takes no size draws 1K.
_TOKENS = {"512": 747, "1K": 1290, "2K": 1680, "4K": 2520}
# US dollars per million tokens of pictures: the dearest of Google's list. For servers that tell no prices.
_DEAREST = 120.0
# What the drawing would fail with as well. Others say that the server does not know the price.
_TROUBLE = (imagewire.Unavailable, imagewire.DeadlineExceeded, imagewire.Unauthenticated)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of pictures in US dollars, without the prompts, which cost little.

    known: False where the server does not know the price, and the dearest that is known stands in for it.
    """

    number: int
    dollars: float
    known: bool
    trouble: imagewire.ImagewireError | None = None

    def told(self) -> str:
        """The number of pictures and their cost, for people. Raises what kept the server from telling the price."""
        if self.trouble is not None:
            raise self.trouble
        pictures = "1 picture" if self.number == 1 else f"{self.number} pictures"
        if self.known:
            return f"{pictures}, about ${self.dollars:.2f}"
        return f"{pictures}, at a price that the server does not know (${self.dollars:.2f} at the dearest known one)"


def estimate(client: "imagewire.Client", model: str, number: int, size: str, service_tier: str) -> Estimate:
    """The cost of so many pictures."""
    try:
        found = client.get_model(model or imagewire.DEFAULT_MODEL)
    except _TROUBLE as error:
        return Estimate(number, number * _dearest((), size, service_tier), known=False, trouble=error)
    except imagewire.ImagewireError:
        pass  # it is not in the server's table, or the server has none
    else:
        factor = 1.0 if service_tier in {"", "standard"} else found.price.service_tier_factors.get(service_tier)
        if found.price.image_output_usd_per_million and factor is not None:
            tokens = _TOKENS.get(size or "1K", max(_TOKENS.values()))
            dollars = number * tokens * factor * found.price.image_output_usd_per_million / 1e6
            return Estimate(number, dollars, known=True)
    try:
        listed = client.list_models()
    except imagewire.ImagewireError:
        listed = []
    return Estimate(number, number * _dearest(listed, size, service_tier), known=False)


def _dearest(models: "Iterable[Model]", size: str, service_tier: str) -> float:
    """The dearest picture of the size and tier, in US dollars. What is not known of either counts as the dearest."""
    tokens = _TOKENS.get(size, max(_TOKENS.values()))

    def each(model: "Model") -> float:
        factors = {"": 1.0, "standard": 1.0, **model.price.service_tier_factors}
        return model.price.image_output_usd_per_million * factors.get(service_tier, max(factors.values()))

    return tokens * max(_DEAREST, *map(each, models), 0.0) / 1e6
