"""Each field that the openai package knows is a field here, or is refused by name as one that is not supported."""

from importlib import import_module
from typing import Any

import msgspec
import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.chat import request as chat
from imagewire_server.formats.openai.common.json_decode import Strict, convert
from imagewire_server.formats.openai.images.request import ImagesRequest
from imagewire_server.formats.openai.responses import request as responses
from tests.compat.conftest import package

# The package's types, in openai.types, and ours.
TYPES: list[tuple[str, type[Strict]]] = [
    ("chat.completion_create_params.CompletionCreateParamsBase", chat.ChatRequest),
    ("chat.completion_create_params.WebSearchOptions", chat.WebSearchOptions),
    ("chat.ChatCompletionStreamOptionsParam", chat.StreamOptions),
    ("chat.ChatCompletionFunctionToolParam", chat.Tool),
    ("chat.ChatCompletionUserMessageParam", chat.Message),
    ("chat.ChatCompletionAssistantMessageParam", chat.Message),
    ("chat.ChatCompletionToolMessageParam", chat.Message),
    ("shared_params.FunctionDefinition", chat.Function),
    ("shared_params.ResponseFormatJSONSchema", chat.Format),
    ("image_generate_params.ImageGenerateParamsBase", ImagesRequest),
    ("image_edit_params.ImageEditParamsBase", ImagesRequest),
    ("responses.response_create_params.ResponseCreateParamsBase", responses.ResponsesRequest),
    ("responses.response_create_params.StreamOptions", responses.StreamOptions),
    ("responses.tool_param.ImageGeneration", responses.ImageTool),
    ("responses.FunctionToolParam", responses.FunctionTool),
    ("responses.WebSearchToolParam", responses.WebSearchTool),
    ("responses.ResponseTextConfigParam", responses.Text),
    ("responses.ResponseFormatTextJSONSchemaConfigParam", responses.TextFormat),
    ("shared_params.Reasoning", responses.ReasoningOptions),
]
# Files of a form, which the endpoint reads.
FILES = {"image", "mask"}


def _fields(path: str) -> set[str]:
    package("openai")
    module, _, name = f"openai.types.{path}".rpartition(".")
    kind: Any = getattr(import_module(module), name)
    return {field for one in kind.__mro__ for field in getattr(one, "__annotations__", {})}


def _known(kind: type[Strict]) -> set[str]:
    tag = kind.__struct_config__.tag_field
    return {field.encode_name for field in msgspec.structs.fields(kind)} | ({tag} if tag else set())


@pytest.mark.parametrize(("path", "kind"), TYPES, ids=lambda value: value if isinstance(value, str) else "")
def test_no_field_of_the_package_is_unknown(path: str, kind: type[Strict]) -> None:
    files = FILES if "image_edit" in path else set()
    assert _fields(path) - _known(kind) - files <= set(kind.remedies)


@pytest.mark.parametrize("kind", sorted({kind for _, kind in TYPES}, key=lambda kind: kind.__qualname__))
def test_what_is_not_supported_is_said_so(kind: type[Strict]) -> None:
    for name, remedy in kind.remedies.items():
        tag = kind.__struct_config__.tag_field
        given = {name: "other", **({tag: kind.__struct_config__.tag} if tag else {})}
        with pytest.raises(InvalidRequest) as caught:
            convert(given, kind)
        found = [(one.field, one.description) for one in caught.value.violations]
        assert found == [(name, remedy)]
