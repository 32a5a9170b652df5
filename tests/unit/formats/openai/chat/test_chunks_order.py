"""Where the pictures of a stream are: drafts behind the others."""

import pytest

from tests.unit.formats.openai.answered import answer, picture
from tests.unit.formats.openai.chat.test_answer import ABC, DEF, entry
from tests.unit.formats.openai.chat.test_chunks import deltas


@pytest.mark.parametrize("known", [True, False])
def test_drafts_are_behind(known: bool) -> None:
    events = answer(picture(b"abc", thought=True, known=known), picture(b"defg", 1, known=known))
    told = deltas(events, drafts_last=True, image=False)
    assert [delta["images"] for delta in told if "images" in delta] == [[entry(0, DEF)], [entry(1, ABC, thought=True)]]
    assert told[-1]["provider_specific_fields"]["parts"] == ["image:1", "image:0"]
