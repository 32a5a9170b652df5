"""imagewire models: the models that the server draws with."""

import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Literal

from imagewire.cli import shared_options
from imagewire.cli.exits import failures_reported
from imagewire.cli.output import printable, put

if TYPE_CHECKING:
    from imagewire.v1.model_service_pb2 import Model

_Choice = Literal["image_sizes", "aspect_ratios"]
_UNKNOWN = "?"


def models(
    target: shared_options.Target = None,
    tls_ca: shared_options.TlsCa = None,
    tls_cert: shared_options.TlsCert = None,
    tls_key: shared_options.TlsKey = None,
    as_json: shared_options.AsJson = False,
) -> None:
    """List the models that the server draws with.

    EDITS: the most pictures that one request takes. $/M: US dollars per million tokens of a picture. "?": not known;
    "none": the model takes none. With --json the one is null, the other an empty list.
    """
    with failures_reported(as_json=as_json):
        with shared_options.client(target, tls_ca, tls_cert, tls_key) as client:
            found = client.list_models()
        if as_json:
            for model in found:
                put(json.dumps(_facts(model)))
        else:
            _print(found)


_HEADINGS = ("MODEL", "SIZES", "RATIOS", "EDITS", "$/M")


def _print(found: "list[Model]") -> None:
    """A table, or a paragraph for each model where the terminal is too narrow for lines that stay whole."""
    rows = [_row(model) for model in found]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    if sys.stdout.isatty() and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        for name, *values in rows:
            put(name)
            for heading, value in zip(_HEADINGS[1:], values, strict=True):
                first, *more = textwrap.wrap(value, max(20, shutil.get_terminal_size().columns - 11))
                put(f"  {heading:<7} {first}")
                for line in more:
                    put(f"{'':<10}{line}")
        return
    for row in (_HEADINGS, *rows):
        cells = [
            value.rjust(width) if at > 2 else value.ljust(width)
            for at, (value, width) in enumerate(zip(row, widths, strict=True))
        ]
        put("  ".join(cells).rstrip())


def _row(model: "Model") -> tuple[str, ...]:
    return (
        printable(model.name),
        _choices(model, "image_sizes"),
        _choices(model, "aspect_ratios"),
        str(model.max_input_images or "none") if model.HasField("max_input_images") else _UNKNOWN,
        f"{model.price.image_output_usd_per_million:g}" if model.HasField("price") else _UNKNOWN,
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
