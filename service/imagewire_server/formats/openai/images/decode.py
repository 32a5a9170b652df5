"""Convert a request for pictures to a spec: one user message, and pictures as the only modality."""

from collections.abc import Sequence

from imagewire_server.contract import extra_fields, pb
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import options, provider_options
from imagewire_server.formats.openai.common.options import set_once
from imagewire_server.formats.openai.common.shared_request import ImageUrl
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.images.request import ImagesRequest

_MASK = (
    "The last picture is a mask for the first picture, of the same size. Change the first picture only where the mask"
    " is transparent; keep everything else exactly as it is. Do not draw the mask."
)


def spec_of(
    given: ImagesRequest,
    capabilities: Capabilities,
    pictures: Sequence[tuple[str, bytes | str]] = (),
    mask: bytes | None = None,
) -> SpecBuilder:
    """Return the spec of a request. pictures: those to edit, each with its field's name: bytes, a data URI, or the id
    of one that is kept. Raises InvalidRequest.

    mask: a picture whose transparent parts say what to change. The models have no field for it, so it is one more
    picture, with words that explain it.
    """
    builder = SpecBuilder(given.model, drops=bool(given.drop_params))
    message = builder.spec.messages.add(role=pb.Role.ROLE_USER)
    message.parts.add(text=given.prompt)
    builder.from_field("messages[0]", "prompt")
    if not given.prompt:
        builder.refuse("prompt", "is required")
    for i, (field, data) in enumerate(pictures, 1):
        if isinstance(data, str) and data[:5].lower() == "data:":
            image = builder.image(ImageUrl(url=data), field)
        else:
            image = pb.Image(data=data) if isinstance(data, bytes) else pb.Image(image_id=data)
        message.parts.add(image=image)
        builder.from_field(f"messages[0].parts[{i}]", field)
    _references(builder, given, message)
    if mask is not None:
        builder.from_field(f"messages[0].parts[{len(message.parts)}]", "mask")
        message.parts.add(image=pb.Image(data=mask))
        message.parts.add(text=_MASK)
        builder.explains_mask = True
    if not extra_fields.says_modalities(given.extra_body):
        builder.spec.response_modalities.append(pb.Modality.MODALITY_IMAGE)
    options.picture(builder, given, capabilities)
    options.file_format(builder, given.output_format, given.output_compression)
    set_once(builder, builder.spec.generation_config, "seed", given.seed, "seed", "generation_config")
    options.drafts(builder, given.partial_images, capabilities)
    provider_options.read(builder, given)
    options.labels(builder, given.user, given.metadata, capabilities)
    if given.extra_body is not None:
        builder.spec.extra_body.CopyFrom(builder.struct(given.extra_body, "extra_body"))
    if given.stream and given.n not in {None, 1}:
        builder.refuse("n", "a stream draws one picture; make another call for another")
    builder.done(capabilities)
    return builder


def _references(builder: SpecBuilder, given: ImagesRequest, message: pb.ChatMessage) -> None:
    for i, one in enumerate(given.input_references or ()):
        field = f"input_references[{i}]"
        url: ImageUrl | str = one if isinstance(one, str) else one.image_url
        if not isinstance(one, str):
            field += ".image_url"
        if isinstance(url, str):
            url = ImageUrl(url=url)
        else:
            field += ".url"
        image = builder.image(url, field)
        path = f"messages[0].parts[{len(message.parts)}]"
        builder.from_field(path, field)
        builder.image_from_field(f"{path}.image", field)
        message.parts.add(image=image)
