"""The table of models, read once at start from models.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    prompt: float
    text: float
    image: float


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of one model. None: nothing is known; an empty tuple: it takes none."""

    id: str
    aliases: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] | None = None
    image_sizes: tuple[str, ...] | None = None
    thinking_levels: tuple[str, ...] | None = None
    max_input_images: int | None = None
    system_instruction: bool = True
    part_media_resolution: bool = True
    price: Price | None = None


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


def _facts(row: dict[str, Any]) -> ModelFacts:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    if "price" in given:
        given["price"] = Price(*given["price"])
    return ModelFacts(**given)
