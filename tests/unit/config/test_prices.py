"""A deployment's own price in a LiteLLM file."""

from pathlib import Path

import pytest

from imagewire_server.config.prices import Prices, priced
from imagewire_server.contract.provider import Capabilities, ImagePrice, ModelTable, TokenPrice
from imagewire_server.providers.registry import load, table
from tests.unit.config.files import written

TABLE = ModelTable(
    [Capabilities("a", aliases=("b",), price=TokenPrice(1, 2, 3, 4), image_sizes=("1K", "2K")), Capabilities("other")],
    Capabilities(),
)


@pytest.mark.parametrize(
    ("model", "prices", "expected"),
    [
        ("a", (("input_cost_per_token", 3e-7),), TokenPrice(0.3, 2, 3, 4)),
        ("b", (("output_cost_per_token", 2.5e-6), ("output_cost_per_image_token", 3e-5)), TokenPrice(1, 2.5, 30.0, 4)),
        ("a", (("cache_read_input_token_cost", 1e-7),), TokenPrice(1, 2, 3, 0.1)),
        ("a", (("output_cost_per_image", 0.04),), ImagePrice({"1K": 0.04, "2K": 0.04})),
        ("a", (("output_cost_per_image", 0.04), ("output_cost_per_token", 1e-6)), TokenPrice(1, 1, 3, 4)),
        ("new", (("input_cost_per_token", 1e-6), ("output_cost_per_token", 2e-6)), TokenPrice(1, 2, 2)),
        ("new", (("output_cost_per_image", 0.04),), ImagePrice(dict.fromkeys(("512", "1K", "2K", "4K"), 0.04))),
        ("a", (), TokenPrice(1, 2, 3, 4)),
    ],
)
def test_a_price_of_the_file_is_the_models(model: str, prices: Prices, expected: TokenPrice | ImagePrice) -> None:
    made = priced(TABLE, model, prices)
    assert made.find(model).price == expected
    assert made.find("other") == TABLE.find("other")
    assert made.find(model).is_known == (model != "new")


def test_prices_are_read_under_litellm_params_and_model_info(tmp_path: Path) -> None:
    text = """\
model_list:
  - model_name: draw
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: k, input_cost_per_token: 0.000001}
    model_info: {input_cost_per_token: 5, output_cost_per_token: 2e-6}
"""
    config = load(written(tmp_path, text), {})
    assert config.warnings == ()
    assert dict(config.deployments[0].prices) == {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    assert any("USD 1 / 2 / 30 per million" in line for line in table(config, {}))
