"""An answer that was not read to its end, or broke off, is not taken for a turn of a chat."""

import contextlib
from collections.abc import Callable

import pytest

import imagewire
from imagewire import Answer, AsyncClient, Client
from tests.sdk.asks import ran

CUT = "gemini/emulator-cut"
LEFT = "is not whole.* read the stream to its end, or get all of it with get_completion\\(completion_id='cmpl-"


def streamed(target: str, model: str) -> Answer:
    """Appends the first answer of a chat whose stream is left at the first bytes; returns what can be had of it."""
    with Client(target) as client:
        chat = client.chat.create(model).append("Draw a lighthouse")
        for answer, chunk in chat.stream():  # noqa: B007
            if chunk.data:
                break
        with pytest.raises(ValueError, match=LEFT):
            chat.append(answer)
        assert len(chat.messages) == 1
        whole = client.get_completion(completion_id=answer.id)
        assert len(chat.append(whole).messages) == 2
        return whole


def astreamed(target: str, model: str) -> Answer:
    async def run() -> Answer:
        async with AsyncClient(target) as client:
            chat = client.chat.create(model).append("Draw a lighthouse")
            async with contextlib.aclosing(chat.stream()) as stream:
                async for answer, chunk in stream:  # noqa: B007
                    if chunk.data:
                        break
            with pytest.raises(ValueError, match=LEFT):
                chat.append(answer)
            assert len(chat.messages) == 1
            whole = await client.get_completion(completion_id=answer.id)
            assert len(chat.append(whole).messages) == 2
            return whole

    return ran(run())


@pytest.mark.parametrize("ask", [streamed, astreamed], ids=["sync", "async"])
def test_an_answer_that_was_left_half_read(target: str, ask: Callable[[str, str], Answer]) -> None:
    assert len(ask(target, imagewire.DEFAULT_MODEL).images) == 1


def test_an_answer_that_broke_off(not_keeping: str) -> None:
    with Client(not_keeping) as client:
        chat = client.chat.create(CUT).append("Draw a lighthouse")
        with pytest.raises(imagewire.CorruptAnswer):
            for answer, _ in chat.stream():  # noqa: B007
                pass
        with pytest.raises(ValueError, match=r"is not whole.* read the stream to its end, or ask again"):
            chat.append(answer)
        assert len(chat.messages) == 1


def test_an_answer_whose_last_chunk_came_is_whole(target: str) -> None:
    with Client(target) as client:
        chat = client.chat.create().append("Draw a lighthouse")
        for answer, chunk in chat.stream():  # noqa: B007
            if chunk.last:
                break
        assert len(chat.append(answer).messages) == 2
