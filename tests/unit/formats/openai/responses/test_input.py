"""The input of a Responses request becomes messages of the spec."""

import base64
import time
from typing import Any

from tests.pictures import PNG
from tests.unit.formats.openai.asked import spec


def test_drafts_that_come_back_are_looked_up_once() -> None:
    def draft(number: int) -> dict[str, Any]:
        picture = base64.b64encode(PNG + number.to_bytes(1000)).decode()
        own = {"thought": True}
        return {"type": "image_generation_call", "id": "a", "result": picture, "provider_specific_fields": own}

    def seconds(count: int) -> float:
        asked = [draft(number % (count - 1)) for number in range(count)]
        begun = time.process_time()
        assert len(spec("responses", input=asked).messages) == count - 1
        return time.process_time() - begun

    assert min(seconds(3200) for _ in range(3)) < 30 * min(seconds(400) for _ in range(3))
