"""What this command drew: a file of JSON lines in the state folder. Only the newest are kept."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagewire.cli.output import note
from imagewire.cli.state_files import named, private_folder, state_folder

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
    _note(fields)


def rescued(completion_id: str, files: Sequence[Path]) -> None:
    """Note the files of an answer that was noted without one."""
    noted = [fields for fields in load()[0] if fields["completion_id"] == completion_id and not fields["files"]]
    if completion_id and noted:
        _note({**noted[-1], "files": [str(file.absolute()) for file in files]})


def _note(fields: dict[str, Any]) -> None:
    try:
        _append(json.dumps(fields).encode() + b"\n")
    except OSError as error:
        note(f"`imagewire history` will not have this: {error.filename}: {error.strerror}")


def load() -> tuple[list[dict[str, Any]], str]:
    """What was drawn, the oldest first, and what is wrong with the file, "" if nothing. Damaged lines are left out."""
    state = state_folder()
    if state is None:
        return [], ""
    path = state / _NAME
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"{path}: {error.strerror}; move it away or make it readable, or set XDG_STATE_HOME"
    found: list[dict[str, Any]] = []
    damaged: list[int] = []
    for number, line in enumerate(lines, 1):
        fields = _fields(line)
        if fields is None:
            damaged.append(number)
        else:
            found.append(fields)
    found = _merged(found)
    wrong = ""
    if damaged:
        where = ", ".join(map(str, damaged[:5])) + (", …" if len(damaged) > 5 else "")
        wrong = f"{path}: {len(damaged)} line(s) are damaged, and not shown: {where}; delete them, or the file"
    return found[-_KEPT:], wrong


def _merged(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each answer once: what `rescued` has noted stands in the place of the same without files."""
    merged: list[dict[str, Any]] = []
    without: dict[tuple[str, str], int] = {}
    for fields in found:
        key = (fields["completion_id"], fields["time"])
        if not fields["files"]:
            without[key] = len(merged)
        elif key in without:
            merged[without.pop(key)] = fields
            continue
        merged.append(fields)
    return merged


def prompt_of(completion_id: str) -> str:
    """What was asked, "" where it is not known here."""
    drawn, _ = load()
    return next((fields["prompt"] for fields in drawn if fields["completion_id"] == completion_id), "")


_NAME = "drawings.jsonl"
_TEXTS, _LISTS = {"time", "prompt", "model", "completion_id"}, {"image_ids", "files"}


def _fields(line: bytes) -> dict[str, Any] | None:
    """What `add` has written, None for anything else."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return fields if _is_noted(fields) else None


def _is_noted(fields: Any) -> bool:
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
    with named(path):
        with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600), "ab+") as file:
            if file.tell() and not path.read_bytes().endswith(b"\n"):  # what a full disk cut short
                file.write(b"\n")
            file.write(line)
        lines = path.read_bytes().splitlines(keepends=True)
        if len(lines) > _KEPT + _MORE:
            shorter = path.with_suffix(f".{os.getpid()}")
            shorter.write_bytes(b"".join(lines[-_KEPT:]))
            shorter.replace(path)
