"""What Vertex AI's models take: the Gemini API's fields, and labels, gs:// pictures and image options beside them."""

from imagewire_server.config.models import ModelFacts
from imagewire_server.dialects.gemini import Profile

_SERVICE = "Vertex AI"
_SCHEMES = ("https", "gs")


def profile(facts: ModelFacts | None) -> Profile:
    """The profile of a model, of one that nothing is known of where `facts` is None."""
    if facts is None:
        return Profile(service=_SERVICE, uri_schemes=_SCHEMES, vertex_fields=True)
    return Profile(
        service=_SERVICE,
        aspect_ratios=facts.aspect_ratios,
        image_sizes=facts.image_sizes,
        thinking_levels=facts.thinking_levels,
        max_input_images=facts.max_input_images,
        system_instruction="vertex_ai" not in facts.without_system_instruction,
        part_media_resolution=facts.part_media_resolution,
        uri_schemes=_SCHEMES,
        vertex_fields=True,
    )
