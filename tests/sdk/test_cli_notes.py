"""The command's own notes, of what it drew and of what is unfinished, when they are damaged."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.sdk.command import run
from tests.sdk.test_cli_schemas import valid

DAMAGED = {"deep": "[" * 200_000, "cut": '{"imagewire_draw": 1', "list": "[1]", "text": '"x"', "no JSON": "\\xff"}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_they_are_left_out(tmp_path: Path, target: str, damaged: str) -> None:
    state = tmp_path / "state"

    def command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return run(tmp_path, target, *arguments, XDG_STATE_HOME=str(state))

    assert command("draw", "A cat").returncode == 0
    (state / "imagewire" / "unfinished" / "damaged.json").write_text(damaged)
    with (state / "imagewire" / "drawings.jsonl").open("a") as file:
        file.write(f"{damaged}\n")
        row = dict.fromkeys(["time", "prompt", "model", "completion_id", "image_ids", "cost_usd", "files"], 5)
        file.write(json.dumps(row) + "\n")
    ended = command("history", "--json")
    assert (ended.returncode, ended.stderr) == (0, b"")
    (listed,) = valid("history", ended.stdout.decode())
    assert listed["prompt"] == "A cat"
    assert b"nothing is unfinished" in command("draw", "A cat", "--resume").stderr
