"""The interceptor that checks keys. Both APIs run it before anything else of a request is read."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract.errors import Unauthenticated
from imagewire_server.core.access.caller import ANONYMOUS, MASTER_KEY, METRICS_KEY, Caller, Permission
from imagewire_server.core.access.certificates import CertificateRule
from imagewire_server.core.access.tokens import Tokens
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
    "this server asks for {name}: send 'authorization: Bearer KEY' (imagewire.Client(api_key=...), or"
    " IMAGEWIRE_API_KEY), or the key alone in x-api-key, api-key, x-goog-api-key,"
    " ocp-apim-subscription-key or x-litellm-api-key"
)
_ASKED_ALSO = (
    "this server asks for {name}: send 'authorization: Bearer TOKEN' (imagewire.Client(api_key=...), or"
    " IMAGEWIRE_API_KEY), with a JSON Web Token that is meant for this server and has not expired"
)


class Access:
    """The keys that callers must show. master_key: for everything, "" for none. metrics_key: for the metrics alone.

    policies: callers with keys of their own or known by a certificate or by tokens, and what each may do. certificates:
    which client certificates may call, None where none is asked for. tokens: of which issuers. Keys are compared by
    their SHA-256, so that the time that a comparison takes says nothing about a key.
    """

    def __init__(
        self,
        master_key: str = "",
        metrics_key: str = "",
        policies: Iterable[Policy] = (),
        certificates: CertificateRule | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self._certificates = certificates
        self._tokens = tokens or Tokens()
        self.use(master_key, metrics_key, policies)

    def use(self, master_key: str, metrics_key: str, policies: Iterable[Policy] = ()) -> None:
        """From now on ask for these keys."""
        self._policies = {policy.name: policy for policy in policies}
        self._tokens.name(self._policies.values())
        own = {
            digest: Caller(policy.name, policy) for policy in self._policies.values() for digest in policy.key_sha256
        }
        self._has_own_keys = bool(own)
        # Where two keys are the same, its holder may do what the mightier may.
        keys = own | ({_digest(master_key.encode()): MASTER_KEY} if master_key else {})
        metrics = {_digest(metrics_key.encode()): METRICS_KEY} if metrics_key else {}
        self._keys = dict.fromkeys(Permission, keys) | {Permission.NONE: {}, Permission.METRICS: metrics | keys}

    def policy(self, name: str) -> Policy | None:
        """The policy with this name, for callers that are known by something else than a key; None if there is none."""
        return self._policies.get(name)

    async def intercept(self, call: Call) -> None:
        """Set the call's caller. Raises Unauthenticated and PermissionDenied where it may not call."""
        if self._certificates is None or call.permission is Permission.NONE:
            call.caller = await self._shown(call)
        else:
            call.caller = await self._certified(call, self._certificates)
        call.caller.check(call.permission)

    async def _certified(self, call: Call, certificates: CertificateRule) -> Caller:
        """The certificate says who it is, also where a key is shown as well; unless only the key has a policy."""
        named = certificates.caller(call.peer_id)
        policy = self.policy(named.id)
        shown = await self._shown(call, needed=not certificates.suffices)
        if policy is None and shown.policy is not None:
            return shown
        return replace(named, policy=policy, ambient=certificates.suffices or shown is ANONYMOUS)

    async def _shown(self, call: Call, *, needed: bool = True) -> Caller:
        """Who calls, by the headers. needed: raises Unauthenticated where the server asks for a key or token and none
        is shown.
        """
        keys, tokens = self._keys[call.permission], self._tokens.are_asked_for
        if call.permission is Permission.NONE or not (keys or tokens):
            return ANONYMOUS
        given = _given(call.headers)
        for key in given.values():
            if (holder := keys.get(_digest(key))) is not None:
                return holder
        if tokens and (caller := await self._tokens.caller(given.get("authorization", b""))) is not None:
            return caller
        if not needed:
            return ANONYMOUS
        raise Unauthenticated(self._asked(call.permission))

    def _asked(self, permission: Permission) -> str:
        """What the server asks for."""
        kind = "master key or metrics_key" if permission is Permission.METRICS else "master key"
        kind = "a key" if self._has_own_keys else f"its {kind}"
        if not self._tokens.are_asked_for:
            return _ASKED.format(name=kind)
        return _ASKED_ALSO.format(name=f"{kind} or a token" if self._keys[permission] else "a token")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _given(headers: Headers) -> dict[str, bytes]:
    """The keys that the headers hold, by their names. A header that is sent twice is ambiguous, and holds none."""
    given: dict[str, bytes | None] = {}
    for header, value in headers:
        name = _KEY_HEADERS.get(header)
        if name is not None:
            given[name] = None if name in given else _key(name, value)
    return {name: key for name, key in given.items() if key}


def _key(name: str, value: str | bytes) -> bytes:
    text = (value.encode() if isinstance(value, str) else value).strip(b" \t")
    scheme, _, key = text.partition(b" ")
    if scheme.lower() == b"bearer":
        return key.strip(b" \t")
    return b"" if name == "authorization" else text
