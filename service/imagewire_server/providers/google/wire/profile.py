"""What a model of one provider takes: the facts by which a request is encoded or refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """None stands for "nothing is known, send it"; an empty tuple for "takes none".

    service: the provider's name in sentences. max_input_images: of the whole request. uri_schemes: what fileData may
    name. vertex_fields, gemini_fields: whether it takes the fields that only Vertex AI has, or only the Gemini API.
    """

    service: str
    aspect_ratios: tuple[str, ...] | None = None
    image_sizes: tuple[str, ...] | None = None
    thinking_levels: tuple[str, ...] | None = None
    max_input_images: int | None = None
    system_instruction: bool = True
    part_media_resolution: bool = True
    uri_schemes: tuple[str, ...] = ("https",)
    vertex_fields: bool = False
    gemini_fields: bool = True
