"""imagewire history: what this command drew, by its own notes."""

import json
from typing import Any

import typer

from imagewire.cli import drawings, shared_options, unfinished
from imagewire.cli.exits import Exit, Failure, failures_reported, report_failure
from imagewire.cli.output import note, printable, put, shortened


def history(as_json: shared_options.AsJson = False) -> None:
    """List what this command drew, the newest last: when, ids, model, cost and files. Needs no server."""
    with failures_reported(as_json=as_json):
        drawn, wrong = drawings.load()
        rows = [_row("saved", fields) for fields in drawn]
        try:
            rows += [_row("unfinished", fields) for fields in unfinished.entries()]
        except OSError as error:
            wrong = wrong or f"{error.filename}: {error.strerror}; make it readable, or set XDG_STATE_HOME"
        for row in sorted(rows, key=lambda row: str(row["time"])):
            put(json.dumps(row) if as_json else _line(row))
        if wrong:
            report_failure(Failure(Exit.FAILED, wrong), as_json=as_json)
            raise typer.Exit(Exit.FAILED)
        if not rows and not as_json:
            note("nothing was drawn yet")


def _row(state: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an entry that `--json` prints."""
    nothing: dict[str, Any] = {
        "completion_id": None,
        "request_id": None,
        "image_ids": [],
        "cost_usd": None,
        "files": [],
    }
    return {"state": state, **nothing, **fields}


def _line(row: dict[str, Any]) -> str:
    cost = "" if row["cost_usd"] is None else f"  ${row['cost_usd']:.4f}"
    ident = row["completion_id"] or row["request_id"]
    told = "  ".join(row["files"]) or ("(unfinished: draw --resume)" if row["state"] == "unfinished" else "(no file)")
    line = f"{row['time']}  {ident}  {row['model']}{cost}  {shortened(row['prompt'])}  {told}"
    return printable(line).replace("\n", "\N{REPLACEMENT CHARACTER}")
