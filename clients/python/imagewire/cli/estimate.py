"""What pictures will cost, by the server's price list."""

import imagewire

# Tokens of a picture by size: the most that any model of Google's counts. A model that takes no size draws 1K.
_TOKENS = {"512": 747, "1K": 1290, "2K": 1680, "4K": 2520}


def dollars(client: "imagewire.Client", model: str, number: int, size: str, service_tier: str) -> float | None:
    """About how many US dollars the pictures cost. The prompts are left out: they cost little. None: not known."""
    try:
        found = client.get_model(model or imagewire.DEFAULT_MODEL)
    except imagewire.ImagewireError:
        return None  # if the server is in trouble, the drawing itself reports it
    factor = 1.0 if service_tier in {"", "standard"} else found.price.service_tier_factors.get(service_tier)
    if not found.HasField("price") or not found.price.image_output_usd_per_million or factor is None:
        return None
    return (
        number
        * _TOKENS.get(size or "1K", max(_TOKENS.values()))
        * factor
        * (found.price.image_output_usd_per_million / 1e6)
    )


def told(number: int, cost: float | None) -> str:
    """The number of pictures and their cost, for people."""
    pictures = "1 picture" if number == 1 else f"{number} pictures"
    if cost is None:
        return f"{pictures}, at a cost that the server does not know"
    return f"{pictures}, about ${cost:.2f}"
