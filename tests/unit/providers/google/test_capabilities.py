"""What Google's models take and cost, by provider, and with a configuration's own rows."""

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.provider import TokenPrice
from imagewire_server.contract.validation import CHECKS
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import encode


@pytest.mark.parametrize("provider", ["gemini", "vertex_ai"])
def test_every_model_takes_its_services_fields_and_has_a_price(provider: str) -> None:
    table = models(provider)
    assert table.models
    for known in table.models:
        assert known.is_known
        assert isinstance(known.price, TokenPrice)
        assert known.fields is not None
        assert known.fields <= set(CHECKS)
        assert known.uri_schemes == table.find("a-model-of-next-year").uri_schemes


def test_the_services_differ_in_their_fields_and_addresses() -> None:
    gemini, vertex = models("gemini").find("x"), models("vertex_ai").find("x")
    assert gemini.fields is not None
    assert vertex.fields is not None
    assert "Spec.labels" in vertex.fields - gemini.fields
    assert gemini.fields - vertex.fields
    assert "gs" in vertex.uri_schemes
    assert "gs" not in gemini.uri_schemes
    assert gemini.service != vertex.service


def test_a_row_of_the_configuration_changes_a_model_or_adds_one() -> None:
    first = models("gemini").models[0]
    changed = models("gemini", [{"id": first.id, "max_input_images": 99}, {"id": "own", "max_input_images": 1}])
    found = changed.find(first.id)
    assert (found.max_input_images, found.price) == (99, first.price)
    assert changed.find("own").max_input_images == 1
    assert changed.find("own").price is None
    assert models("gemini").find("own").is_known is False


@pytest.mark.parametrize(
    ("name", "talks"), [("gemini-2.5-flash", True), ("gemini-2.5-flash-image", False), ("x", False)]
)
def test_a_model_that_only_talks_is_not_asked_for_pictures(name: str, talks: bool) -> None:
    for table in (models("gemini"), models("vertex_ai", [{"id": name, "max_input_images": 3}])):
        known = table.find(name)
        assert known.talks is talks
        body = encode(pb.Spec(model="m", messages=[{"role": 2, "content": "x"}]), known)
        assert body["generationConfig"] == {"responseModalities": ["TEXT"] if talks else ["TEXT", "IMAGE"]}
