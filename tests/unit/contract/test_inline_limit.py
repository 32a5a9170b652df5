"""Which unary calls are refused before they are drawn, because their picture may not fit."""

from typing import Any

import pytest

from imagewire_server.contract import inline_limit, pb
from imagewire_server.contract.errors import AnswerWillNotFit
from imagewire_server.contract.provider import Capabilities
from imagewire_server.core.fold import DEFAULT_INLINE_BYTES
from tests.conftest import spec

TEXT, IMAGE = pb.Modality.MODALITY_TEXT, pb.Modality.MODALITY_IMAGE
JPEG = {"mime_type": "image/jpeg"}


def sized(size: str, **config: Any) -> dict[str, Any]:
    return {"image_config": {"image_size": size, **config}}


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, DEFAULT_INLINE_BYTES),
        (sized("512"), 1_000_000),
        (sized("1K"), DEFAULT_INLINE_BYTES),
        (sized("2K"), 8_000_000),
        (sized("4K"), 30_000_000),
        (sized("2K", output_options=JPEG), DEFAULT_INLINE_BYTES),
        (sized("4K", output_options=JPEG), 7_500_000),
        (sized("8K"), 1),  # not known: the provider says
        ({"response_modalities": [TEXT], **sized("4K")}, 0),
        ({"output_config": {"uri_prefix": "gs://mine/"}, **sized("4K")}, 0),
    ],
)
def test_m2_what_fits_or_sends_no_picture_is_drawn(fields: dict[str, Any], limit: int) -> None:
    inline_limit.check(spec(**fields), limit, lambda model: Capabilities())


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, 0),
        ({}, 1_999_999),
        (sized("512"), 999_999),
        (sized("1K"), 1_999_999),
        (sized("2K"), DEFAULT_INLINE_BYTES),
        (sized("4K"), DEFAULT_INLINE_BYTES),
        (sized("4K"), 29_999_999),
        (sized("4K", output_options=JPEG), DEFAULT_INLINE_BYTES),
        (sized("8K"), 0),
        ({"response_modalities": [IMAGE], **sized("2K")}, DEFAULT_INLINE_BYTES),
        ({"response_modalities": [TEXT, IMAGE], **sized("2K")}, DEFAULT_INLINE_BYTES),
        ({"extra_body": {"generationConfig": {"imageConfig": {"imageSize": "4K"}}}}, DEFAULT_INLINE_BYTES),
        ({"extra_body": {"generation_config": {"image_config": {"image_size": "2K"}}}}, DEFAULT_INLINE_BYTES),
    ],
)
def test_m2_what_may_not_fit_is_refused_with_its_field_and_remedy(fields: dict[str, Any], limit: int) -> None:
    with pytest.raises(AnswerWillNotFit) as refused:
        inline_limit.check(spec(**fields), limit, lambda model: Capabilities())
    assert refused.value.metadata == {"use": "StreamCompletion", "max_inline_bytes": str(limit)}
    (violation,) = refused.value.violations
    assert violation.field == "max_inline_bytes"
    assert "StreamCompletion" in violation.description
    assert not refused.value.charged


def test_a_provider_tells_how_large_its_pictures_may_be() -> None:
    known = Capabilities(default_image_size="2K", image_bytes={"2K": 100})
    for fields, limit in (({}, 100), (sized("2K"), 100), (sized("4K"), 1)):
        inline_limit.check(spec(**fields), limit, lambda model: known)
    with pytest.raises(AnswerWillNotFit, match="a picture of size 2K may have 100"):
        inline_limit.check(spec(), 99, lambda model: known)
