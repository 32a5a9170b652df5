"""Items of a Responses request that are wrong, dropped in part, or skipped."""

from tests.unit.formats.openai.asked import reading, refusals, spec


def test_every_wrong_item_is_named_and_its_result_is_not() -> None:
    call = {"type": "function_call", "call_id": "b", "name": "f", "arguments": 1, "odd": 2}
    output = {"type": "function_call_output", "call_id": "b", "output": "x"}
    found = [field for field, _ in refusals("responses", input=[call, output])]
    assert sorted(found) == ["input[0].arguments", "input[0].odd"]


def test_a_picture_that_did_not_come_is_skipped() -> None:
    failed = {"type": "image_generation_call", "id": "ig_1", "status": "failed", "result": None, "error": {}}
    by_id = {"type": "image_generation_call", "id": f"ig_{'0' * 32}_withheld"}
    user = {"role": "user", "content": "A"}
    assert len(spec("responses", input=[failed, by_id, user]).messages) == 1


def test_an_unknown_field_of_an_item_is_dropped() -> None:
    builder = reading("responses", input=[{"role": "user", "content": "A", "odd": 1}], drop_params=True)
    assert builder.dropped == ["input[0].odd"]
    assert builder.spec.messages[0].parts[0].text == "A"
