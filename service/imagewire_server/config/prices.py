"""A deployment's own price: LiteLLM's keys in US dollars per token or picture, under litellm_params or model_info."""

from dataclasses import replace
from decimal import Decimal

from imagewire_server.config.source import Node
from imagewire_server.contract.provider import Capabilities, ImagePrice, ModelTable, TokenPrice

# LiteLLM's keys of a price per token, with our names, which are per million tokens.
_PER_TOKEN = {
    "input_cost_per_token": "prompt",
    "output_cost_per_token": "text",
    "output_cost_per_image_token": "image",
    "cache_read_input_token_cost": "cached",
}
_PER_PICTURE = "output_cost_per_image"
KEYS = (*_PER_TOKEN, _PER_PICTURE)
_MILLION = 1_000_000
_SIZES = ("512", "1K", "2K", "4K")

# LiteLLM's keys with their values.
Prices = tuple[tuple[str, float], ...]


def read(name: str, value: Node) -> tuple[str, float]:
    """Read one of KEYS. Raises ConfigError."""
    return name, value.number(name)


def priced(table: ModelTable, model: str, prices: Prices) -> ModelTable:
    """The table with these prices for one model. Prices per token are completed by those of the table."""
    if not prices:
        return table
    found = table.find(model)
    changed = replace(found, price=_price(found, dict(prices)))
    if not found.is_known:
        return ModelTable(table.models, changed, table.talks)
    return ModelTable([changed if one.id == found.id else one for one in table.models], table.unknown, table.talks)


def _price(found: Capabilities, given: dict[str, float]) -> TokenPrice | ImagePrice:
    known = found.price
    if _PER_PICTURE in given and not set(given) & {"output_cost_per_token", "output_cost_per_image_token"}:
        return ImagePrice(dict.fromkeys(found.image_sizes or _SIZES, given[_PER_PICTURE]))
    of_tokens = {
        _PER_TOKEN[name]: float(Decimal(str(dollars)) * _MILLION)
        for name, dollars in given.items()
        if name in _PER_TOKEN
    }
    if isinstance(known, TokenPrice):
        return replace(known, **of_tokens)
    text = of_tokens.get("text", 0.0)
    return TokenPrice(of_tokens.get("prompt", 0.0), text, of_tokens.get("image", text), of_tokens.get("cached"))
