"""Vertex AI's :predict, by Google's own SDK. Some requests have the values of the SDK's own public tests."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from imagewire_emulator import Emulator
from tests.compat.genai.test_google_genai import made_client
from tests.pictures import PNG

# The SDK says that these methods will go.
pytestmark = pytest.mark.filterwarnings("ignore:The \\w+ method is deprecated")

IMAGEN = "imagen-4.0-generate-001"
INPUT = types.Image(image_bytes=PNG, mime_type="image/png")
STORED = types.Image(gcs_uri="gs://genai-sdk-tests/inputs/images/backpack1.png")


@pytest.fixture(scope="module", params=["vertex", "express"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[genai.Client]:
    with made_client(emulator, request.param) as made:
        yield made


def sizes(answer: Any) -> list[tuple[str | None, tuple[int, int]]]:
    images = [made.image for made in answer.generated_images]
    return [(image.mime_type, Image.open(io.BytesIO(image.image_bytes)).size) for image in images]


def test_pictures_are_generated(emulator: Emulator, client: genai.Client) -> None:
    config = types.GenerateImagesConfig(number_of_images=2, output_mime_type="image/jpeg", aspect_ratio="16:9")
    answer = client.models.generate_images(model=IMAGEN, prompt="Red skateboard", config=config)
    assert sizes(answer) == [("image/jpeg", (1360, 768))] * 2
    entry = emulator.ledger.entries[-1]
    hashes = [hashlib.sha256(image.image_bytes or b"").hexdigest() for image in answer.images]
    assert [image["sha256"] for image in entry.images] == hashes
    assert len(set(hashes)) == entry.charged == 2


def test_four_pictures_are_generated_by_default(client: genai.Client) -> None:
    assert len(client.models.generate_images(model=IMAGEN, prompt="Red skateboard").images) == 4


@pytest.mark.parametrize("people", ["ALLOW_ALL", "allow_all", types.PersonGeneration.ALLOW_ALL])
def test_people_in_any_spelling(client: genai.Client, people: Any) -> None:
    config = types.GenerateImagesConfig(person_generation=people, number_of_images=1)
    assert len(client.models.generate_images(model=IMAGEN, prompt="Robot", config=config).images) == 1


def test_all_options(client: genai.Client) -> None:
    config = types.GenerateImagesConfig(
        image_size="2K",
        aspect_ratio="1:1",
        guidance_scale=15.0,
        safety_filter_level=types.SafetyFilterLevel.BLOCK_MEDIUM_AND_ABOVE,
        number_of_images=1,
        person_generation=types.PersonGeneration.DONT_ALLOW,
        include_safety_attributes=True,
        include_rai_reason=True,
        output_mime_type="image/jpeg",
        output_compression_quality=80,
        negative_prompt="human",
        add_watermark=False,
        seed=1337,
        language=types.ImagePromptLanguage.en,
        enhance_prompt=True,
        labels={"imagen_label_key": "generate_images"},
    )
    answer = client.models.generate_images(model=IMAGEN, prompt="Red skateboard", config=config)
    assert sizes(answer) == [("image/jpeg", (2048, 2048))]
    assert answer.positive_prompt_safety_attributes is not None
    assert answer.positive_prompt_safety_attributes.content_type == "Positive Prompt"
    assert "Red skateboard" in str(answer.generated_images[0].enhanced_prompt)


def test_an_edit(client: genai.Client) -> None:
    references: list[Any] = [
        types.RawReferenceImage(reference_id=1, reference_image=INPUT),
        types.MaskReferenceImage(reference_id=2, config=types.MaskReferenceConfig(mask_mode="MASK_MODE_BACKGROUND")),  # type: ignore[arg-type]
    ]
    config = types.EditImageConfig(edit_mode=types.EditMode.EDIT_MODE_INPAINT_INSERTION, number_of_images=1)
    model = "imagen-3.0-capability-001"
    answer = client.models.edit_image(model=model, prompt="A hat", reference_images=references, config=config)
    assert sizes(answer) == [("image/png", (1024, 1024))]


@pytest.mark.parametrize(("factor", "size"), [("x2", (8, 6)), ("x3", (12, 9)), ("x4", (16, 12))])
def test_a_picture_is_enlarged(client: genai.Client, factor: str, size: tuple[int, int]) -> None:
    answer = client.models.upscale_image(model="imagen-4.0-upscale-preview", image=INPUT, upscale_factor=factor)
    assert sizes(answer) == [("image/png", size)]


@pytest.mark.parametrize(
    ("model", "source"),
    [
        ("imagen-product-recontext-preview-06-30", {"prompt": "On a school desk", "product_images": [STORED] * 3}),
        ("virtual-try-on-preview-08-04", {"person_image": INPUT, "product_images": [STORED]}),
    ],
)
def test_products_in_another_place(client: genai.Client, model: str, source: dict[str, Any]) -> None:
    products = [types.ProductImage(product_image=image) for image in source["product_images"]]
    given = types.RecontextImageSource(**{**source, "product_images": products})
    config = types.RecontextImageConfig(number_of_images=1, output_mime_type="image/jpeg", base_steps=32)
    answer = client.models.recontext_image(model=model, source=given, config=config)
    assert sizes(answer) == [("image/jpeg", (1024, 1024))]


def test_a_mask(client: genai.Client) -> None:
    source = types.SegmentImageSource(image=INPUT, prompt="cat")
    config = types.SegmentImageConfig(mode=types.SegmentMode.PROMPT)
    masks = client.models.segment_image(model="image-segmentation-001", source=source, config=config).generated_masks
    assert [label.label for mask in masks or () for label in mask.labels or ()] == ["cat"]


def test_a_picture_for_cloud_storage_is_named(client: genai.Client) -> None:
    config = types.GenerateImagesConfig(number_of_images=1, output_gcs_uri="gs://bucket/images/")
    (image,) = client.models.generate_images(model=IMAGEN, prompt="Red skateboard", config=config).images
    assert image.image_bytes is None
    assert str(image.gcs_uri).startswith("gs://bucket/images/")


def test_a_filtered_picture(client: genai.Client) -> None:
    prompt = "Red skateboard x-emulate: block=PROHIBITED_CONTENT"
    config = types.GenerateImagesConfig(include_rai_reason=True)
    (made,) = client.models.generate_images(model=IMAGEN, prompt=prompt, config=config).generated_images or []
    assert "filtered out" in str(made.rai_filtered_reason)
    assert not client.models.generate_images(model=IMAGEN, prompt=prompt).generated_images


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"number_of_images": 5}, "sampleCount: must be from 1 to 4"),
        ({"seed": 7}, "Seed is not supported when watermark is enabled"),
        ({"aspect_ratio": "5:4"}, "aspectRatio: must be one of"),
        ({"image_size": "4K"}, "sampleImageSize: must be 1K or 2K"),
        ({"person_generation": "ALLOW_DOGS"}, "personGeneration: must be one of"),
        ({"output_mime_type": "image/gif"}, "mimeType: must be"),
        ({"output_compression_quality": 101}, "compressionQuality: must be"),
    ],
)
@pytest.mark.filterwarnings("ignore:ALLOW_DOGS is not a valid")
def test_what_is_refused(client: genai.Client, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ClientError, match=words) as told:
        client.models.generate_images(model=IMAGEN, prompt="x", config=types.GenerateImagesConfig(**parameters))
    assert told.value.code == 400


def test_other_refusals(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError, match="prompt is required"):
        client.models.generate_images(model=IMAGEN, prompt="")
    broken = types.Image(image_bytes=b"no image", mime_type="image/png")
    with pytest.raises(errors.ClientError, match="must be the base64 of an image"):
        client.models.upscale_image(model="imagen-4.0-upscale-preview", image=broken, upscale_factor="x2")
    with pytest.raises(errors.ClientError, match="does not support predict"):
        client.models.generate_images(model="gemini-3-pro-image", prompt="x")
    with pytest.raises(errors.ClientError, match="quota"):
        client.models.generate_images(model=IMAGEN, prompt="x x-emulate: 429")
