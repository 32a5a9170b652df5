"""The grammar of x-emulate, the places where it stands, and when a directive holds."""

import json
from typing import Any

import aiohttp
import pytest
from google.genai import types

from imagewire_emulator import Emulator
from imagewire_emulator.directives import Counts, named, of_model, of_prompt, parse
from imagewire_emulator.errors import ApiError
from imagewire_emulator.latency import first_byte
from imagewire_emulator.models import BY_ID
from imagewire_emulator.plan import Plan
from imagewire_emulator.reasons import BLOCK, FINISH
from imagewire_emulator.scenarios import SCENARIOS
from tests.emulator.requests import ask, body, events, pictures


def planned(text: str) -> Plan:
    return Counts().applied(Plan(), parse(text), "/any")


GRAMMAR: dict[str, dict[str, Any]] = {
    "": {},
    " ; ": {},
    "reset": {"cut": "reset", "cut_at": 0.5},
    "cut@70%": {"cut": "cut", "cut_at": 0.7},
    "cut=70": {"cut": "cut", "cut_at": 0.7},
    "cut-clean @ 100%": {"cut": "cut-clean", "cut_at": 1.0},
    "stuck@0%": {"cut": "stuck", "cut_at": 0.0},
    "latency=2s": {"delay": 2.0},
    "latency=1.5s": {"delay": 1.5},
    "latency=300ms": {"delay": 0.3},
    "latency=300": {"delay": 0.3},
    "latency": {"delay": 2.0},
    "latency=realistic": {"realistic": True},
    "finish=MAX_TOKENS": {"finish": "MAX_TOKENS", "layout": ("text",)},
    "finish-max-tokens": {"finish": "MAX_TOKENS", "layout": ("text",)},
    "block=JAILBREAK": {"block": "JAILBREAK"},
    "drip": {"pace": 2.0, "exact_bytes": 2_000_000, "layout": ("image",)},
    "drip=1s, 300KB": {"pace": 1.0, "exact_bytes": 300_000, "layout": ("image",)},
    "drip-1000-300000": {"pace": 1.0, "exact_bytes": 300_000, "layout": ("image",)},
    "size=1.5MB": {"exact_bytes": 1_500_000},
    "latency=1s; cut@25%": {"delay": 1.0, "cut": "cut", "cut_at": 0.25},
    "latency=1s; latency=2s": {"delay": 2.0},
    "latency=1.1s": {"delay": 1.1},
}


@pytest.mark.parametrize("text", GRAMMAR)
def test_the_grammar(text: str) -> None:
    assert planned(text) == Plan(**GRAMMAR[text])


@pytest.mark.parametrize("text", ["503", "status=503", "status = 503", "503 after 0"])
def test_a_status_is_the_scenario_of_this_name(text: str) -> None:
    error = planned(text).error
    assert error is not None
    assert error.http == 503


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_is_a_directive(name: str) -> None:
    (directive,) = parse(name)
    assert directive == named(name)


WRONG = {
    "cutt@70%": 'x-emulate: "cutt@70%" is unknown; the nearest that there is: cut. ',
    "dripp": "the nearest that there is: drip",
    "reset; x": "the nearest that there is: ",
    "status=777": "is no status that the emulator can answer with: 201, 400, 401, ",
    "status=drip": "is no status",
    "finish=MAX_TOKEN": '"finish=MAX_TOKEN" is unknown; the nearest that there is: finish-max-tokens',
    "block": "is unknown; the nearest that there is: block",
    "status": "is no status",
    "drip@70%": "has a percentage; only one of cut, cut-clean, reset, stuck has it",
    "cut@101%": "from 0% to 100%",
    "cut=1@70%": "has a percentage",
    "latency=fast": "has a value that latency does not take",
    "size=2000MB": "has a value that size does not take",
    "size=" + "9" * 90: "has a value that size does not take",
    "503 times 0": "is not NAME[=VALUE,...][@PERCENT%] [after N] [times N]",
    "cut 70%": "is not NAME[=VALUE,...][@PERCENT%] [after N] [times N]. GET /_emulator/scenarios",
    "429 before 3": "is not NAME",
    "CUT@5%": "the nearest that there is: cut. ",
    "size=0": "has a value that size does not take",
    "drip=1s,0": "has a value that drip does not take",
    "429-burst=0": "has a value that 429-burst does not take",
    "finish=MAX_TOKENS@70%": "has a percentage; only one of cut",
    "block=SAFETY@70%": "has a percentage; only one of cut",
    "finish-max-tokens@70%": "has a percentage; only one of cut",
    "status=503@70%": "has a percentage; only one of cut",
    "cut=101": "has a value that cut does not take",
    "cut=0.5": "has a value that cut does not take",
    "cut=50,60": "has a value that cut does not take",
    "cut=50KB": "has a value that cut does not take",
    "drip=1s,2MB,3": "has a value that drip does not take",
    "drip=2MB": "has a value that drip does not take",
    "latency=1s,2s": "has a value that latency does not take",
    "latency=1MB": "has a value that latency does not take",
    "size=1s": "has a value that size does not take",
    "429=60ms": "has a value that 429 does not take",
    "503=5": "has a value that 503 does not take",
    "two-images=3": "has a value that two-images does not take",
    "status=503,5": "is no status",
    "finish=MAX_TOKENS,5": "is unknown",
    "block=SAFETY-5": "is unknown",
    "cut=1,1" + "1" * 100: "is not NAME",
    "Reset!": "is not NAME[=VALUE,...][@PERCENT%] [after N] [times N]; the nearest that there is: reset",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_directive_is_refused_with_the_nearest(text: str) -> None:
    with pytest.raises(ApiError) as raised:
        parse(text)
    assert raised.value.http == 400
    assert WRONG[text] in raised.value.message


HOLDS = {
    "429": "fffff",
    "429 after 3": "---ff",
    "429 times 2": "ff---",
    "429 after 1 times 2": "-ff--",
    "429-burst": "f----",
    "429-burst-3": "fff--",
    "429-burst=2 after 1": "-ff--",
    "429-burst times 4": "ffff-",
}


@pytest.mark.parametrize("text", HOLDS)
def test_a_directive_holds_for_some_requests(text: str) -> None:
    counts, asked = Counts(), parse(text)
    plans = [counts.applied(Plan(), asked, "/one") for _ in range(5)]
    assert "".join("f" if plan.error else "-" for plan in plans) == HOLDS[text]
    assert bool(counts.applied(Plan(), asked, "/other").error) is HOLDS[text].startswith("f")


PROMPTS = {
    "A banana x-emulate: drip": ("A banana", "drip"),
    "A banana\nx-emulate: cut@70%; latency=1s\nin the rain": ("A banana\nin the rain", "cut@70%; latency=1s"),
    "x-emulate: reset\nA banana": ("A banana", "reset"),
    "X-Emulate:503\nA banana\nX-EMULATE: drip": ("A banana", "503; drip"),
    "What is x-emulate?": ("What is x-emulate?", ""),
    "Ax-emulate: drip": ("Ax-emulate: drip", ""),
    "x-emulate: drip": ("", "drip"),
    "A banana \tx-emulate:drip \n": ("A banana \n", "drip"),
}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_directives_of_a_prompt_are_taken_out(prompt: str) -> None:
    wanted = body(prompt)
    found = of_prompt(wanted)
    assert (wanted["contents"][0]["parts"][0]["text"], found) == PROMPTS[prompt]


def test_only_the_last_user_turn_directs() -> None:
    wanted = {
        "contents": [
            {"role": "user", "parts": [{"text": "x-emulate: reset"}]},
            {"role": "model", "parts": [{"text": "x-emulate: reset"}]},
            {"role": "user", "parts": [{"text": "A banana"}, {"inlineData": {}}, {"text": "x-emulate: drip"}]},
        ]
    }
    assert of_prompt(wanted) == "drip"


@pytest.mark.parametrize(
    "name", ["size-1001MB", "size-" + "9" * 400, "drip-1-" + "9" * 13, "nothing", "drip-fast", "503-5"]
)
def test_a_models_name_without_such_a_scenario_is_not_found(name: str) -> None:
    with pytest.raises(ApiError) as raised:
        of_model(f"emulator-{name}")
    assert raised.value.http == 404


@pytest.mark.parametrize("size", ["512", "1K", "2K", "4K"])
@pytest.mark.parametrize("model", ["gemini-2.5-flash-image", "gemini-3-pro-image"])
def test_realistic_latencies_are_seconds(model: str, size: str) -> None:
    wanted = body(generationConfig={"imageConfig": {"imageSize": size}})
    seconds = first_byte(Plan(realistic=True), BY_ID[model], wanted)
    assert 3 < seconds < 60
    assert seconds == first_byte(Plan(realistic=True), BY_ID[model], wanted)


async def post(client: aiohttp.ClientSession, directive: str, prompt: str = "A banana") -> tuple[int, bytes]:
    url = "/v1beta/models/gemini-3.1-flash-image:streamGenerateContent?alt=sse"
    async with client.post(url, json=body(prompt), headers={"x-emulate": directive}) as answer:
        return answer.status, await answer.read()


async def test_header_prompt_and_model_mean_the_same(client: aiohttp.ClientSession) -> None:
    by_model = await ask(client, "emulator-two-images", body("A banana"), sse=True)
    assert await post(client, "two-images") == by_model
    assert await post(client, "", "A banana x-emulate: two-images") == by_model
    assert len(pictures(events(by_model[1]))) == 2


async def test_a_body_is_cut_where_the_directive_says(client: aiohttp.ClientSession, emulator: Emulator) -> None:
    for percent in (10, 90):
        with pytest.raises(aiohttp.ClientError):
            await post(client, f"cut@{percent}%")
        entry = emulator.ledger.entries[-1]
        assert entry.outcome == "cut"
        assert entry.bytes_sent == entry.body_bytes * percent // 100


async def test_a_wrong_directive_is_an_error_of_the_call(client: aiohttp.ClientSession, emulator: Emulator) -> None:
    for directive, prompt in (("cutt", "A banana"), ("", "A banana x-emulate: cutt")):
        status, text = await post(client, directive, prompt)
        error = json.loads(text)["error"]
        assert (status, error["status"]) == (400, "INVALID_ARGUMENT")
        assert "the nearest that there is: cut" in error["message"]
    assert [entry.outcome for entry in emulator.ledger.entries] == ["error", "error"]


async def test_the_ledger_has_the_directives(client: aiohttp.ClientSession, emulator: Emulator) -> None:
    await post(client, "503", "A banana x-emulate: latency=1ms")
    (entry,) = emulator.ledger.entries
    assert entry.emulate == "503; latency=1ms"


def test_every_reason_of_googles_sdk_is_there() -> None:
    assert set(FINISH) == {reason.value for reason in types.FinishReason}
    assert set(BLOCK) == {reason.value for reason in types.BlockedReason}


@pytest.mark.parametrize("reason", FINISH)
async def test_an_answer_ends_for_the_reason(client: aiohttp.ClientSession, reason: str) -> None:
    _, text = await post(client, f"finish={reason}")
    assert events(text)[-1]["candidates"][0]["finishReason"] == reason


@pytest.mark.parametrize("reason", BLOCK)
async def test_a_prompt_is_blocked_for_the_reason(client: aiohttp.ClientSession, reason: str) -> None:
    _, text = await post(client, f"block={reason}")
    assert events(text)[-1]["promptFeedback"]["blockReason"] == reason
