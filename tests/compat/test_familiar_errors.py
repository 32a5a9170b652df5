"""Errors of `completion` are caught by the names that LiteLLM's and OpenAI's callers use."""

import pickle
import subprocess
import sys
from typing import Any

import grpc
import pytest

import imagewire
from imagewire import completion
from imagewire.litellm import familiar_errors
from tests.compat.conftest import package
from tests.integration import processes
from tests.sdk.conftest import Script, scripted

pytestmark = pytest.mark.filterwarnings("default")  # the packages' own

MODEL = "gemini/gemini-2.5-flash-image"
SAY = [{"role": "user", "content": "A banana"}]
# gRPC's status, LiteLLM's class, OpenAI's class, and the HTTP status.
CODES = [
    (grpc.StatusCode.INVALID_ARGUMENT, "BadRequestError", "BadRequestError", 400),
    (grpc.StatusCode.UNAUTHENTICATED, "AuthenticationError", "AuthenticationError", 401),
    (grpc.StatusCode.PERMISSION_DENIED, "PermissionDeniedError", "PermissionDeniedError", 403),
    (grpc.StatusCode.NOT_FOUND, "NotFoundError", "NotFoundError", 404),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, "RateLimitError", "RateLimitError", 429),
    (grpc.StatusCode.DEADLINE_EXCEEDED, "Timeout", "APITimeoutError", 504),
    (grpc.StatusCode.UNAVAILABLE, "APIConnectionError", "APIConnectionError", 503),
    (grpc.StatusCode.UNIMPLEMENTED, "BadRequestError", "BadRequestError", 400),
    (grpc.StatusCode.CANCELLED, "APIError", "APIError", 499),
    (grpc.StatusCode.DATA_LOSS, "BadGatewayError", "InternalServerError", 502),
    (grpc.StatusCode.INTERNAL, "InternalServerError", "InternalServerError", 500),
]


@pytest.fixture(scope="module")
def litellm() -> Any:
    return package("litellm")


@pytest.fixture
def openai_alone(monkeypatch: pytest.MonkeyPatch) -> Any:
    """OpenAI's package, as in a program that has not imported LiteLLM's."""
    monkeypatch.delitem(sys.modules, "litellm.exceptions", raising=False)
    return package("openai")


def _failing(code: grpc.StatusCode) -> Script:
    return Script(events=[], fail=lambda context: context.abort(code, "the server's words"))


@pytest.mark.parametrize(("code", "name", "openai_name", "status"), CODES, ids=[str(row[0]) for row in CODES])
def test_litellm_s_names_catch(litellm: Any, code: grpc.StatusCode, name: str, openai_name: str, status: int) -> None:
    with scripted(_failing(code)) as target, pytest.raises(getattr(litellm, name)) as caught:
        completion(MODEL, SAY, target=target, num_retries=0)
    error: Any = caught.value
    assert isinstance(error, imagewire.ImagewireError)
    assert (error.status_code, error.llm_provider, error.model) == (status, "gemini", "gemini-2.5-flash-image")
    assert str(error) == error.message
    assert error.code == code.name


@pytest.mark.parametrize(("code", "name", "openai_name", "status"), CODES, ids=[str(row[0]) for row in CODES])
def test_openai_s_names_catch(
    openai_alone: Any, code: grpc.StatusCode, name: str, openai_name: str, status: int
) -> None:
    with scripted(_failing(code)) as target, pytest.raises(getattr(openai_alone, openai_name)) as caught:
        completion(MODEL, SAY, target=target, num_retries=0)
    error: Any = caught.value
    assert isinstance(error, imagewire.ImagewireError)
    assert (error.status_code, error.response.status_code) == (status, status)


@pytest.fixture(scope="module")
def target() -> Any:
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        yield server.address


def test_a_loop_waits_as_long_as_litellm_s_error_says(litellm: Any, target: str) -> None:
    try:
        completion("gemini/emulator-429", SAY, target=target, num_retries=0)
    except litellm.RateLimitError as error:
        caught = error
    assert caught.response.headers["retry-after"] == "22"


def test_a_stream_raises_them_too(litellm: Any, target: str) -> None:
    stream = completion("gemini/emulator-503", SAY, target=target, num_retries=0, stream=True)
    with pytest.raises(litellm.ServiceUnavailableError):
        next(stream)


async def test_asyncio_raises_them_too(litellm: Any, target: str) -> None:
    with pytest.raises(litellm.ServiceUnavailableError):
        await imagewire.acompletion("gemini/emulator-503", SAY, target=target, num_retries=0)
    stream = await imagewire.acompletion("gemini/emulator-503", SAY, target=target, num_retries=0, stream=True)
    with pytest.raises(litellm.ServiceUnavailableError):
        async for _ in stream:
            pass


def test_a_key_that_google_refuses(litellm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEWIRE_TARGET", raising=False)
    with processes.emulator() as emulator, pytest.raises(litellm.AuthenticationError) as caught:
        completion(MODEL, SAY, api_key="wrong", api_base=f"{emulator.address}/v1beta", num_retries=0)
    assert caught.value.status_code == 401


def test_a_wrong_argument_is_a_bad_request(litellm: Any) -> None:
    with pytest.raises(litellm.BadRequestError) as caught:
        completion(MODEL, SAY, target="host:1", n=3)
    assert caught.value.param == "n"


def test_they_are_caught_by_our_names_with_their_fields(litellm: Any, target: str) -> None:
    with pytest.raises(imagewire.RateLimited) as caught:
        completion("gemini/emulator-429-per-day", SAY, target=target, num_retries=0)
    error = caught.value
    same = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert isinstance(same, litellm.RateLimitError)
    assert isinstance(same, imagewire.RateLimited)
    assert (str(same), same.retry_after, same.reason) == (error.message, error.retry_after, error.reason)
    assert repr(same) == repr(error)


def test_clients_raise_their_own_classes_alone(litellm: Any, target: str) -> None:
    with imagewire.Client(target, retries=0) as client, pytest.raises(imagewire.RateLimited) as caught:
        client.draw("A banana", model="gemini/emulator-429-per-day")
    assert not isinstance(caught.value, litellm.RateLimitError)


def test_who_imports_neither_does_not_pay_for_them(target: str) -> None:
    program = f"""
import sys, imagewire
try:
    imagewire.completion("gemini/emulator-503", {SAY!r}, target={target!r}, num_retries=0)
except imagewire.Unavailable as error:
    print(error.status_code, type(error) is imagewire.Unavailable)
print(sorted({{"litellm", "openai", "httpx", "pydantic"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split("\n")[:2] == ["503 True", "[]"]


def test_classes_that_are_laid_out_otherwise_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    class Foreign(OSError):
        """An exception whose objects have fields of C's."""

    monkeypatch.setattr(familiar_errors, "_class", lambda module, name: Foreign)
    error = imagewire.RateLimited("no")
    familiar_errors.make_familiar(error, MODEL)
    assert type(error) is imagewire.RateLimited
