"""imagewire models: the models that the server draws with."""

import json
import sys
from typing import TYPE_CHECKING, Any, Literal, get_args

from imagewire.cli import shared_options
from imagewire.cli.exits import failures_reported
from imagewire.cli.output import onto_stdout, put

if TYPE_CHECKING:
    from imagewire.v1.model_service_pb2 import Model

_Choice = Literal["image_sizes", "aspect_ratios", "thinking_levels"]
_UNKNOWN = "?"


def models(target: shared_options.Target = None, as_json: shared_options.AsJson = False) -> None:
    """List the models that the server draws with.

    EDITS: the most pictures that one request takes. $/M: US dollars per million tokens of a picture. "?": not known;
    "none": the model takes none. With --json the one is null, the other an empty list.
    """
    with failures_reported(as_json=as_json):
        with shared_options.client(target) as client:
            found = client.list_models()
        if as_json:
            for model in found:
                put(json.dumps(_facts(model)))
        else:
            _print(found)


def _print(found: "list[Model]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("MODEL", "SIZES", "RATIOS", "EDITS", "$/M"):
        table.add_column(heading, justify="right" if heading in {"EDITS", "$/M"} else "left", overflow="fold")
    for model in found:
        table.add_row(
            model.name,
            _choices(model, "image_sizes"),
            _choices(model, "aspect_ratios"),
            str(model.max_input_images or "none") if model.HasField("max_input_images") else _UNKNOWN,
            f"{model.price.image_output_usd_per_million:g}" if model.HasField("price") else _UNKNOWN,
        )
    # Lines for a pipe are not wrapped.
    with onto_stdout():
        Console(file=sys.stdout, markup=False, highlight=False, width=None if sys.stdout.isatty() else 10_000).print(
            table
        )


def _choices(model: "Model", name: "_Choice") -> str:
    return " ".join(getattr(model, name).values) or "none" if model.HasField(name) else _UNKNOWN


def _facts(model: "Model") -> dict[str, Any]:
    """All fields; null for what is not known."""
    from google.protobuf.json_format import MessageToDict

    fields: dict[str, Any] = MessageToDict(
        model, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    facts = {field.name: fields.get(field.name) for field in model.DESCRIPTOR.fields}
    return facts | {name: list(getattr(model, name).values) for name in get_args(_Choice) if model.HasField(name)}
