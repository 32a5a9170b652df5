"""What is said of an answer: lines for people, one JSON object for programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from imagewire import Answer, Blocked, Image, NoPicture, _files
from imagewire.cli._exits import printable


def lines(answer: Answer, files: Sequence[Path], drafts: int = 0) -> list[str]:
    """For people. files: where the pictures are, that of `answer.image` first."""
    said = [printable(answer.text.strip())] if answer.text.strip() else []
    said += [f"{path}  (a further picture of the same answer)" for path in files[1:]]
    if files and answer.image is not None:
        said.append(f"{files[0]}  {facts(answer.image)}{_price(answer)}  sha256 {answer.image.sha256}")
    return said


def facts(image: Image) -> str:
    """Its pixels and its weight."""
    pixels = f"{image.width}x{image.height}  " if image.width else ""
    return pixels + weight(image.size_bytes)


def weight(size: int) -> str:
    """A file's size, for people."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _price(answer: Answer) -> str:
    """What it cost, else how many tokens it took, else nothing."""
    if answer.cost is not None:
        return f"  ${answer.cost:.4f}"
    return f"  {answer.usage.total_tokens} tokens" if answer.usage.total_tokens else ""


def summary(prompt: str, answer: Answer, files: Sequence[Path]) -> dict[str, Any]:
    """What `--json` prints. Sizes in bytes, cost in US dollars."""
    image = answer.image or Image()
    return {
        "prompt": prompt,
        "file": str(files[0]) if files else None,
        "files": [str(path) for path in files],
        "text": answer.text,
        "mime_type": image.mime_type,
        "width": image.width,
        "height": image.height,
        "size_bytes": image.size_bytes,
        "sha256": image.sha256,
        "model": answer.model,
        "model_version": answer.model_version,
        "completion_id": answer.id,
        "finish_reason": answer.finish_reason,
        "native_finish_reason": answer.native_finish_reason,
        "cost_usd": answer.cost,
        "usage": _usage(answer),
    }


def nothing(answer: Answer) -> NoPicture:
    """Why there is no picture, for raising."""
    blocked = answer.prompt_feedback.block_reason if answer.prompt_feedback is not None else ""
    kind = Blocked if answer.blocked else NoPicture
    return kind(answer.why_no_image, reason=blocked or answer.native_finish_reason)


def misnamed(path: Path, image: Image) -> str:
    """A note on a file whose name says another kind of picture, "" for none."""
    return "" if _files.fits(path, image.mime_type) else f"note: {path} holds {image.mime_type}"


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
