"""One call of either API: made before its body is read, filled on its way, and settled at its end (`settle.py`)."""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagewire_server.core.access.caller import ANONYMOUS, Caller, Permission
from imagewire_server.core.attempts import Attempts
from imagewire_server.core.trace_context import TraceContext

# gRPC's metadata is text, HTTP's headers are bytes; names are in lower case in both.
Headers = Iterable[tuple[str | bytes, str | bytes]]

_REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
# How providers name their reasons. Any other text may hold what must not be logged.
_REASON = re.compile(r"[A-Z0-9_]{0,64}", re.ASCII)


def header(headers: Headers, name: str) -> str:
    """The first header of a name, which is given in lower case; "" where there is none."""
    names = (name, name.encode())
    for given, value in headers:
        if given in names:
            return value if isinstance(value, str) else value.decode("latin-1")
    return ""


def request_id(headers: Headers) -> str:
    """The caller's own x-request-id, where it is one that may stand in a log; else a new one."""
    given = header(headers, "x-request-id")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


@dataclass(slots=True, eq=False)
class Call:
    """A call. It never holds a prompt; a key stands in its headers only, which its repr leaves out.

    Known before the body is read:
    method: a gRPC method's full name ("/imagewire.v1.ChatService/StreamCompletion"), or HTTP's method and path ("POST
    /v1/chat/completions"). At the end a path is the pattern of its route: what else it holds is the caller's text.
    protocol: of a method of ours: "grpc", "grpc_web" or "connect_rpc".
    headers: of HTTP, or gRPC's metadata. trace: the caller's, or this call's own span where spans are made. baggage:
    what is allowed of the caller's. passed_on: headers for the provider beside those of the trace, None where it gets
    neither. attempts: who is told of upstream calls.
    permission: what the caller needs a key for. peer_id: who the verified certificate of its connection names, "" where
    none was asked for. caller: set by access. quiet: whether it is housekeeping, such as a
    health check, which is not counted, and logged at level debug only.
    deadline: on the event loop's clock, None where the caller set none. began: on time.monotonic's clock.

    Learned on the way, times in seconds:
    large: whether its request takes long to work on. model, deployment: what answered. tried: each upstream call as
    (deployment, reason), "OK" for what answered. fallbacks: names that were asked instead of the first.
    unsigned: what of earlier answers had lost the signatures that the model requires: the caller's names, at most 64.
    cleared: paths of the spec that have no default, because the caller asks for nothing there.
    earlier_messages: how many messages of an earlier chat were put in front of the request's own. name_of: the caller's
    name of a path of the spec.
    cached_answers: how many of its answers came from the answer cache. pictures: how many were drawn, without drafts,
    known when their cost is. tokens: of all upstream calls that told them. image_bytes: of pictures handed on.
    sent_bytes: of gRPC's messages.
    charged: "no", "maybe" or "yes", of the upstream calls that are over. is_asking: whether one is under way, which may
    go on behind this call's end. cost_nano_usd: of all upstream calls, None where it is not known.

    Known at the end: code: "OK", "CANCELLED", or the reason of the error. status: gRPC's ("UNAVAILABLE") or HTTP's.
    seconds: from its beginning to its end. settled: whether it has ended; its drawing may go on.
    """

    request_id: str = ""
    method: str = ""
    headers: Headers = field(default=(), repr=False)
    permission: Permission = Permission.DRAW
    quiet: bool = False
    deadline: float | None = None
    began: float = field(default_factory=time.monotonic)
    peer_id: str = ""
    protocol: str = "grpc"
    caller: Caller = ANONYMOUS
    trace: TraceContext | None = None
    baggage: Mapping[str, str] = field(default_factory=dict)
    passed_on: list[tuple[str, str]] | None = None
    attempts: Attempts | None = None
    large: bool = False
    model: str = ""
    deployment: str = ""
    completion_id: str = ""
    joined: bool = False
    cached_answers: int = 0
    tried: list[tuple[str, str]] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    cleared: frozenset[str] = frozenset()
    earlier_messages: int = 0
    name_of: Callable[[str], str] = field(default=str, repr=False)
    events: int = 0
    pictures: int = 0
    tokens: int = 0
    image_bytes: int = 0
    sent_bytes: int = 0
    first_image_byte: float | None = None
    finish_reason: str = ""
    charged: str = "no"
    is_asking: bool = False
    cost_nano_usd: int | None = None
    code: str = "OK"
    status: str | int = ""
    seconds: float = 0.0
    settled: bool = False
    on_end: list[Callable[[], None]] = field(default_factory=list, repr=False)
    _is_cost_known: bool = True

    def header(self, name: str) -> str:
        """The first header of a name, which is given in lower case; "" where there is none."""
        return header(self.headers, name)

    @property
    def cost_usd(self) -> float | None:
        """The cost in US dollars."""
        return None if self.cost_nano_usd is None else self.cost_nano_usd / 10**9

    @property
    def shown_finish_reason(self) -> str:
        """The provider's reason, where it is a name; any other text may hold what must not be logged."""
        return self.finish_reason if _REASON.fullmatch(self.finish_reason) else "(no name)"

    def fail(self, code: str) -> None:
        """Note how the call failed. A later failure, such as that of sending the error, does not change it."""
        if self.code == "OK":
            self.code = code

    def charge(self, charged: str, cost_nano_usd: int | None) -> None:
        """Add an upstream call. charged: "yes" or "maybe". cost_nano_usd: None where it is not known."""
        if self.charged != "yes":
            self.charged = charged
        if cost_nano_usd is None or not self._is_cost_known:
            self._is_cost_known, self.cost_nano_usd = False, None
        else:
            self.cost_nano_usd = (self.cost_nano_usd or 0) + cost_nano_usd

    def answered_from_cache(self, completion_id: str) -> None:
        """Note that an earlier answer is sent again, which costs nothing."""
        self.completion_id = completion_id
        self._add_cached(1)

    def _add_cached(self, answers: int) -> None:
        self.cached_answers += answers
        if answers and self._is_cost_known:
            self.cost_nano_usd = self.cost_nano_usd or 0

    def begin_part(self) -> "Call":
        """A call for one of several drawings that this call asks for; `add_part` adds it, once it has ended."""
        part = Call(
            self.request_id, self.method, self.headers, deadline=self.deadline, caller=self.caller, large=self.large
        )
        part.trace, part.baggage = self.trace, self.baggage
        part.passed_on = self.passed_on
        part.attempts = self.attempts
        self.on_end.append(part._settle)
        return part

    def _settle(self) -> None:
        """The call that this is a part of has ended; the drawing may go on."""
        self.settled = True

    def add_part(self, part: "Call") -> None:
        """Add what was tried for one of the drawings, and what it cost."""
        self.model, self.deployment, self.completion_id = part.model, part.deployment, part.completion_id
        self.tried += part.tried
        self.fallbacks += part.fallbacks
        self.events += part.events
        self.pictures += part.pictures
        self.tokens += part.tokens
        self.image_bytes += part.image_bytes
        self.first_image_byte = self.first_image_byte or part.first_image_byte
        self.finish_reason = part.finish_reason
        self.joined = self.joined or part.joined
        self._add_cached(part.cached_answers)
        self.is_asking = self.is_asking or part.is_asking
        if part.charged != "no":
            self.charge(part.charged, part.cost_nano_usd)

    def trailers(self) -> list[tuple[str, str]]:
        """The x-imagewire- trailers of gRPC, which are headers in REST."""
        found = [("x-imagewire-request-id", self.request_id)]
        if self.tried:
            found += [
                ("x-imagewire-model", _ascii(self.model)),
                ("x-imagewire-deployment", _ascii(self.deployment)),
                ("x-imagewire-attempts", str(len(self.tried))),
                ("x-imagewire-tried", _ascii(",".join(self._tried()))),
            ]
            if self.fallbacks:
                found.append(("x-imagewire-fallbacks", _ascii(",".join(self.fallbacks))))
        if self.unsigned:
            found.append(("x-imagewire-signature-bypass", ",".join(self.unsigned)))
        if self.cached_answers:
            found.append(("x-imagewire-cached-answers", str(self.cached_answers)))
        return found

    def fields(self) -> dict[str, Any]:
        """What the call's log line says of what it asked providers for."""
        return {
            **self._context(),
            "caller": self.caller.id,
            "model": self.model,
            "completion_id": self.completion_id,
            "deployment": self.deployment,
            "tried": self._tried(),
            "fallbacks": self.fallbacks,
            "events": self.events,
            "image_bytes": self.image_bytes,
            "first_image_byte": None if self.first_image_byte is None else round(self.first_image_byte, 4),
            "finish_reason": self.shown_finish_reason,
            "cached_answers": self.cached_answers,
            "charged": "maybe" if self.is_asking and self.charged == "no" else self.charged,
            "cost_usd": self.cost_usd,
        }

    def _context(self) -> dict[str, Any]:
        if self.trace is None and not self.baggage:
            return {}
        found: dict[str, Any] = {"baggage": dict(self.baggage)} if self.baggage else {}
        return found if self.trace is None else {**found, **self.trace.ids()}

    def _tried(self) -> list[str]:
        return [f"{deployment}={reason}" for deployment, reason in self.tried]


def _ascii(value: str) -> str:
    return value.encode("ascii", "replace").decode()
