"""What the Gemini API's models take."""

from imagewire_server.config.models import ModelFacts
from imagewire_server.providers.google.call import profile_of
from imagewire_server.providers.google.wire import Profile

_ABILITIES = Profile(service="the Gemini API")


def profile(facts: ModelFacts | None) -> Profile:
    """The profile of a model, of one that nothing is known of where `facts` is None."""
    return profile_of(facts, "gemini", _ABILITIES)
