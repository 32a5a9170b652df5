"""imagewire models: the models that the server draws with."""

import json
import sys
from typing import TYPE_CHECKING, Any, Literal

from imagewire.cli import shared_options
from imagewire.cli.exits import failures_reported
from imagewire.cli.output import onto_stdout, put

if TYPE_CHECKING:
    from imagewire.v1.model_service_pb2 import Model

_Choice = Literal["image_sizes", "aspect_ratios"]
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
    """All fields; null for what is not known, a list for the values of a Choices."""
    from google.protobuf.json_format import MessageToDict

    from imagewire.v1.model_service_pb2 import Choices

    fields = MessageToDict(model, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    facts: dict[str, Any] = {field.name: fields.get(field.name) for field in model.DESCRIPTOR.fields}
    choices = {field.name for field in model.DESCRIPTOR.fields if field.message_type == Choices.DESCRIPTOR}
    return facts | {name: facts[name]["values"] for name in choices if facts[name] is not None}
