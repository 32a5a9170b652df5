"""Earlier answers that lost their signatures: noted for each model that requires them, or refused."""

from typing import Any

import pytest

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error, InvalidRequest, Unreachable
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.generate import Engine
from imagewire_server.core.router import Router, Upstream
from tests.deployments import google
from tests.unit.core.scripted_providers import SENT, Scripted, Step, counts, end

FREE, SIGNS = "gemini-2.5-flash-image", "gemini-3-pro-image"
WHOLE: list[Step] = [SENT, end(counts())]
FAILS: list[Step] = [SENT, Unreachable("x")]
CHAT = [
    {"role": pb.Role.ROLE_USER, "content": "A banana"},
    {"role": pb.Role.ROLE_ASSISTANT, "content": "Here"},
    {"role": pb.Role.ROLE_USER, "content": "Blue"},
]


async def told(
    *models: tuple[str, list[Step]], refuses: bool = False, chat: list[dict[str, Any]] = CHAT, **call: Any
) -> tuple[Call, Error | None]:
    """The record of a call to the first of the models, the others are its fallbacks, and how it ended."""
    upstreams = [
        Upstream(google(f"d{i}", f"n{i}", "gemini", model), Scripted(steps)) for i, (model, steps) in enumerate(models)
    ]
    routing = Routing(fallbacks=(("n0", tuple(f"n{i}" for i in range(1, len(models)))),), num_retries=0)
    engine = Engine(Router(upstreams, routing), Admission(9), refuses_unsigned=refuses)
    made = Call(**call)
    try:
        drawing = engine.start(pb.Spec(model="n0", messages=chat), stream=True, deadline=None, call=made)
        async with drawing.attach(hashes=False) as events:
            async for _ in events:
                pass
    except Error as error:
        return made, error
    return made, None


async def test_they_are_noted_for_a_model_that_requires_them() -> None:
    call, _ = await told((SIGNS, WHOLE))
    assert call.unsigned == ["spec.messages[1].content"]
    call, _ = await told((FREE, WHOLE))
    assert call.unsigned == []
    call, _ = await told((SIGNS, WHOLE), chat=CHAT[:1])
    assert call.unsigned == []


async def test_the_model_that_answers_counts() -> None:
    call, error = await told((FREE, FAILS), (SIGNS, WHOLE))
    assert (call.unsigned, error) == (["spec.messages[1].content"], None)
    call, error = await told((SIGNS, FAILS), (FREE, WHOLE))
    assert (call.unsigned, error) == ([], None)


async def test_they_have_the_callers_names() -> None:
    call, _ = await told((SIGNS, WHOLE), name_of=lambda path: path.replace("spec.", "my."))
    assert call.unsigned == ["my.messages[1].content"]
    call, _ = await told((SIGNS, WHOLE), earlier_messages=2)
    assert call.unsigned == ["spec.previous_completion_id"]


@pytest.mark.parametrize(
    ("earlier", "field", "remedy"),
    [
        (0, "spec.messages[1].content", "send the answer's message back unchanged"),
        (2, "spec.previous_completion_id", "go on with the model that made it"),
    ],
)
async def test_they_are_refused_before_anything_is_sent(earlier: int, field: str, remedy: str) -> None:
    call, error = await told((SIGNS, []), refuses=True, earlier_messages=earlier)
    assert isinstance(error, InvalidRequest)
    assert [one.field for one in error.violations] == [field]
    assert remedy in error.message
    assert (call.tried, call.charged, call.unsigned) == ([], "no", [])


async def test_a_fallback_that_would_refuse_is_none() -> None:
    call, error = await told((FREE, FAILS), (SIGNS, []), refuses=True)
    assert isinstance(error, Unreachable)
    assert call.tried == [("d0", "UPSTREAM_UNREACHABLE")]


async def test_so_many_are_named_that_a_header_holds_them() -> None:
    call, _ = await told((SIGNS, WHOLE), chat=CHAT[:1] + CHAT[1:] * 100)
    assert (len(call.unsigned), call.unsigned[-1]) == (64, "spec.messages[127].content")
