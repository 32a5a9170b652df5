"""Pictures that a request names by https://: fetched here by the guarded fetcher, passed on, or refused."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from imagewire_server.contract import constraints, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.dialects.openai.reading import Reading, in_callers_names
from imagewire_server.transport.fetch import ImageFetcher, Unfetchable

_AT_ONCE = 4
_MOST_PICTURES = 16  # more than any model takes


@dataclass(frozen=True, slots=True)
class Pictures:
    """mode: "fetch", "pass" (the provider fetches) or "refuse". most_bytes: of all of a request's pictures."""

    fetcher: ImageFetcher
    mode: str
    most_bytes: int

    async def fetch(self, reading: Reading) -> None:
        """Put the bytes of each picture in place of its URL. Raises InvalidRequest in the caller's names."""
        found = list(_remote(reading.spec))
        if not found or self.mode == "pass":
            return
        # Nobody is asked for a request that is refused anyway; of the URLs themselves the fetcher judges.
        places = {path for path, _ in found}
        wrong = [v for v in constraints.violations(reading.spec, "spec") if v.field not in places]
        if wrong:
            self._refuse(wrong, reading)
        if self.mode == "refuse":
            words = "this server fetches no pictures; send the picture itself as a data: URL"
            self._refuse([Violation(path, words) for path, _ in found], reading)
        if len(found) > _MOST_PICTURES:
            words = f"is one of {len(found)} pictures to fetch; at most {_MOST_PICTURES} are allowed"
            self._refuse([Violation(found[_MOST_PICTURES][0], words)], reading)
        limit = asyncio.Semaphore(_AT_ONCE)
        results = await asyncio.gather(*(self._one(path, image, limit) for path, image in found))
        violations = [violation for violation in results if violation is not None]
        if not violations and sum(len(image.data) for _, image in found) > self.most_bytes:
            words = f"brings the request's pictures over {self.most_bytes} bytes (max_request_bytes); send smaller ones"
            violations = [Violation(found[-1][0], words)]
        if violations:
            self._refuse(violations, reading)

    async def _one(self, path: str, image: pb.Image, limit: asyncio.Semaphore) -> Violation | None:
        async with limit:
            try:
                image.data = await self.fetcher.fetch(image.uri)
            except Unfetchable as error:
                return Violation(path, str(error))
        image.mime_type = ""  # the bytes tell
        return None

    @staticmethod
    def _refuse(violations: list[Violation], reading: Reading) -> None:
        raise in_callers_names(InvalidRequest(violations), reading.origins) from None


def _remote(spec: pb.Spec) -> Iterator[tuple[str, pb.Image]]:
    """Each picture that is named by anything but gs://, which only the provider can read."""
    for i, message in enumerate(spec.messages):
        if message.image.uri and not message.image.uri.lower().startswith("gs:"):
            yield f"spec.messages[{i}].image.uri", message.image
        for j, part in enumerate(message.parts):
            if part.image.uri and not part.image.uri.lower().startswith("gs:"):
                yield f"spec.messages[{i}].parts[{j}].image.uri", part.image
