"""What a call's upstream calls drew and cost, also of those that failed or were ended early."""

import time
from typing import TYPE_CHECKING

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error, InvalidRequest
from imagewire_server.contract.provider import Report
from imagewire_server.core import metrics
from imagewire_server.core.call import Call
from imagewire_server.core.pricing import NANO, Asked, Drawn, is_counted, nano_usd
from imagewire_server.core.router import Route

if TYPE_CHECKING:
    from imagewire_server.core.attempts import Attempt

_IMAGE = pb.PartKind.PART_KIND_IMAGE


class Account:
    """One call's. Each upstream call begins, is noted event by event, and ends; the call has the sum."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._report: Report | None = None  # of the upstream call under way
        self._asked = Asked()
        self._drawn = Drawn()
        self._open = 0  # pictures that have begun and are not whole
        self._attempt: Attempt | None = None
        self._is_open = False  # the upstream call under way is not counted yet
        self._deployment, self._begun = "", 0.0

    @property
    def is_free(self) -> bool:
        """Whether nothing was charged so far, nor may be by what is under way."""
        return self._call.charged == "no" and not (self._report and self._report.sent and self._report.draws)

    def begin(self, route: Route, spec: pb.Spec) -> Report:
        """An upstream call of `spec` begins: its report, which the provider fills in."""
        self._asked = Asked(route.capabilities, spec.image_config.image_size, spec.service_tier)
        self._drawn, self._open = Drawn(), 0
        self._is_open, self._deployment, self._begun = True, route.id, time.monotonic()
        call = self._call
        call.is_asking = True
        report = self._report = Report(large=call.large)
        if call.attempts is not None:
            self._attempt = call.attempts.begin(call, route, spec, report)
        report.headers = self._headers()
        return report

    def note(self, event: pb.Event, kind: str | None) -> None:
        """Count an event; the last one gets the cost."""
        if kind == "text_delta":
            self._drawn.text_bytes += len(event.text_delta.text.encode())
        elif kind == "part_started":
            self._open += event.part_started.kind == _IMAGE
        elif kind == "part_finished":
            self._finish_part(event.part_finished)
        elif kind == "finished":
            self._finish(event.finished)

    def end(self, error: Error | None = None) -> None:
        """The upstream call is over, if it was not yet. error: what it ended with, None when it was given up."""
        self._tell(error, None)
        report, self._report = self._report, None
        if report is None or not report.sent or not report.draws or (error is not None and not error.charged):
            return
        answer = report.answer
        usage = answer.usage if answer is not None else None
        self._count_tokens(usage)
        cost = None
        if answer is not None and (answer.finished or (usage is not None and is_counted(usage))):
            # A picture that is not whole was drawn nevertheless.
            self._drawn.pictures += self._open
            cost = nano_usd(usage, self._asked, self._drawn)
        self._charge("maybe" if cost is None else "yes", cost)

    def _finish_part(self, part: pb.PartFinished) -> None:
        if part.HasField("image"):
            self._open -= 1
            if part.thought:
                self._drawn.drafts += 1
            else:
                self._drawn.pictures += 1
        elif part.WhichOneof("content") is not None:
            self._drawn.media += part.HasField("media")

    def _finish(self, finished: pb.Finished) -> None:
        if self._report is None:
            return  # counted already: others were asked in place of a blocked prompt, and none answered
        draws, self._report = self._report.draws, None
        if not draws:
            self._tell(None, finished)
            return
        usage = finished.usage if finished.HasField("usage") else None
        self._count_tokens(usage)
        cost = nano_usd(usage, self._asked, self._drawn)
        if cost is not None:
            finished.usage.cost_nano_usd = cost
            finished.usage.cost_usd = cost / NANO
        self._charge("maybe" if usage is None and cost is None else "yes", cost)
        self._tell(None, finished)

    def _count_tokens(self, usage: pb.Usage | None) -> None:
        if usage is not None:
            metrics.count_tokens(self._deployment, usage)
            self._call.tokens += usage.prompt_tokens + usage.tool_use_prompt_tokens
            self._call.tokens += usage.candidates_tokens + usage.thoughts_tokens

    def _charge(self, charged: str, cost_nano_usd: int | None) -> None:
        self._call.pictures += self._drawn.pictures
        self._call.charge(charged, cost_nano_usd)

    def _headers(self) -> tuple[tuple[str, str], ...]:
        """What the provider is told of the call."""
        if self._call.passed_on is None:
            return ()
        trace = self._call.trace if self._attempt is None else self._attempt.trace
        return (*self._call.passed_on, *(trace.headers() if trace is not None else ()))

    def _tell(self, error: Error | None, finished: pb.Finished | None) -> None:
        """Tell who watches that the upstream call under way is over, and count it, if that was not done yet."""
        is_open, self._is_open = self._is_open, False
        self._call.is_asking = False
        if is_open and not isinstance(error, InvalidRequest):  # in that case nothing was sent
            reason = "OK" if finished is not None else error.reason if error is not None else "ABANDONED"
            metrics.count_attempt(self._call, self._deployment, reason, time.monotonic() - self._begun)
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.ended(error, finished)
