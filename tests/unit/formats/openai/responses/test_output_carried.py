"""Signatures in encrypted_content, and pictures that did not come."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.responses import encrypted
from imagewire_server.formats.openai.responses.output import Output
from tests.unit.formats.openai.answered import STARTED, ended, finished, text

OWN = "provider_specific_fields"


def items(*events: Any, **options: bool) -> list[dict[str, Any]]:
    output = Output(0, **options)
    output.start(STARTED.started)
    for event in events:
        if isinstance(event, pb.Event):
            list(output.feed(event.WhichOneof("event"), event))
    return [item.shown for item in output.items]


def signed(said: str, *, thought: bool = False) -> list[Any]:
    made = text(said, thought=thought)
    made[-1].part_finished.thought_signature = b"S"
    return made


def test_what_belongs_to_an_item_is_carried_behind_it() -> None:
    message, carrier = items(*signed("Here"), *ended(), encrypted=True)
    assert carrier["encrypted_content"] == encrypted.content(message[OWN], own=False)
    assert (carrier["type"], carrier["summary"]) == ("reasoning", [])
    assert len(items(*signed("Here"), *ended())) == 1


def test_a_thought_carries_its_own() -> None:
    [thought] = items(*signed("Hm", thought=True), *ended(), encrypted=True)
    assert thought["encrypted_content"] == encrypted.content(thought[OWN], own=True)


def blocked() -> list[Any]:
    return finished(prompt_feedback={"block_reason": "SAFETY"})


def withheld() -> list[Any]:
    end = pb.CandidateFinished(
        finish_reason=pb.FinishReason.FINISH_REASON_CONTENT_FILTER, native_finish_reason="NO_IMAGE", finish_message="No"
    )
    return [pb.Event(candidate_finished=end)]


@pytest.mark.parametrize(
    ("events", "error"),
    [
        (withheld(), {"code": "no_image", "message": "No"}),
        (blocked(), {"code": "safety", "message": "no picture was drawn"}),
    ],
)
def test_a_picture_that_did_not_come(events: list[Any], error: dict[str, str]) -> None:
    [failed] = items(*events, draws=True)
    assert failed == {
        "id": "ig_0f_withheld",
        "type": "image_generation_call",
        "status": "failed",
        "result": None,
        "error": error,
    }
    assert items(*events) == []
    assert items(*ended(), *blocked(), draws=True) == []
