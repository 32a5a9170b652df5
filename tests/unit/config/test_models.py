"""Rows of models: to whose table they go."""

from typing import Any

import pytest

from imagewire_server.config.models import Row, rows_of

ROWS: tuple[Row, ...] = ({"id": "any"}, {"id": "toy/own"}, {"id": "gemini/other"}, {"id": "meta/llama"})


@pytest.mark.parametrize(
    ("provider", "own"), [("toy", {"id": "own"}), ("gemini", {"id": "other"}), ("vertex_ai", None)]
)
def test_a_row_goes_to_the_provider_that_its_id_names_or_to_all(provider: str, own: Any) -> None:
    found = rows_of(provider, ("gemini", "vertex_ai", "toy"), ROWS)
    assert found == ({"id": "any"}, *([own] if own else []), {"id": "meta/llama"})
