"""What an extra_body says, in either spelling of its names."""

from typing import Any

import pytest

from imagewire_server.contract import extra_fields


@pytest.mark.parametrize("config", ["generationConfig", "generation_config"])
@pytest.mark.parametrize("field", ["responseModalities", "response_modalities"])
def test_an_extra_body_may_choose_the_modalities(config: str, field: str) -> None:
    assert extra_fields.says_modalities({"labels": {}, config: {"topK": 1, field: ["IMAGE"]}})


@pytest.mark.parametrize(
    "extra", [None, "responseModalities", {}, {"responseModalities": []}, {"generationConfig": []}, {"labels": {}}]
)
def test_what_chooses_none(extra: Any) -> None:
    assert not extra_fields.says_modalities(extra)


def test_a_field_is_found_in_either_spelling() -> None:
    extra = {"serviceTier": "flex", "service_tier": 5, "service": 1}
    assert extra_fields.inside(extra, "servicetier") == ["flex", 5]
