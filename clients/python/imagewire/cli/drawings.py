"""What this command drew: a file of JSON lines in the state folder. Only the newest are kept."""

import contextlib
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagewire.cli.output import note
from imagewire.cli.state_files import private_folder, state_folder

if TYPE_CHECKING:
    from imagewire import Answer

_KEPT = 1000
# The file is cut to the newest when it has so many lines more.
_MORE = 200


def add(prompt: str, answer: "Answer", files: Sequence[Path]) -> None:
    """Note an answer. If that is impossible, say so: the pictures are saved all the same."""
    fields = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "prompt": prompt,
        "model": answer.model,
        "completion_id": answer.id,
        "image_ids": [image.image_id for image in answer.images or answer.drafts if image.image_id],
        "cost_usd": answer.cost,
        "files": [str(file.absolute()) for file in files],
    }
    try:
        _append(json.dumps(fields).encode() + b"\n")
    except OSError as error:
        note(f"`imagewire history` will not have this: {error.filename}: {error.strerror}")


def load() -> list[dict[str, Any]]:
    """What was drawn, the oldest first. What cannot be read is left out."""
    state = state_folder()
    found: list[dict[str, Any]] = []
    if state is not None:
        with contextlib.suppress(OSError):
            for line in (state / _NAME).read_bytes().splitlines():
                with contextlib.suppress(ValueError, RecursionError):
                    fields = json.loads(line)
                    if _is_noted(fields):
                        found.append(fields)
    return found[-_KEPT:]


def prompt_of(completion_id: str) -> str:
    """What was asked, "" where it is not known here."""
    return next((fields["prompt"] for fields in load() if fields["completion_id"] == completion_id), "")


_NAME = "drawings.jsonl"
_TEXTS, _LISTS = {"time", "prompt", "model", "completion_id"}, {"image_ids", "files"}


def _is_noted(fields: Any) -> bool:
    """Whether `add` has written it."""
    return (
        isinstance(fields, dict)
        and fields.keys() == {*_TEXTS, *_LISTS, "cost_usd"}
        and all(isinstance(fields[name], str) for name in _TEXTS)
        and all(isinstance(fields[name], list) and all(isinstance(x, str) for x in fields[name]) for name in _LISTS)
        and isinstance(fields["cost_usd"], float | int | None)
    )


def _append(line: bytes) -> None:
    state = state_folder()
    if state is None:
        raise FileNotFoundError(2, "there is no home folder; set XDG_STATE_HOME", "history")
    path = private_folder(state) / _NAME
    with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as file:
        file.write(line)
    lines = path.read_bytes().splitlines(keepends=True)
    if len(lines) > _KEPT + _MORE:
        shorter = path.with_suffix(f".{os.getpid()}")
        shorter.write_bytes(b"".join(lines[-_KEPT:]))
        shorter.replace(path)
