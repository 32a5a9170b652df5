"""One table of streams and their answers, through everything that folds: the server, its formats, and the client."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from imagewire.answer_builder import AnswerBuilder
from imagewire.assemble import collect
from imagewire_server.contract.errors import Withheld
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.fold import fold
from tests.event_forms import all_internal
from tests.fold_cases import CASES, FoldCase
from tests.golden.invented import chat, images, response

each = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@each
def test_the_server_folds_it(case: FoldCase) -> None:
    async def stream() -> AsyncIterator[list[StreamEvent]]:
        for event in all_internal(case.stream()):
            yield [event]

    assert asyncio.run(fold(stream(), max_inline_bytes=1 << 20)) == case.answer()


@each
def test_the_client_folds_it(case: FoldCase) -> None:
    assert collect(case.stream()) == case.answer()


@each
def test_the_clients_answer_has_the_final_picture(case: FoldCase) -> None:
    builder = AnswerBuilder()
    for event in case.stream():
        builder.add(event)
    shown = builder.answer.image
    assert (None if shown is None else shown.uri or shown.data) == case.final


@each
def test_a_chat_has_the_final_picture(case: FoldCase) -> None:
    [choice] = chat(all_internal(case.stream()))["choices"]
    shown = choice["message"].get("image")
    assert (None if shown is None else _behind(shown["url"])) == case.final


@each
@pytest.mark.parametrize("stream", [False, True])
def test_a_response_has_it_as_the_last_picture(case: FoldCase, stream: bool) -> None:
    items = [
        i
        for i in response(all_internal(case.stream()), stream=stream)["output"]
        if i["type"] == _DRAWN and i["status"] != "failed"
    ]
    assert (_of(items[-1], "result") if items else None) == case.final


@each
def test_images_have_it_as_the_last_one(case: FoldCase) -> None:
    if case.final is None:
        with pytest.raises(Withheld):
            images(all_internal(case.stream()))
        return
    shown = images(all_internal(case.stream()))["data"]
    assert _of(shown[-1], "b64_json") == case.final


_DRAWN = "image_generation_call"


def _of(shown: dict[str, Any], field: str) -> bytes | str:
    return shown["url"] if shown.get("url") else base64.b64decode(shown[field])


def _behind(url: str) -> bytes | str:
    return base64.b64decode(url.partition(",")[2]) if url.startswith("data:") else url
