"""The table of models, read once at start from models.toml, and what a configuration adds to it."""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from imagewire_server.config.source import Node


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. cached: of cached prompt tokens, None when unknown."""

    prompt: float
    text: float
    image: float
    cached: float | None = None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of one model. None: nothing is known; an empty tuple: it takes none.

    without_system_instruction: the providers on which the model takes none. image_tokens: what a picture takes, by
    image size. service_tiers: what the price is multiplied by, by service tier; "standard" is 1 and is not listed.
    """

    id: str
    aliases: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] | None = None
    image_sizes: tuple[str, ...] | None = None
    thinking_levels: tuple[str, ...] | None = None
    max_input_images: int | None = None
    without_system_instruction: tuple[str, ...] = ()
    part_media_resolution: bool = True
    price: Price | None = None
    image_tokens: Mapping[str, int] = field(default_factory=dict)
    service_tiers: Mapping[str, float] = field(default_factory=dict)


class ModelTable:
    """Models by id and by alias."""

    def __init__(self, models: tuple[ModelFacts, ...]) -> None:
        self.models = tuple(sorted(models, key=lambda model: model.id))
        self._by_name = {name: model for model in models for name in (model.id, *model.aliases)}

    def find(self, name: str) -> ModelFacts | None:
        """The model with this id or alias, None when the table lacks it."""
        return self._by_name.get(name)


@cache
def load() -> ModelTable:
    """The table that comes with the server, read once."""
    text = resources.files(__package__).joinpath("models.toml").read_text(encoding="utf-8")
    return ModelTable(tuple(_facts(row) for row in tomllib.loads(text)["model"]))


def extended(own: Node | None) -> ModelTable:
    """The table with what stands under imagewire.models: new models, or new facts of known ones."""
    section = next((value for key, value in own.pairs("imagewire") if key.text == "models"), None) if own else None
    if section is None:
        return load()
    facts = {model.id: model for model in load().models}
    for entry in section.items("models"):
        row = {key.text: _value(key.text, value) for key, value in _known(entry)}
        name = row.get("id")
        if not name:
            raise entry.error("id is missing; add the model's id")
        known = facts.get(name)
        facts[name] = dataclasses.replace(known, **_typed(row)) if known else _facts(row)
    return ModelTable(tuple(facts.values()))


_LISTS = ("aliases", "aspect_ratios", "image_sizes", "thinking_levels", "without_system_instruction")
_KEYS = tuple(f.name for f in dataclasses.fields(ModelFacts))


def _known(entry: Node) -> list[tuple[Any, Node]]:
    pairs = list(entry.pairs("an entry of models"))
    for key, _ in pairs:
        if key.text not in _KEYS:
            raise key.unknown(_KEYS, "models")
    return pairs


def _value(name: str, value: Node) -> Any:
    if name in _LISTS:
        return [item.text(name) for item in value.items(name)]
    if name == "price":
        numbers = [item.number("price") for item in value.items("price")]
        if len(numbers) not in {3, 4}:
            raise value.error(
                "price takes [prompt, text out, picture out] or these and cached, in USD per million tokens"
            )
        return numbers
    if name == "image_tokens":
        return {size.text: tokens.whole(f"image_tokens.{size.text}", least=1) for size, tokens in value.pairs(name)}
    if name == "service_tiers":
        return {tier.text: factor.number(f"service_tiers.{tier.text}") for tier, factor in value.pairs(name)}
    if name == "max_input_images":
        return value.whole(name)
    if name == "part_media_resolution":
        return value.choice(name, ("true", "false")) == "true"
    return value.text(name)


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    if "price" in given:
        given["price"] = Price(*given["price"])
    return given


def _facts(row: dict[str, Any]) -> ModelFacts:
    return ModelFacts(**_typed(row))
