"""What a drawing may cost, before it is drawn: a budget reserves it.

It is the dearest of all deployments that may be asked, for one picture of the size asked for, with a text and thoughts
of a usual length. A prompt's text has at most one token for each of its bytes.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from imagewire_server.contract import pb
from imagewire_server.contract.errors import NotFound
from imagewire_server.contract.extra_fields import inside
from imagewire_server.contract.json_values import plain
from imagewire_server.contract.native_rules import camel
from imagewire_server.contract.provider import Capabilities, ImagePrice, TokenPrice
from imagewire_server.core.failover import following
from imagewire_server.core.pricing import NANO, tier_factor
from imagewire_server.core.router import Route, Router

# Of a picture in a prompt, at the highest resolution; of an answer's text and thoughts together.
_PROMPT_PICTURE, _TEXT = 2240, 8192
_MILLION = 10**6
# Kinds of native parts that may name a video.
_WITH_MEDIA = frozenset({"fileData", "functionResponse"})
_DECIDING: tuple[Literal["image_config", "generation_config", "extra_body"], ...] = (
    "image_config",
    "generation_config",
    "extra_body",
)


def dearest(
    spec: pb.Spec, router: Router, fallbacks: Sequence[str] | None, cleared: frozenset[str] = frozenset()
) -> int | None:
    """Billionths of a US dollar, at least 1; None where it cannot be told. fallbacks: the caller's own, None for none.

    cleared: see Call. Raises NotFound for the model.
    """
    policy = following(router.routing.content_policy_fallbacks, spec.model)
    own = following(router.routing.fallbacks, spec.model) if fallbacks is None else fallbacks
    first = router.resolve(spec.model).routes
    routes = [*first, *(route for name in (*own, *policy) for route in _routes(router, name))]
    prompt, light = _prompt_tokens(spec), _light(spec)
    if prompt is None:
        return None
    costs: list[float] = []
    prompts: list[float] = []
    for route in routes:
        known, asked = route.capabilities, light
        if route.upstream.completed is not None:
            asked = route.upstream.completed(light, cleared)
        extra = plain(asked.extra_body) if asked.HasField("extra_body") else {}
        factor, answer = _factor([asked.service_tier, *inside(extra, "servicetier")], known), _answer(asked, known)
        if factor is None or answer is None or asked.cached_content or any(inside(extra, "cachedcontent")):
            return None
        rate = known.price.prompt if isinstance(known.price, TokenPrice) else 0.0
        prompts.append(factor * (prompt + asked.extra_body.ByteSize()) * rate / _MILLION)
        costs.append(prompts[-1] + factor * answer)
    # A blocked prompt may be charged for, and then the next model is asked.
    return max(1, math.ceil((max(costs) + len(policy) * max(prompts)) * NANO))


def _routes(router: Router, name: str) -> Iterable[Route]:
    try:
        return router.resolve(name).routes
    except NotFound:
        return ()


def _light(spec: pb.Spec) -> pb.Spec:
    """A copy of what decides the price of the answer, without messages."""
    made = pb.Spec(model=spec.model, response_modalities=spec.response_modalities, service_tier=spec.service_tier)
    for name in _DECIDING:
        if spec.HasField(name):
            getattr(made, name).CopyFrom(getattr(spec, name))
    return made


def _factor(tiers: Iterable[object], known: Capabilities) -> float | None:
    """What these service tiers multiply the price by, None if it is not known. A cheaper one may not be had."""
    dearest_tier = 1.0
    for tier in tiers:
        factor = tier_factor(tier, known) if isinstance(tier, str) else None
        if factor is None:
            return None
        dearest_tier = max(dearest_tier, factor)
    return dearest_tier


def _prompt_tokens(spec: pb.Spec) -> int | None:
    """At most so many; None where the prompt has what cannot be counted here: media, and what is cached elsewhere."""
    if spec.cached_content:
        return None
    tokens = sum(tool.ByteSize() for tool in spec.tools)
    for message in spec.messages:
        tokens += len(message.content.encode()) + _PROMPT_PICTURE * message.HasField("image")
        for part in message.parts:
            counted = _part_tokens(part)
            if counted is None:
                return None
            tokens += counted
    return tokens


def _part_tokens(part: pb.Part) -> int | None:
    match part.WhichOneof("content"):
        case "image":
            return _PROMPT_PICTURE
        case "function_response":
            result = part.function_response
            return len(result.name) + result.response.ByteSize() + _PROMPT_PICTURE * len(result.images)
        case "native" if camel(part.native.kind) in _WITH_MEDIA:
            return None
        case "media":
            return None
    return part.ByteSize()


def _answer(spec: pb.Spec, known: Capabilities) -> float | None:
    """US dollars of the answer at the standard tier; None where they cannot be told."""
    price = known.price
    draws = not known.talks and (not spec.response_modalities or pb.Modality.MODALITY_IMAGE in spec.response_modalities)
    size = spec.image_config.image_size or known.default_image_size
    by_size = price.by_size if isinstance(price, ImagePrice) else known.image_tokens
    # extra_body may ask for any size in the provider's own words.
    each = max(by_size.values(), default=None) if spec.HasField("extra_body") else by_size.get(size)
    if isinstance(price, ImagePrice):
        return each if draws else 0.0
    if price is None or (draws and each is None):
        return None
    most = (each * price.image if draws and each is not None else 0.0) + _TEXT * price.text
    if spec.generation_config.HasField("max_output_tokens"):
        most = min(most, spec.generation_config.max_output_tokens * max(price.image, price.text))
    return most / _MILLION
