"""Pictures with https:// URLs in requests: fetched here from public addresses, passed on, or refused."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest, Overloaded, Violation
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, in_callers_names
from imagewire_server.transport.image_fetch import ImageFetcher, Unfetchable

_AT_ONCE = 4
_MOST_PICTURES = 16  # more than any model supports

_ASSISTANT = pb.Role.ROLE_ASSISTANT  # looked up once: an enum's names are slow


class _TooMuchError(Exception):
    """Ends the other fetches. Has the path of the picture that exceeded the limit."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """mode: "fetch", "pass" (the provider fetches) or "refuse". most_bytes: the limit for all pictures of a request."""

    fetcher: ImageFetcher
    mode: str
    most_bytes: int

    def wanted(self, builder: SpecBuilder) -> bool:
        """Whether the request has pictures to fetch. Raises InvalidRequest if it may not."""
        if self.mode == "pass" or not builder.names_pictures:
            return False
        found = list(_remote(builder.spec))
        if not found:
            return False
        # Nothing is fetched for a request that will be refused anyway. The fetcher checks the URLs themselves.
        places = {path for path, _ in found}
        wrong = [v for v in validation.violations(builder.spec, "spec") if v.field not in places]
        if wrong:
            self._refuse(wrong, builder)
        if self.mode == "refuse":
            words = "this server does not fetch pictures; send the picture itself as a data: URL"
            self._refuse([Violation(path, words) for path, _ in found], builder)
        if len(found) > _MOST_PICTURES:
            words = f"is one of {len(found)} pictures to fetch; at most {_MOST_PICTURES} are allowed"
            self._refuse([Violation(found[_MOST_PICTURES][0], words)], builder)
        return True

    async def fetch(self, builder: SpecBuilder) -> int:
        """Replace each picture's URL by its bytes, and return their number.

        Raises InvalidRequest, with the caller's field names, and Overloaded.
        """
        limit = asyncio.Semaphore(_AT_ONCE)
        violations: list[Violation] = []
        refused: BaseException | None = None
        total = 0

        async def one(path: str, image: pb.Image) -> None:
            nonlocal total
            async with limit:
                try:
                    data = await self.fetcher.fetch(image.uri)
                except Unfetchable as error:
                    violations.append(Violation(path, str(error)))
                    return
                total += len(data)
                if total > self.most_bytes:
                    raise _TooMuchError(path)
            image.data = data
            image.mime_type = ""  # read from the bytes instead

        try:
            async with asyncio.TaskGroup() as group:
                for path, image in _remote(builder.spec):
                    group.create_task(one(path, image))
        except* _TooMuchError as over:
            words = (
                f"makes the pictures larger than {self.most_bytes} bytes in all (max_request_bytes); send smaller ones"
            )
            violations = [Violation(str(over.exceptions[0]), words)]
        except* Overloaded as own:
            refused = own.exceptions[0]
        if refused is not None:
            raise refused
        if violations:
            self._refuse(violations, builder)
        return total

    @staticmethod
    def _refuse(violations: list[Violation], builder: SpecBuilder) -> None:
        raise in_callers_names(InvalidRequest(violations), builder.origins) from None


def _remote(spec: pb.Spec) -> Iterator[tuple[str, pb.Image]]:
    """Each picture with a URL other than gs://, which only the provider can read.

    Those of assistant messages are sent back unchanged.
    """
    for i, message in enumerate(spec.messages):
        if message.role == _ASSISTANT:
            continue
        if message.HasField("image") and _is_remote(message.image):
            yield f"spec.messages[{i}].image.uri", message.image
        for j, part in enumerate(message.parts):
            kind = part.WhichOneof("content")
            if kind == "image" and _is_remote(part.image):
                yield f"spec.messages[{i}].parts[{j}].image.uri", part.image
            elif kind == "function_response":
                for k, image in enumerate(part.function_response.images):
                    if _is_remote(image):
                        yield f"spec.messages[{i}].parts[{j}].function_response.images[{k}].uri", image


def _is_remote(image: pb.Image) -> bool:
    return bool(image.uri) and not image.uri.lower().startswith("gs:")
