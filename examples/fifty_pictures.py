"""Draw fifty pictures, ten at a time. Each goes to disk while it arrives, so none is ever held in memory."""

import asyncio
import mimetypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import imagewire

PICTURES, AT_ONCE = 50, 10


@contextmanager
def arriving(path: Path) -> Generator[IO[bytes]]:
    """A new file, which is removed again when the picture does not become whole."""
    try:
        with path.open("wb") as file:
            yield file
    except BaseException:
        path.unlink()
        raise


def named(part: Path, mime_type: str) -> Path:
    """Give a file the suffix of what is in it; return its name."""
    return part.replace(part.with_suffix(mimetypes.guess_extension(mime_type) or ".bin"))


async def draw(client: imagewire.AsyncClient, prompt: str, name: str) -> Path:
    """Draw one picture into a file; return the file. Raises ImagewireError."""
    chat = client.chat.create().append(prompt)
    answer, part = imagewire.Answer(), Path(f"{name}.part")
    with arriving(part) as file:
        async for grown, chunk in chat.frames():
            if chunk.data and chunk.offset == 0:  # a picture begins; what stands there is a draft of it
                file.truncate(file.seek(0))
            file.write(chunk.data)
            answer = grown
        if answer.image is None:
            raise imagewire.NoPicture(answer.why_no_image)
    return named(part, answer.image.mime_type)


async def main() -> int:
    """Draw all of them; return how many failed."""
    gate = asyncio.Semaphore(AT_ONCE)
    failed = 0

    async def one(number: int) -> None:
        nonlocal failed
        async with gate:
            try:
                print(await draw(client, f"Banana number {number} of {PICTURES}", f"banana-{number:02}"))
            except imagewire.ImagewireError as error:
                failed += 1
                print(f"banana {number}: {error}", file=sys.stderr)

    async with imagewire.AsyncClient() as client, asyncio.TaskGroup() as group:
        for number in range(1, PICTURES + 1):
            group.create_task(one(number))
    return failed


if __name__ == "__main__":
    sys.exit(asyncio.run(main()) > 0)
