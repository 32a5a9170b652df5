"""The JSON schema: fresh, and of one mind with the code that reads the file."""

import json
from importlib import resources

import jsonschema
import pytest
import yaml

from imagewire_server.config.schema import schema
from imagewire_server.providers.registry import provider_configs
from tests.unit.config.files import FULL, SEED, WRONG

VALIDATOR = jsonschema.Draft202012Validator(schema(provider_configs()))
# What a schema cannot tell: what the environment holds, what names mean, what one key says of another.
BEYOND = (
    "has no model", "environment variable", "must start with https://", "is not a valid header",
    "sent by the server",
    "belongs to", "exclude each other", "neither a path", "but model_name", "not a model_name",
    "cannot be its own", "must be HOST:PORT", "printable ASCII", "is set twice", "is not valid YAML",
    "weight must be a number", "must be printable", "skipped", "add one such as", "surrogate", "alias must",
    "did you mean 'gemini'", "did you mean 'vertex_ai'", "did you mean 'master_key'",
)  # fmt: skip


def test_the_shipped_file_is_fresh() -> None:
    text = resources.files("imagewire_server.config").joinpath("schema.json").read_text()
    assert json.loads(text) == schema(provider_configs()), "run make gen"


@pytest.mark.parametrize("text", [SEED, FULL, ""])
def test_what_loads_is_valid(text: str) -> None:
    VALIDATOR.validate(yaml.safe_load(text) or {})


@pytest.mark.parametrize("text", [text for text, _, words in WRONG if not any(word in words for word in BEYOND)])
def test_what_does_not_load_is_not_valid(text: str) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
