"""What was promised to callers of a server that keeps answers, and a check of what they saw.

A history is what happened, in any order of its callers: each `Seen` is one call of one of them, as it ended. The
promise, for each request_id:

1. It is paid once: the provider was asked at most once more than there were ends that said "nothing was charged".
2. Every call with it saw the same events, each once and in order: what one has is the beginning of what another has.
3. A picture that is whole has the bytes that the provider sent.
4. Once one call has seen the end, no later call sees another one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """What arrived. sequence: its number. kind: its name. digest: of a picture that is whole, "" otherwise."""

    sequence: int
    kind: str
    digest: str = ""


@dataclass(slots=True)
class Seen:
    """A call. begun, ended: when, on one clock. after: the sequence behind which it asked to resume, 0 for all.

    end: "OK", a reason of the contract, or "" where its caller cut it. charged: whether the error said that it may be.
    """

    request_id: str
    begun: float
    ended: float = 0.0
    after: int = 0
    events: list[Event] = field(default_factory=list)
    end: str = ""
    charged: bool = False


# Ends that say nothing of the drawing: the call could not ask the store, or found no server.
NO_WORD = frozenset({"", "STORE_UNAVAILABLE", "UNREACHABLE", "SHUTTING_DOWN"})


def violations(
    history: Iterable[Seen], asked: dict[str, int], pictures: dict[str, str], *, is_full: bool = False
) -> list[str]:
    """What of the promise was broken. is_full: whether a disk was full: then an end that was seen may be lost.

    asked: how often the provider was asked for each request_id. pictures: the digest that it sent for each.
    """
    by_id: dict[str, list[Seen]] = defaultdict(list)
    for seen in history:
        by_id[seen.request_id].append(seen)
    return [
        f"{ident}: {words}"
        for ident, calls in by_id.items()
        for words in _of_one(calls, asked.get(ident, 0), pictures.get(ident, ""), is_full=is_full)
    ]


def _of_one(calls: list[Seen], asked: int, picture: str, *, is_full: bool) -> list[str]:
    found = []
    free = sum(1 for call in calls if call.end not in {"OK", "COMPLETION_NOT_FOUND", *NO_WORD} and not call.charged)
    if asked > 1 + free:
        found.append(f"the provider was asked {asked} times, and {free} calls ended free of charge")
    known: dict[int, Event] = {}
    for call in calls:
        numbers = [event.sequence for event in call.events]
        if numbers != list(range(call.after + 1, call.after + 1 + len(numbers))):
            found.append(f"events {numbers} after {call.after} are not each once and in order")
        for event in call.events:
            if known.setdefault(event.sequence, event) != event:
                found.append(f"event {event.sequence} is {event} here and {known[event.sequence]} there")
            if event.digest and event.digest != picture:
                found.append(f"event {event.sequence} has other bytes than the provider sent")
        if call.end == "OK" and not _has_last(call):
            found.append("a call was complete without its last event")
    if not asked and any(call.end == "OK" for call in calls):
        found.append("a call was complete, and the provider was not asked")
    return found + _ends(calls, is_full=is_full)


def _has_last(call: Seen) -> bool:
    """Or it may have had it before: who resumes behind the last event gets none."""
    return call.events[-1].kind == "finished" if call.events else call.after > 0


def _ends(calls: list[Seen], *, is_full: bool) -> list[str]:
    """The end that one call saw is that of all which began afterwards."""
    told = sorted((call for call in calls if call.end == "OK" or call.charged), key=lambda call: call.ended)
    told = [call for call in told if call.end not in NO_WORD]
    if not told:
        return []
    first = told[0]
    lost = {"ANSWER_NOT_KEPT", "OUTCOME_UNKNOWN"} if is_full else set()
    later = {call.end for call in calls if call.begun > first.ended} - {first.end, *lost, *NO_WORD}
    return [f"a call ended with {end}, after another had ended with {first.end}" for end in sorted(later)]
