"""`from imagewire import litellm` in the place of `import litellm`: its functions, settings and errors."""

import logging
import subprocess
import sys
from typing import Any

import pytest

import imagewire
from imagewire import litellm
from imagewire.answer import Answer
from imagewire.litellm import exceptions
from imagewire.litellm.params import read

MODEL = "gemini/gemini-2.5-flash-image"
SAY = [{"role": "user", "content": "A banana"}]


@pytest.mark.parametrize("name", litellm.__all__)
def test_each_name_is_there(name: str) -> None:
    assert name in dir(litellm)
    getattr(litellm, name)


def test_its_functions_are_the_packages() -> None:
    assert litellm.completion is imagewire.completion
    assert litellm.acompletion is imagewire.acompletion
    assert litellm.stream_chunk_builder is imagewire.stream_chunk_builder
    assert litellm.RateLimitError is exceptions.RateLimitError is imagewire.RateLimited
    with pytest.raises(AttributeError, match="no attribute 'embedding'"):
        litellm.embedding  # noqa: B018


def test_a_cost_that_is_not_known_is_told() -> None:
    with pytest.raises(imagewire.InvalidRequest, match="knows no price"):
        litellm.completion_cost(imagewire.Completion(Answer()))


def test_its_settings_hold_for_calls_that_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "drop_params", True)
    monkeypatch.setattr(litellm, "num_retries", 0)
    monkeypatch.setattr(litellm, "request_timeout", 7.0)
    request = read(MODEL, SAY, {"logprobs": True, "timeout": None})
    assert (request.drops.names, request.connection.retries, request.timeout) == (["logprobs"], 0, 7.0)
    request = read(MODEL, SAY, {"drop_params": False, "max_retries": 1, "timeout": 3.0})
    assert (request.drops.enabled, request.connection.retries, request.timeout) == (False, 1, 3.0)


def test_its_errors_need_no_import_of_their_own() -> None:
    program = """
from imagewire import litellm
assert "exceptions" in dir(litellm)
print(litellm.exceptions.AuthenticationError.__name__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("Unauthenticated\n", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("callbacks", ["langfuse"]),
        ("max_budget", 1.0),
        ("ssl_verify", False),
        ("ssl_verify", "/ca.pem"),
        ("zzz", True),
        ("dropparams", True),
    ],
)
def test_a_setting_that_would_change_nothing_cannot_be_set(name: str, value: Any) -> None:
    remedies = {
        "callbacks": ": use the server's log",
        "max_budget": ": give keys a budget under imagewire.callers of the server's file",
        "ssl_verify": ": certificates are always verified; set SSL_CERT_FILE",
        "zzz": "; the settings are api_base",
        "dropparams": "; did you mean drop_params",
    }
    with pytest.raises(AttributeError, match=f"litellm.{name} cannot be set here{remedies[name]}"):
        setattr(litellm, name, value)


def test_where_models_are_is_a_setting_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"api_key": "k", "api_base": "https://a.example", "vertex_project": "p"}.items():
        monkeypatch.setattr(litellm, name, value)
    given = dict(read(MODEL, SAY, {}).connection.variables)
    assert given == {
        "IMAGEWIRE_GEMINI_API_KEY": "k",
        "IMAGEWIRE_GEMINI_API_BASE": "https://a.example",
        "IMAGEWIRE_VERTEX_PROJECT": "p",
    }
    said = {"base_url": "https://b.example", "vertex_ai_project": "q"}
    given = dict(read(MODEL.replace("gemini/", "vertex_ai/"), SAY, said).connection.variables)
    assert given == {"IMAGEWIRE_VERTEX_API_BASE": "https://b.example", "IMAGEWIRE_VERTEX_PROJECT": "q"}


@pytest.mark.parametrize("way", ["litellm.set_verbose = True", "litellm._turn_on_debug()"])
def test_verbose_shows_each_attempt_until_it_is_switched_off(way: str, target: str) -> None:
    program = f"""
from imagewire import litellm
{way}
litellm.completion(model={MODEL!r}, messages={SAY!r})
litellm.set_verbose = False
litellm.completion(model={MODEL!r}, messages={SAY!r})
"""
    environ = {"IMAGEWIRE_TARGET": target}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True, env=environ
    )
    [line] = done.stderr.splitlines()
    assert line.endswith(f": attempt 1, to {target}")


def test_the_loggers_own_level_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("imagewire")
    monkeypatch.setattr(logger, "level", logging.ERROR)
    for shown, level in ((False, logging.ERROR), (True, logging.DEBUG), (True, logging.DEBUG), (False, logging.ERROR)):
        litellm.set_verbose = shown
        assert logger.level == level


def test_what_is_not_here_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "telemetry", False, raising=False)
    monkeypatch.setattr(litellm, "suppress_debug_info", True, raising=False)
    monkeypatch.setattr(litellm, "success_callback", [], raising=False)
    monkeypatch.setattr(litellm, "cache", None, raising=False)
    monkeypatch.setattr(litellm, "ssl_verify", True, raising=False)
    monkeypatch.setattr(litellm, "ssl_verify", None, raising=False)


def test_a_program_with_the_import_line_changed(target: str) -> None:
    program = f"""
from imagewire import litellm
from imagewire.litellm import completion
from imagewire.litellm.exceptions import RateLimitError

litellm.drop_params = True
litellm.num_retries = 0
response = litellm.completion(model={MODEL!r}, messages={SAY!r}, logit_bias={{"1": 2}}, reasoning_effort="low")
print(response._hidden_params["dropped_params"])
for names in (litellm.RateLimitError, litellm.exceptions.RateLimitError, RateLimitError):
    try:
        completion("gemini/emulator-429-per-day", {SAY!r})
    except names as error:
        print(error.status_code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"IMAGEWIRE_TARGET": target},
    )
    assert done.stdout.split("\n")[:4] == ["['logit_bias', 'reasoning_effort']", "429", "429", "429"], done.stderr
