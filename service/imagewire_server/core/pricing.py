"""What a call cost, from the model's price and what was drawn or counted. None, never zero, when it cannot be told."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities, ImagePrice, TokenPrice

NANO = 10**9
_MILLION = 10**6
_PARTS = 10**9
_MOST = 2**63 - 1
_STANDARD = frozenset({"", "standard", "unspecified"})


class Asked(NamedTuple):
    """What of a request decides the price."""

    capabilities: Capabilities = Capabilities()
    image_size: str = ""
    service_tier: str = ""

    @property
    def size(self) -> str:
        """The size that is drawn."""
        return self.image_size or self.capabilities.default_image_size


@dataclass(slots=True)
class Drawn:
    """What came. pictures: final ones; drafts: thoughts that are pictures; media: what is neither picture nor text."""

    pictures: int = 0
    drafts: int = 0
    media: int = 0
    text_bytes: int = 0


def nano_usd(usage: pb.Usage | None, asked: Asked, drawn: Drawn) -> int | None:
    """Billionths of a US dollar. usage: None where the provider has reported none."""
    price = asked.capabilities.price
    if isinstance(price, ImagePrice):
        return _by_image(price, asked, drawn)
    return None if price is None or usage is None else _by_token(price, usage, asked, drawn)


def _by_image(price: ImagePrice, asked: Asked, drawn: Drawn) -> int | None:
    each = price.by_size.get(asked.size)
    # Nobody knows what is asked for drafts, and for what is no picture.
    if each is None or drawn.drafts or drawn.media:
        return None
    return int(Decimal(str(each)) * NANO * drawn.pictures)


def _by_token(price: TokenPrice, usage: pb.Usage, asked: Asked, drawn: Drawn) -> int | None:
    """Thoughts cost what text costs."""
    factor = _factor(usage, asked)
    cached, prompt = usage.cached_content_tokens, usage.prompt_tokens + usage.tool_use_prompt_tokens
    if factor is None or not usage.prompt_tokens or cached > prompt:
        return None
    for detail in usage.prompt_tokens_details:
        if detail.modality in {"AUDIO", "VIDEO"} and detail.tokens:
            return None
    images = _image_tokens(usage, asked, drawn)
    if images is None:
        return None
    text, thoughts = usage.candidates_tokens - images, usage.thoughts_tokens
    counted = prompt + usage.candidates_tokens + thoughts
    # Without a total nobody can tell whether thoughts are counted among the answer's text.
    if usage.total_tokens not in {0, counted} or (not usage.total_tokens and 0 < thoughts <= text):
        return None
    rates = _rates(price, factor)
    if cached and rates.cached is None:
        return None
    parts = (
        (prompt - cached) * rates.prompt
        + cached * (rates.cached or 0)
        + (text + thoughts) * rates.text
        + images * rates.image
    )
    nano = (parts + _PARTS // 2) // _PARTS
    return nano if nano <= _MOST else None


def is_counted(usage: pb.Usage) -> bool:
    """Whether the tokens of a picture are in, so that an answer that broke off can be priced."""
    return any(detail.modality == "IMAGE" and detail.tokens for detail in usage.candidates_tokens_details)


def _image_tokens(usage: pb.Usage, asked: Asked, drawn: Drawn) -> int | None:
    """How many of the answer's tokens are pictures."""
    listed = {detail.modality: detail.tokens for detail in usage.candidates_tokens_details if detail.tokens}
    images, text = listed.pop("IMAGE", 0), listed.pop("TEXT", 0)
    whole = usage.candidates_tokens
    if listed or images + text > whole:
        return None
    if images:
        return images if images + text == whole else None
    if drawn.media:
        return None
    if not drawn.pictures:
        # Nobody knows how a draft is counted that is the only picture.
        return None if drawn.drafts else 0
    each = asked.capabilities.image_tokens.get(asked.size)
    if each is None:
        return None
    images = drawn.pictures * each
    rest = whole - images
    # The rest is text where text came, and no more of it than can be.
    fits = rest == 0 or (rest > 0 and drawn.text_bytes and (rest < each or rest <= drawn.text_bytes))
    return images if fits and text in {0, rest, whole} else None


def _factor(usage: pb.Usage, asked: Asked) -> float | None:
    """What the service tier multiplies the price by: the tier that served the call, else the one that was asked for."""
    by_traffic = asked.capabilities.billed_as.get(usage.traffic_type)
    if by_traffic is None:
        return None
    return tier_factor(usage.service_tier or by_traffic or asked.service_tier, asked.capabilities)


def tier_factor(tier: str, known: Capabilities) -> float | None:
    """What a service tier multiplies the price by; None where nobody knows."""
    name = tier.lower().removeprefix("service_tier_")
    return 1.0 if name in _STANDARD else known.service_tiers.get(name)


class _Rates(NamedTuple):
    prompt: int
    text: int
    image: int
    cached: int | None


@lru_cache(maxsize=256)
def _rates(price: TokenPrice, factor: float) -> _Rates:
    """What a token costs, in whole parts of a billionth of a dollar: from the price exactly as it is written."""

    def rate(dollars: float) -> int:
        return int(Decimal(str(dollars)) * Decimal(str(factor)) * (NANO // _MILLION) * _PARTS)

    cached = None if price.cached is None else rate(price.cached)
    return _Rates(rate(price.prompt), rate(price.text), rate(price.image), cached)
