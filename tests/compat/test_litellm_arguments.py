"""Every argument that LiteLLM's package knows is served, accepted or refused with a remedy."""

import inspect
import os
from typing import Any

import pytest

from imagewire.litellm import exceptions, known_arguments
from imagewire.litellm.options import CompletionOptions
from tests.compat.conftest import package

pytestmark = pytest.mark.filterwarnings("default")  # the package's own
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch its prices at import


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


@pytest.mark.parametrize("name", exceptions.__all__)
def test_the_errors_have_litellm_s_names(litellm: Any, name: str) -> None:
    assert issubclass(getattr(litellm.exceptions, name), Exception)
