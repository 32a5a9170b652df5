"""Every argument that LiteLLM's package knows is served, accepted or refused with a remedy."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from imagewire.litellm import exceptions, familiar_errors, known_arguments
from imagewire.litellm.options import CompletionOptions
from imagewire.litellm.params import read
from tests.compat.conftest import package

pytestmark = pytest.mark.filterwarnings("default")  # the package's own

PAGE = Path(__file__).parents[2] / "docs/litellm.md"
SAY = [{"role": "user", "content": "A banana"}]


@pytest.fixture(scope="module")
def litellm() -> Any:
    return package("litellm")


def test_no_argument_of_litellm_s_is_unknown(litellm: Any) -> None:
    known = {*inspect.signature(litellm.completion).parameters, *inspect.signature(litellm.acompletion).parameters}
    known |= {*package("litellm.types.utils").all_litellm_params}
    known |= {*package("litellm.constants").DEFAULT_CHAT_COMPLETION_PARAM_VALUES}
    ours = {*CompletionOptions.__annotations__, "model", "messages", "stream"}
    assert len(known) > 100
    assert [name for name in sorted(known - ours) if known_arguments.remedy(name) is None] == []


def test_messages_of_litellm_s_and_openai_s_own_packages_are_read(litellm: Any) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    openai = package("openai.types.chat")
    for kind in (litellm.Message, openai.ChatCompletionMessage):
        said = kind(role="assistant", content="Here", tool_calls=[call])
        request = read(
            "gemini/m",
            [*SAY, said, {"role": "assistant", "content": "x", "tool_calls": said.tool_calls}, *SAY],
            {"target": "host:1"},
        )
        for message in request.spec.messages[1:3]:
            assert [part.WhichOneof("content") for part in message.parts] == ["text", "function_call"]


def test_the_documented_errors_are_the_ones_raised() -> None:
    rows = re.findall(r"^\| (`\w+`[^|]*) \| `(\w+)` \| `(\w+)` \| (\d+) \|$", PAGE.read_text(), re.MULTILINE)
    told = {(name, row[3], row[1], row[2]) for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    table = familiar_errors._KNOWN.items()  # what the page is about
    made = {(kind.__name__, str(known.status), known.litellm, known.openai) for kind, known in table}
    unreached = familiar_errors._UNREACHED
    made.add(("Unavailable", str(unreached.status), unreached.litellm, unreached.openai))
    assert made <= told
    assert {name for name, *_ in told} - {name for name, *_ in made} == {"ModelNotFound"}


@pytest.mark.parametrize("name", exceptions.__all__)
def test_the_errors_have_litellm_s_names(litellm: Any, name: str) -> None:
    assert issubclass(getattr(litellm.exceptions, name), Exception)
