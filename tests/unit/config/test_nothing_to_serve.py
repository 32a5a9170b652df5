"""A configuration that serves nothing is refused by `check` too, as by `serve`, with what to do about it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from imagewire_server.cli import app
from tests.unit.config.files import written

UNSET = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "VERTEXAI_PROJECT", "VERTEX_PROJECT")
EMPTY = (
    ":1: model_list is empty: add a model, or remove model_list to serve all models of the providers that have"
    " credentials in the environment"
)


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(app, arguments, env={**dict.fromkeys(UNSET), **environ})


@pytest.mark.parametrize("text", ["model_list: []\n", "model_list:\n"], ids=["empty", "null"])
@pytest.mark.parametrize(
    "command",
    [("check",), ("check", "--strict"), ("check", "--no-env"), ("serve",), ("serve", "--workers", "1")],
    ids=" ".join,
)
def test_an_empty_list_is_refused(tmp_path: Path, text: str, command: tuple[str, ...]) -> None:
    file = written(tmp_path, text)
    for environ in ({}, {"GEMINI_API_KEY": "k"}):
        ended = run(*command, "--config", str(file), **environ)
        assert (ended.exit_code, ended.stderr, ended.stdout) == (2, f"imagewire-server: {file}{EMPTY}\n", "")


def test_without_a_provider_check_says_what_serve_says(tmp_path: Path) -> None:
    file = written(tmp_path, "general_settings: {master_key: sk-0123456789}\n")
    for options in ((), ("--config", str(file))):
        checked, served = run("check", *options), run("serve", "--workers", "1", *options)
        assert (checked.exit_code, checked.stdout) == (served.exit_code, "") == (2, "")
        assert checked.stderr == served.stderr
        assert checked.stderr.startswith("imagewire-server: no provider is set up. Do one of these:\n")
    assert run("check", "--no-env", "--config", str(file)).exit_code == 0


def test_models_that_the_environment_names_are_not_nothing(tmp_path: Path) -> None:
    text = "model_list:\n  - {model_name: a, litellm_params: {model: os.environ/MODEL, api_key: k}}\n"
    ended = run("check", "--no-env", "--config", str(written(tmp_path, text)))
    told = "a\n  os.environ/MODEL  is served if that is a model of a provider of this server\n"
    assert (ended.exit_code, ended.stdout.startswith(told)) == (0, True)
