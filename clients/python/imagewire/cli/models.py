"""imagewire models: what the server draws with."""

import json
import sys
from typing import TYPE_CHECKING, Any

from imagewire.cli import _options
from imagewire.cli._exits import onto_stdout, put, told

if TYPE_CHECKING:
    from imagewire.v1.model_service_pb2 import Model


def models(target: _options.Target = None, as_json: _options.AsJson = False) -> None:
    """List the models that the server draws with.

    EDITS: the most pictures that one request takes. $/M: US dollars per million tokens of a picture.
    """
    with told(as_json=as_json):
        with _options.client(target) as client:
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
        price = model.price.image_output_usd_per_million
        table.add_row(
            model.name,
            " ".join(model.image_sizes.values) or "-",
            " ".join(model.aspect_ratios.values) or "-",
            str(model.max_input_images or "-"),
            f"{price:g}" if price else "-",
        )
    # A pipe has no width that a line would have to be broken for.
    with onto_stdout():
        Console(file=sys.stdout, markup=False, highlight=False, width=None if sys.stdout.isatty() else 10_000).print(
            table
        )


def _facts(model: "Model") -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    facts: dict[str, Any] = MessageToDict(
        model, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return facts
