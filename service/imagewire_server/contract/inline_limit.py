"""Checks whether a picture may be too large for an answer in one message, before it is drawn and paid for."""

from collections.abc import Callable, Mapping

from google.protobuf.struct_pb2 import Struct

from imagewire_server.contract import pb
from imagewire_server.contract.errors import AnswerWillNotFit
from imagewire_server.contract.provider import Capabilities

# The maximum size of a PNG by image_size, unless the provider has its own. Source: Google's pictures have 1 to 2 MB at
# 1K, 5 to 8 MB at 2K, 17 to 30 MB at 4K; the value for 512 is scaled by pixels.
_PNG_BYTES = {"512": 1_000_000, "1K": 2_000_000, "2K": 8_000_000, "4K": 30_000_000}
_DEFAULT_SIZE = "1K"
_JPEG_SHARE = 4  # a JPEG has a quarter of that


def check(spec: pb.Spec, max_inline_bytes: int, find: Callable[[str], Capabilities]) -> None:
    """Raises AnswerWillNotFit if the picture may be larger than `max_inline_bytes`. Unknown sizes are accepted.

    find: returns the capabilities of a model. It is called only if a usual picture would not fit.
    """
    size = spec.image_config.image_size
    if not size and spec.HasField("extra_body"):
        size = _in_extra_body(spec.extra_body)
    bytes_ = _most(spec, _PNG_BYTES, size or _DEFAULT_SIZE)
    if bytes_ <= max_inline_bytes:
        return
    wanted = spec.response_modalities
    if (wanted and pb.Modality.MODALITY_IMAGE not in wanted) or spec.HasField("output_config"):
        return
    known = find(spec.model)
    if known.image_bytes is not None:
        size = size or known.default_image_size
        bytes_ = _most(spec, known.image_bytes, size)
        if bytes_ <= max_inline_bytes:
            return
    raise AnswerWillNotFit(
        max_inline_bytes,
        f"is {max_inline_bytes} bytes, and a picture of size {size or _DEFAULT_SIZE} may have {bytes_}: use"
        " StreamCompletion, which sends pictures of any size in frames, or raise max_inline_bytes and the client's"
        " maximum message size",
    )


def _most(spec: pb.Spec, by_size: Mapping[str, int], size: str) -> int:
    bytes_ = by_size.get(size, 1)
    return bytes_ // _JPEG_SHARE if spec.image_config.output_options.mime_type == "image/jpeg" else bytes_


def _in_extra_body(body: Struct) -> str:
    """The size in the provider's own fields, empty if there is none."""
    for names in (("generationConfig", "generation_config"), ("imageConfig", "image_config")):
        body = next((body.fields[name].struct_value for name in names if name in body.fields), Struct())
    return next((body.fields[name].string_value for name in ("imageSize", "image_size") if name in body.fields), "")
