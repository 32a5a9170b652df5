"""Google's generateContent API, sans-IO: encode a request, feed an answer's bytes and get events, read its errors.

Source of the facts: Google's published API reference and the sources of its own SDKs.
"""

from imagewire_server.dialects.gemini.body import Body
from imagewire_server.dialects.gemini.encode import encode
from imagewire_server.dialects.gemini.errors import refusal
from imagewire_server.dialects.gemini.profile import Profile
from imagewire_server.dialects.gemini.reader import Reader
from imagewire_server.dialects.gemini.resources import ANYTHING, Allowed

__all__ = ["ANYTHING", "Allowed", "Body", "Profile", "Reader", "encode", "refusal"]
