"""What the public API offers of a server that keeps answers, as a type checker sees it. It is checked, never run."""

from typing import assert_type

import imagewire
from imagewire import Answer, AsyncClient, Chunk, Client, Image


def kept(client: Client) -> None:
    assert_type(client.draw("A banana", request_id="2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77"), Image)
    answer = client.chat.create().append("A banana").sample(request_id="2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77")
    assert_type(answer.expires, float)
    client.draw("A banana", on_disconnect="cancel")
    client.draw("A banana", on_disconnect="stay")  # type: ignore[arg-type]
    assert_type(client.get_completion(completion_id=answer.id), Answer)
    for answer, chunk in client.resume(request_id="2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77", timeout=5):
        assert_type(answer, Answer)
        assert_type(chunk, Chunk)
    cat = client.upload("cat.png")
    assert_type(cat, Image)
    assert_type(cat.image_id, str)
    assert_type(client.download(cat.image_id), Image)
    client.delete_image(cat.image_id)
    client.get_completion("cmpl-1")  # type: ignore[call-arg]


async def asynchronous(client: AsyncClient) -> None:
    assert_type(await client.draw("A banana", request_id="2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77"), Image)
    assert_type(await client.get_completion(completion_id="cmpl-1"), Answer)
    async for answer, chunk in client.resume(completion_id="cmpl-1"):
        assert_type(answer, Answer)
        assert_type(chunk, Chunk)
    cat = await client.upload("cat.png")
    assert_type(await client.download(cat.image_id), Image)
    await client.delete_image(cat.image_id)


def errors(client: Client) -> None:
    try:
        client.draw("A banana")
    except imagewire.OutcomeUnknown as error:
        assert_type(error.metadata, dict[str, str])
    except (
        imagewire.AnswerNotKept,
        imagewire.CompletionNotFound,
        imagewire.ImageNotFound,
        imagewire.KeepOff,
        imagewire.RequestIdReused,
        imagewire.StoreUnavailable,
    ) as error:
        assert_type(error.retryable, bool)
