"""Each upstream call is counted once: how long it took and how it ended, and the tokens that the provider counted."""

import contextlib

import pytest

from imagewire_server.contract.errors import Cut, Error, InvalidRequest, Unreachable, Violation
from imagewire_server.core import instruments, metrics
from imagewire_server.core.call import Call
from imagewire_server.core.counters import SUM, Counts
from tests.conftest import spec
from tests.unit.core.scripted_providers import BEGUN, FULL, SENT, TEXT, WHOLE, Said, Scripted, Step, counts, end, engine


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", Counts())
    monkeypatch.setattr(metrics, "_shared", None)


async def _drawn(*calls: list[Step], most: int = 99) -> Call:
    call = Call()
    made = engine(Scripted(*calls)).start(spec("n0"), stream=True, deadline=None, call=call)
    async with made.attach(hashes=False) as answer:
        with contextlib.suppress(Error):
            for _ in range(most):
                if await anext(answer, None) is None:
                    break
    return call


def _reasons() -> dict[str, float]:
    """How many upstream calls ended so."""
    found: dict[str, float] = {}
    for (name, *labels), number in metrics.everything().items():
        if name == instruments.ATTEMPT_SECONDS and labels[-1] != SUM:
            found[labels[1]] = found.get(labels[1], 0.0) + number
    return found


def _tokens(kind: str) -> float:
    return sum(
        number
        for (name, *labels), number in metrics.everything().items()
        if name == instruments.TOKENS and labels[1] == kind and labels[-1] == SUM
    )


@pytest.mark.parametrize(
    ("calls", "most", "reasons"),
    [
        ([[SENT, FULL, TEXT, BEGUN, WHOLE, end(counts())]], 99, {"OK": 1}),
        ([[SENT, Unreachable("x")], [SENT, end(counts())]], 99, {"UPSTREAM_UNREACHABLE": 1, "OK": 1}),
        ([[SENT, FULL, TEXT, BEGUN, WHOLE]], 3, {"ABANDONED": 1}),
        ([[SENT, FULL, TEXT, BEGUN, Cut("x")]], 99, {"UPSTREAM_CUT": 1}),
        ([[InvalidRequest([Violation("spec", "x")])]], 99, {}),
    ],
)
async def test_each_upstream_call_is_counted_once_by_its_end(
    calls: list[list[Step]], most: int, reasons: dict[str, float]
) -> None:
    await _drawn(*calls, most=most)
    assert _reasons() == reasons


async def test_tokens_are_counted_once_also_of_what_broke_off() -> None:
    call = await _drawn([SENT, FULL, TEXT, BEGUN, WHOLE, end(counts())])
    whole = _tokens("output")
    usage = counts()
    assert whole == usage.candidates_tokens + usage.thoughts_tokens
    assert _tokens("input") == usage.prompt_tokens + usage.tool_use_prompt_tokens
    assert call.tokens == _tokens("input") + whole
    await _drawn([SENT, FULL, TEXT, BEGUN, Cut("x")])
    assert _tokens("output") == 2 * whole
    await _drawn([SENT, Said(), TEXT, BEGUN, Cut("x")])
    assert _tokens("output") == 2 * whole
