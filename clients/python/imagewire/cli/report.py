"""Describes an answer: lines for people, one JSON object for programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from imagewire import Answer, Blocked, Image, Media, NoPicture
from imagewire.cli.output import printable
from imagewire.files import fits

Kept = Sequence[tuple[Path | None, Media]]


def lines(answer: Answer, files: Sequence[Path], media: Kept) -> list[str]:
    """Lines for people. files: the pictures' files, that of `answer.image` first. media: what is not a picture."""
    said = [printable(answer.text.strip())] if answer.text.strip() else []
    said += others(answer, media)
    said += [f"{path}  (a further picture of the same answer)" for path in files[1:]]
    elsewhere = [image for image in answer.images or answer.drafts if image.uri]
    said += [f"{printable(image.uri)}  (a further picture of the same answer)" for image in elsewhere[:-1]]
    final = answer.image
    if final is not None and final.uri:
        said += [f"{path}  (a further picture of the same answer)" for path in files[:1]]
        said.append(f"{printable(final.uri)}  written there{_price(answer)}")
    elif final is not None and files:
        said.append(f"{files[0]}  {facts(final)}{_price(answer)}  sha256 {final.sha256}")
    return said


def others(answer: Answer, media: Kept) -> list[str]:
    """Lines for people about what is neither text nor picture."""
    said = [
        f"{path or printable(one.uri) or '(not written)'}  {printable(one.mime_type)}  {_size(one)}"
        for path, one in media
    ]
    return said + [f"(a part of the kind {printable(native.kind)}; --json has it)" for native in answer.natives]


def _size(media: Media) -> str:
    return "written there" if media.uri else weight(media.size_bytes)


def facts(image: Image) -> str:
    """The size in pixels and in bytes."""
    pixels = f"{image.width}x{image.height}  " if image.width else ""
    return pixels + weight(image.size_bytes)


def weight(size: int) -> str:
    """A file's size in kB or MB."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _price(answer: Answer) -> str:
    """The cost, else the number of tokens, else nothing."""
    if answer.cost is not None:
        return f"  ${answer.cost:.4f}"
    return f"  {answer.usage.total_tokens} tokens" if answer.usage.total_tokens else ""


def summary(prompt: str, answer: Answer, files: Sequence[Path], media: Kept) -> dict[str, Any]:
    """What `--json` prints. Sizes in bytes, cost in US dollars. files: of pictures that are here."""
    image = answer.image or Image()
    return {
        "prompt": prompt,
        "file": str(files[0]) if files and not image.uri else None,
        "files": [str(path) for path in files],
        "uri": image.uri or None,
        "uris": [image.uri for image in answer.images or answer.drafts if image.uri],
        "media": [_media(path, one) for path, one in media],
        "native_parts": [{"kind": native.kind, "value_json": native.value_json} for native in answer.natives],
        "text": answer.text,
        "mime_type": image.mime_type,
        "width": image.width,
        "height": image.height,
        "size_bytes": image.size_bytes,
        "sha256": image.sha256,
        "image_id": image.image_id,
        "model": answer.model,
        "model_version": answer.model_version,
        "completion_id": answer.id,
        "finish_reason": answer.finish_reason,
        "native_finish_reason": answer.native_finish_reason,
        "omitted_fields": answer.omitted_fields,
        "service_tier": answer.service_tier,
        "cost_usd": answer.cost,
        "cost_nano_usd": answer.cost_nano_usd,
        "usage": _usage(answer),
    }


def _media(path: Path | None, media: Media) -> dict[str, Any]:
    return {
        "file": None if path is None else str(path),
        "uri": media.uri or None,
        "mime_type": media.mime_type,
        "size_bytes": media.size_bytes,
        "sha256": media.sha256,
    }


def nothing(answer: Answer) -> NoPicture:
    """The error that says why there is no picture."""
    blocked = answer.prompt_feedback.block_reason if answer.prompt_feedback is not None else ""
    kind = Blocked if answer.blocked else NoPicture
    return kind(answer.why_no_image, reason=blocked or answer.native_finish_reason, request_id=answer.request_id)


def misnamed(path: Path, image: Image) -> str:
    """A note about a file whose suffix is of another type, "" for none."""
    return "" if fits(path, image.mime_type) else f"note: {path} holds {image.mime_type}"


def _usage(answer: Answer) -> dict[str, Any]:
    """Token counts as JSON numbers; protobuf's own mapping would make them strings."""
    counted: dict[str, Any] = _counted(MessageToDict(answer.usage, preserving_proto_field_name=True))
    return counted


def _counted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _counted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_counted(item) for item in value]
    return int(value) if isinstance(value, str) and value.isdecimal() else value
