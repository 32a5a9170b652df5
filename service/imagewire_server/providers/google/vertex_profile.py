"""What Vertex AI's models take: nearly all fields of the Gemini API, and gs:// pictures and fields of its own."""

from imagewire_server.config.models import ModelFacts
from imagewire_server.providers.google.call import profile_of
from imagewire_server.providers.google.wire import Profile

_ABILITIES = Profile(service="Vertex AI", uri_schemes=("https", "gs"), vertex_fields=True, gemini_fields=False)


def profile(facts: ModelFacts | None) -> Profile:
    """The profile of a model, of one that nothing is known of where `facts` is None."""
    return profile_of(facts, "vertex_ai", _ABILITIES)
