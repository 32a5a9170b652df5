"""Draw fifty pictures, ten at a time. Each goes to disk while it arrives, so none is ever held in memory."""

import asyncio
import mimetypes
import sys
import tempfile
from pathlib import Path

import imagewire

PICTURES, AT_ONCE = 50, 10


def append(path: Path, data: bytes) -> None:
    """Write to the end of a file."""
    with path.open("ab") as file:
        file.write(data)


def named(part: Path, name: str, mime_type: str) -> Path:
    """Give a file its name, with the suffix of what is in it; return it."""
    return part.replace(Path(name).with_suffix(mimetypes.guess_extension(mime_type) or ".bin"))


async def draw(client: imagewire.AsyncClient, prompt: str, name: str) -> Path:
    """Draw one picture into a file; return the file. Raises ImagewireError."""
    chat = client.chat.create().append(prompt)
    answer = imagewire.Answer()
    # Drafts, and what is no picture, come in the same way: each part goes to a file of its own. Only the picture stays.
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=".") as folder:
        async for grown, chunk in chat.frames():
            answer = grown
            if chunk.data:
                append(Path(folder, str(chunk.part)), chunk.data)
        if answer.image is None:
            raise imagewire.NoPicture(answer.why_no_image)
        part = next(at for at, part in enumerate(answer.parts) if part.image is answer.image)
        return named(Path(folder, str(part)), name, answer.image.mime_type)


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
