"""The interceptor that checks keys. Both APIs run it before anything else of a request is read."""

import hmac
from collections.abc import Iterator

from imagewire_server.contract.errors import Unauthenticated
from imagewire_server.core.access.caller import ANONYMOUS, MASTER_KEY, METRICS_KEY, Caller, Permission
from imagewire_server.core.access.certificates import CertificateRule
from imagewire_server.core.call import Call, Headers

# Where callers put keys: OpenAI's header, then those of LiteLLM, Anthropic, Azure (two) and Google, which hold the key
# alone.
_NAMES = (
    "authorization",
    "x-litellm-api-key",
    "x-api-key",
    "api-key",
    "ocp-apim-subscription-key",
    "x-goog-api-key",
)
_KEY_HEADERS = {name.encode(): name for name in _NAMES} | {name: name for name in _NAMES}
_ASKED = (
    "this server asks for its {name}: send 'authorization: Bearer KEY' (imagewire.Client(api_key=...), or"
    " IMAGEWIRE_API_KEY), or the key alone in x-api-key, api-key, x-goog-api-key,"
    " ocp-apim-subscription-key or x-litellm-api-key"
)


class Access:
    """The keys that callers must show. master_key: for everything, "" for none. metrics_key: for the metrics alone.

    certificates: which client certificates may call, None where none is asked for.
    """

    def __init__(
        self, master_key: str = "", metrics_key: str = "", certificates: CertificateRule | None = None
    ) -> None:
        self._certificates = certificates
        self.use(master_key, metrics_key)

    def use(self, master_key: str, metrics_key: str) -> None:
        """From now on ask for these keys."""
        master = {master_key.encode(): MASTER_KEY} if master_key else {}
        metrics = {metrics_key.encode(): METRICS_KEY} if metrics_key else {}
        # Where both keys are the same, its holder may do everything.
        self._keys = {Permission.NONE: {}, Permission.DRAW: master, Permission.METRICS: metrics | master}

    async def intercept(self, call: Call) -> None:
        """Set the call's caller. Raises Unauthenticated and PermissionDenied where it may not call."""
        if self._certificates is None or call.permission is Permission.NONE:
            call.caller = self.caller(call.headers, call.permission)
            return
        named = self._certificates.caller(call.peer_id)
        # The certificate says who it is, also where a key is shown as well.
        if not self._certificates.suffices and self.caller(call.headers, call.permission) is not ANONYMOUS:
            named = Caller(named.id)
        call.caller = named

    def caller(self, headers: Headers, permission: Permission) -> Caller:
        """Who calls, by these headers. Raises Unauthenticated unless a key is shown, where the server asks for one."""
        keys = self._keys[permission]
        if not keys:
            return ANONYMOUS
        for shown in _shown(headers):
            for key, caller in keys.items():
                if hmac.compare_digest(shown, key):
                    return caller
        name = "master key" if permission is Permission.DRAW else "master key or metrics_key"
        raise Unauthenticated(_ASKED.format(name=name))


def _shown(headers: Headers) -> Iterator[bytes]:
    """The keys that the headers hold. A header that is sent twice is ambiguous, and holds none."""
    given: dict[str, bytes | None] = {}
    for header, value in headers:
        name = _KEY_HEADERS.get(header)
        if name is not None:
            given[name] = None if name in given else _key(name, value)
    return (key for key in given.values() if key)


def _key(name: str, value: str | bytes) -> bytes:
    text = (value.encode() if isinstance(value, str) else value).strip(b" \t")
    scheme, _, key = text.partition(b" ")
    if scheme.lower() == b"bearer":
        return key.strip(b" \t")
    return b"" if name == "authorization" else text
