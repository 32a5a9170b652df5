"""What a call cost, from its usage and a price. None, never zero, when it cannot be told."""

from imagewire_server.config.models import Price
from imagewire_server.contract import pb

_MILLION = 1_000_000


def cost(usage: pb.Usage, price: Price | None) -> float | None:
    """US dollars. Thoughts cost what text costs; tokens whose price is unknown give None."""
    if price is None or not usage.total_tokens:
        return None
    cached = usage.cached_content_tokens
    if cached and price.cached is None:
        return None
    out = {detail.modality: detail.tokens for detail in usage.candidates_tokens_details}
    images, text = out.pop("IMAGE", 0), out.pop("TEXT", 0)
    if out or images + text != usage.candidates_tokens:
        return None
    prompt = usage.prompt_tokens + usage.tool_use_prompt_tokens - cached
    dollars = (
        prompt * price.prompt
        + cached * (price.cached or 0.0)
        + (text + usage.thoughts_tokens) * price.text
        + images * price.image
    )
    return dollars / _MILLION
