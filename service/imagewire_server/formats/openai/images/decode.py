"""A request for pictures as a spec: one user message, and nothing but a picture asked for."""

from collections.abc import Sequence

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import options, provider_options
from imagewire_server.formats.openai.common.options import Abilities, set_once
from imagewire_server.formats.openai.common.spec_builder import Reading
from imagewire_server.formats.openai.images.request import ImagesRequest


def spec_of(given: ImagesRequest, abilities: Abilities, pictures: Sequence[tuple[str, bytes]] = ()) -> Reading:
    """The spec of a request. pictures: those to edit, each with its field's name. Raises InvalidRequest."""
    reading = Reading(given.model)
    message = reading.spec.messages.add(role=pb.Role.ROLE_USER)
    message.parts.add(text=given.prompt)
    reading.came_from("messages[0]", "prompt")
    if not given.prompt:
        reading.refuse("prompt", "is required")
    for i, (field, data) in enumerate(pictures, 1):
        message.parts.add(image=pb.Image(data=data))
        reading.came_from(f"messages[0].parts[{i}]", field)
    reading.spec.response_modalities.append(pb.Modality.MODALITY_IMAGE)
    for field, config in (("image_config", given.image_config), ("imageConfig", given.image_config_)):
        if config is not None:
            options.image_config(reading, config, field)
    options.aspect_ratio(reading, given.aspect_ratio)
    options.size(reading, given.size, abilities)
    options.file_format(reading, given.output_format, given.output_compression)
    set_once(reading, reading.spec.generation_config, "seed", given.seed, "seed", "generation_config")
    options.drafts(reading, given.partial_images, abilities)
    provider_options.read(reading, given)
    options.labels(reading, given.user, given.metadata)
    if given.extra_body is not None:
        reading.spec.extra_body.CopyFrom(reading.struct(given.extra_body, "extra_body"))
    reading.done()
    return reading
