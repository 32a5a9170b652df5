"""Google's generateContent API, sans-IO: encode a request, feed an answer's bytes and get events, read its errors.

Source of the facts: Google's published API reference and the sources of its own SDKs.
"""

from imagewire_server.providers.google.wire.encode import encode
from imagewire_server.providers.google.wire.errors import refusal
from imagewire_server.providers.google.wire.named_resources import ANYTHING, Allowed
from imagewire_server.providers.google.wire.named_texts import check_text
from imagewire_server.providers.google.wire.reader import Reader
from imagewire_server.providers.google.wire.redaction import Redaction
from imagewire_server.providers.google.wire.request_body import Body
from imagewire_server.providers.google.wire.sse import before_error

__all__ = ["ANYTHING", "Allowed", "Body", "Reader", "Redaction", "before_error", "check_text", "encode", "refusal"]
