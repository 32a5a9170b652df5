"""Who may call. Both APIs ask here with the headers of a request, before anything else of it is read."""

import hmac
from collections.abc import Iterable

from imagewire_server.contract.errors import Unauthenticated

# Where callers put keys: OpenAI's header, then those of LiteLLM, Anthropic, Azure and Google, which hold the key alone.
_NAMES = ("authorization", "x-litellm-api-key", "x-api-key", "api-key", "x-goog-api-key")
_KEY_HEADERS = {name.encode(): name for name in _NAMES} | {name: name for name in _NAMES}
_ASKED = (
    "this server asks for its {name}: send 'authorization: Bearer KEY' (imagewire.Client(api_key=...), or"
    " IMAGEWIRE_API_KEY), or the key alone in x-api-key, api-key, x-goog-api-key or x-litellm-api-key"
)

Headers = Iterable[tuple[str | bytes, str | bytes]]


class Access:
    """The keys that callers must show. master_key: for everything, "" for none. metrics_key: for the metrics alone."""

    def __init__(self, master_key: str = "", metrics_key: str = "") -> None:
        self._master_key = master_key.encode()
        self._metrics_key = metrics_key.encode()
        self.keyless = not master_key
        self.metrics_keyless = not (master_key or metrics_key)

    def check(self, headers: Headers) -> None:
        """Raise Unauthenticated unless the master key is shown, where there is one."""
        if self._master_key and not _shown(headers, (self._master_key,)):
            raise Unauthenticated(_ASKED.format(name="master key"))

    def check_metrics(self, headers: Headers) -> None:
        """Raise Unauthenticated unless a key is shown that reads the metrics, where there is any."""
        keys = tuple(key for key in (self._master_key, self._metrics_key) if key)
        if keys and not _shown(headers, keys):
            raise Unauthenticated(_ASKED.format(name="master key or metrics_key"))


def _shown(headers: Headers, keys: tuple[bytes, ...]) -> bool:
    """Whether a header holds one of the keys. A header that is sent twice is ambiguous, and holds none."""
    given: dict[str, bytes | None] = {}
    for header, value in headers:
        name = _KEY_HEADERS.get(header)
        if name is not None:
            given[name] = None if name in given else _key(name, value)
    return any(hmac.compare_digest(shown, key) for shown in given.values() if shown for key in keys)


def _key(name: str, value: str | bytes) -> bytes:
    text = (value.encode() if isinstance(value, str) else value).strip(b" \t")
    scheme, _, key = text.partition(b" ")
    if scheme.lower() == b"bearer":
        return key.strip(b" \t")
    return b"" if name == "authorization" else text
