"""The span of one upstream call: HTTP's conventions for clients, and those of generative AI."""

from functools import lru_cache
from urllib.parse import urlsplit

from opentelemetry.util.types import AttributeValue

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.provider import Report
from imagewire_server.core.call import Call
from imagewire_server.core.router import Route
from imagewire_server.core.trace_context import TraceContext
from imagewire_server.telemetry import names
from imagewire_server.telemetry.recorder import OpenSpan

OPERATION = "generate_content"
_MODALITIES = frozenset({"TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT"})
_GIVEN_UP = "ABANDONED"  # as in the log's `tried`


class AttemptSpan:
    """An Attempt (core/attempts.py). It never has a prompt, a URL or a key."""

    __slots__ = ("_call", "_report", "_route", "_span")

    def __init__(self, span: OpenSpan, call: Call, route: Route, report: Report) -> None:
        self._span = span
        self._call = call
        self._route = route
        self._report = report

    @property
    def trace(self) -> TraceContext:
        """See Attempt."""
        return self._span.trace

    def ended(self, error: Error | None, finished: pb.Finished | None) -> None:
        """See Attempt."""
        if not self._span.is_sampled:
            return
        found = self._asked()
        if finished is None:
            found[names.ERROR_TYPE] = error.reason if error is not None else _GIVEN_UP
        else:
            if self._call.finish_reason:
                found[names.FINISH_REASONS] = (self._call.shown_finish_reason,)
            if finished.HasField("usage"):
                found |= usage(finished.usage)
        self._span.end(found, failed=finished is None)

    def _asked(self) -> dict[str, AttributeValue]:
        route, report = self._route, self._report
        found: dict[str, AttributeValue] = {
            names.HTTP_METHOD: "POST",
            names.OPERATION: OPERATION,
            names.PROVIDER: route.capabilities.traced_as or route.upstream.deployment.provider,
            names.REQUEST_MODEL: route.native_id,
            names.DEPLOYMENT: route.id,
        }
        if report.url:
            found[names.SERVER_ADDRESS], found[names.SERVER_PORT] = _server(report.url)
        if report.status:
            found[names.HTTP_STATUS] = report.status
        return found


@lru_cache(maxsize=1024)
def _server(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def usage(given: pb.Usage) -> dict[str, AttributeValue]:
    """The attributes of what a call used."""
    found: dict[str, AttributeValue] = {
        names.INPUT_TOKENS: given.prompt_tokens,
        names.OUTPUT_TOKENS: given.candidates_tokens,
    }
    if given.cached_content_tokens:
        found[names.CACHED_TOKENS] = given.cached_content_tokens
    if given.thoughts_tokens:
        found[names.THOUGHT_TOKENS] = given.thoughts_tokens
    for prefix, details in (
        (names.INPUT_TOKENS_OF, given.prompt_tokens_details),
        (names.OUTPUT_TOKENS_OF, given.candidates_tokens_details),
    ):
        for one in details:
            if one.modality in _MODALITIES:
                found[f"{prefix}{one.modality.lower()}"] = one.tokens
    return found
