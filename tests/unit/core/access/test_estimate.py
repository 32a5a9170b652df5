"""What a drawing may cost: never less than what is then charged, and unknown where anything of it is."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import NotFound
from imagewire_server.contract.provider import Capabilities, ImagePrice, ModelTable, TokenPrice
from imagewire_server.core.access.estimate import dearest
from imagewire_server.core.router import Router, Upstream
from tests.conftest import spec
from tests.unit.core.routers import Unasked, deployment, router

FLASH, PRO = "gemini/gemini-2.5-flash-image", "gemini/gemini-3-pro-image"
TEXT = 8192


def cost(made: Router, *, name: str = "a", fallbacks: Any = None, **fields: Any) -> int | None:
    return dearest(spec(name, "A banana", **fields), made, fallbacks)


def dollars(prompt: float, text: float, picture: float, *, tokens: int, prompt_tokens: int = 8) -> int:
    return round((prompt_tokens * prompt + TEXT * text + tokens * picture) * 1000)


def test_it_is_a_picture_of_the_size_asked_for_with_a_text() -> None:
    made = router(deployment("a", PRO))
    assert cost(made) == dollars(2, 12, 120, tokens=1120)
    assert cost(made, image_config=pb.ImageConfig(image_size="4K")) == dollars(2, 12, 120, tokens=2000)
    text = [pb.Modality.MODALITY_TEXT]
    assert cost(made, response_modalities=text) == dollars(2, 12, 120, tokens=0)
    assert cost(made, image_config=pb.ImageConfig(image_size="8K")) is None


def test_the_providers_own_words_may_ask_for_the_largest_size() -> None:
    asked: dict[str, Any] = {"generationConfig": {"imageConfig": {"imageSize": "4K"}}}
    request = spec("a", "A banana")
    request.extra_body.update(asked)
    tokens = 8 + request.extra_body.ByteSize()
    made = router(deployment("a", PRO))
    assert dearest(request, made, None) == dollars(2, 12, 120, tokens=2000, prompt_tokens=tokens)


def test_no_more_tokens_than_the_request_allows() -> None:
    config = pb.GenerationConfig(max_output_tokens=100)
    assert cost(router(deployment("a", PRO)), generation_config=config) == ((8 * 2 + 100 * 120) * 1000)


def test_it_is_the_dearest_of_all_that_may_be_asked() -> None:
    flash, pro = deployment("a", FLASH), deployment("b", PRO)
    dear, cheap = dollars(2, 12, 120, tokens=1120), dollars(0.3, 2.5, 30, tokens=1290)
    assert cost(router(flash, pro)) == cheap
    assert cost(router(flash, deployment("a", PRO))) == dear
    assert cost(router(flash, pro, fallbacks=(("a", ("b",)),))) == dear
    assert cost(router(flash, pro, fallbacks=(("a", ("b",)),)), fallbacks=()) == cheap
    assert cost(router(flash, pro), fallbacks=("b", "none")) == dear
    # A blocked prompt is charged for as well.
    assert cost(router(flash, pro, content_policy_fallbacks=(("*", ("b",)),))) == dear + 8 * 2 * 1000
    with pytest.raises(NotFound):
        cost(router(flash), name="c")


def test_a_cheaper_service_tier_may_not_be_had() -> None:
    made = router(deployment("a", PRO))
    assert cost(made, service_tier="flex") == cost(made)


def test_prompts_count_by_bytes_and_pictures() -> None:
    made = router(deployment("a", PRO))
    image = pb.Image(data=b"x" * 100_000, mime_type="image/png")
    parts = [pb.Part(text="ü" * 10), pb.Part(image=image)]
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, content="ü", image=image, parts=parts)
    found = dearest(pb.Spec(model="a", messages=[message], tools=[pb.Tool()]), made, None)
    tokens = 2 + 2240 + parts[0].ByteSize() + 2240
    assert found == dollars(2, 12, 120, tokens=1120, prompt_tokens=tokens)


def test_a_picture_in_a_functions_result_counts_as_a_picture() -> None:
    made = router(deployment("a", PRO))
    result = pb.FunctionResponse(name="f")
    result.response.update({"found": 1})
    plain = result.response.ByteSize() + len(result.name)
    for data in (b"x", b"x" * 1_000_000):
        result.images.append(pb.Image(data=data, mime_type="image/png"))
    message = pb.ChatMessage(role=pb.Role.ROLE_TOOL, parts=[pb.Part(function_response=result)])
    found = dearest(pb.Spec(model="a", messages=[message]), made, None)
    assert found == dollars(2, 12, 120, tokens=1120, prompt_tokens=plain + 2 * 2240)


def test_the_providers_own_words_are_part_of_the_prompt() -> None:
    request = spec("a", "A banana")
    request.extra_body.update({"systemInstruction": {"parts": [{"text": "x" * 10_000}]}, "service_tier": "flex"})
    tokens = 8 + request.extra_body.ByteSize()
    made = router(deployment("a", PRO))
    assert dearest(request, made, None) == dollars(2, 12, 120, tokens=2000, prompt_tokens=tokens)


def _with_body(**fields: Any) -> pb.Spec:
    made = spec("a", "A banana")
    made.extra_body.update(fields)
    return made


def _part(**fields: Any) -> pb.Spec:
    return pb.Spec(model="a", messages=[pb.ChatMessage(parts=[pb.Part(**fields)])])


@pytest.mark.parametrize(
    ("model", "request_"),
    [
        ("gemini/unheard-of", pb.Spec(model="a")),
        (PRO, pb.Spec(model="a", cached_content="cachedContents/x")),
        (PRO, _with_body(cached_content="cachedContents/x")),
        (PRO, pb.Spec(model="a", service_tier="priority")),
        (PRO, _with_body(serviceTier="priority")),
        (PRO, _with_body(serviceTier=5)),
        (PRO, _part(media=pb.Media(uri="gs://a/b"))),
        (PRO, _part(native=pb.NativePart(kind="file_data", value_json="{}"))),
        (PRO, _part(native=pb.NativePart(kind="functionResponse", value_json="{}"))),
    ],
    ids=[
        "no price",
        "cached",
        "cached, natively",
        "tier without a price",
        "the same, natively",
        "no tier",
        "media",
        "a file, natively",
        "a function's result, natively",
    ],
)
def test_what_cannot_be_told_is_unknown(model: str, request_: pb.Spec) -> None:
    assert dearest(request_, router(deployment("a", model)), None) is None


@pytest.mark.parametrize("fields", [_with_body(serviceTier="priority"), pb.Spec(cached_content="cachedContents/x")])
def test_what_a_deployment_adds_may_make_it_unknown(fields: pb.Spec) -> None:
    def completed(given: pb.Spec, _: frozenset[str]) -> pb.Spec:
        made = pb.Spec()
        made.CopyFrom(given)
        made.MergeFrom(fields)
        return made

    made = router(deployment("a", PRO))
    upstream = Upstream(deployment("a", PRO), made.upstreams[0].provider, completed=completed)
    assert cost(Router([upstream], made.routing)) is None


def test_a_model_that_only_talks_draws_nothing() -> None:
    known = Capabilities("m", price=TokenPrice(1, 10, 10), talks=True)
    provider: Any = Unasked(ModelTable([known], Capabilities()))
    made = Router([Upstream(deployment("a", "gemini/m"), provider)], router().routing)
    assert cost(made) == dollars(1, 10, 0, tokens=0)


def test_a_price_for_each_picture() -> None:
    priced = Capabilities("m", price=ImagePrice({"1K": 0.04}))
    provider: Any = Unasked(ModelTable([priced], Capabilities()))
    made = Router([Upstream(deployment("a", "gemini/m"), provider)], router().routing)
    assert cost(made) == 40_000_000
    assert cost(made, response_modalities=[pb.Modality.MODALITY_TEXT]) == 1
    assert cost(made, image_config=pb.ImageConfig(image_size="2K")) is None


def test_a_dearer_tier_counts() -> None:
    price = TokenPrice(2, 12, 120)
    tiers = {"priority": 1.5}
    known = Capabilities("m", price=price, image_tokens={"1K": 1000}, service_tiers=tiers)
    provider: Any = Unasked(ModelTable([known], Capabilities()))
    made = Router([Upstream(deployment("a", "gemini/m"), provider)], router().routing)
    plain = cost(made)
    assert plain is not None
    assert cost(made, service_tier="SERVICE_TIER_PRIORITY") == plain * 1.5


def test_a_deployments_defaults_count_but_those_that_the_caller_cleared() -> None:
    def larger(given: pb.Spec, cleared: frozenset[str]) -> pb.Spec:
        given.image_config.image_size = "1K" if cleared else "4K"
        return given

    made = router(deployment("a", PRO))
    provider = made.upstreams[0].provider
    upstream = Upstream(deployment("a", PRO), provider, completed=larger)
    completing = Router([upstream], made.routing)
    assert cost(completing) == dollars(2, 12, 120, tokens=2000)
    assert dearest(spec("a", "A banana"), completing, None, frozenset({"tools"})) == cost(made)
