"""Settings: their sources, their order, and errors that name place and remedy."""

from pathlib import Path

import pytest

from imagewire_server.config.settings import Settings
from imagewire_server.config.source import ConfigError
from imagewire_server.providers.google.config import GoogleSettings
from imagewire_server.providers.registry import load as load_config
from tests.deployments import settings


def load(path: Path | None, environ: dict[str, str], **flags: str) -> Settings:
    return load_config(path, environ, **flags).settings


def test_later_sources_override_earlier_ones(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "imagewire:\n  grpc: 127.0.0.1:1\n  idle_timeout: 5\n  connect_timeout: 2.5\n"
        "  gemini_api_key: os.environ/MINE\n"
    )
    environ = {
        "MINE": "secret",
        "IMAGEWIRE_GRPC": "127.0.0.1:2",
        "IMAGEWIRE_IDLE_TIMEOUT": "6",
        "IMAGEWIRE_TARGET": "x",
    }
    made = load(file, environ, grpc="127.0.0.1:3")
    assert (made.grpc, made.idle_timeout, made.connect_timeout) == ("127.0.0.1:3", 6.0, 2.5)
    assert made.of(GoogleSettings).gemini_api_key == "secret"
    assert "secret" not in repr(made)


def test_the_key_alone_is_enough() -> None:
    assert load(None, {"GEMINI_API_KEY": "k"}) == settings(gemini_api_key="k")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# nothing\n")
    assert load(file, {}) == settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("imagewire:\n  gprc: x\n", ":2: unknown key 'gprc' in imagewire; did you mean 'grpc'?"),
        ("imagewire:\n  zzz: x\n", ":2: unknown key 'zzz' in imagewire; valid keys are"),
        ("imagewyre:\n  grpc: x\n", ":1: unknown key 'imagewyre' in the file; did you mean 'imagewire'?"),
        ("imagewire:\n  grpc: nowhere\n", ":2: grpc must be HOST:PORT"),
        ("imagewire:\n\n  idle_timeout: soon\n", ":3: idle_timeout must be a number, not 'soon'"),
        ("imagewire:\n  max_request_bytes: 1.5\n", ":2: max_request_bytes must be a whole number"),
        ("imagewire:\n  idle_timeout: -1\n", ":2: idle_timeout must be more than 0"),
        ("imagewire:\n  idle_timeout: nan\n", ":2: idle_timeout must be more than 0"),
        ("imagewire:\n  gemini_base_url: ftp://x\n", ":2: gemini_base_url must start with https://"),
        ("imagewire:\n  log_level: loud\n", ":2: log_level must be debug"),
        ("imagewire:\n  grpc: [1]\n", ":2: grpc must be a single value"),
        (
            "imagewire:\n  gemini_api_key: os.environ/NOT_THERE\n",
            "gemini_api_key: the environment variable NOT_THERE is not set",
        ),
        ("imagewire:\n  drain_grace: 1\n  drain_grace: 2\n", ":3: 'drain_grace' is set twice"),
        ("imagewire: 3\n", "must be a mapping"),
        ("imagewire: [\n", "is not valid YAML"),
        ("- a\n", "must be a mapping"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    assert str(refused.value).startswith(str(file))
    assert words in str(refused.value)


def test_a_missing_file_and_a_wrong_variable_are_named() -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load(Path("none.yaml"), {})
    with pytest.raises(ConfigError, match="IMAGEWIRE_IDLE_TIMEOUT: idle_timeout must be a number"):
        load(None, {"IMAGEWIRE_IDLE_TIMEOUT": "x"})


def test_rest_is_where_litellm_is() -> None:
    assert Settings().rest.rpartition(":")[2] == "4000"


def test_a_setting_has_its_former_name_too(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    for name in ("missing_signatures", "rest_missing_signatures"):
        file.write_text(f"imagewire: {{{name}: refuse}}\n")
        assert load(file, {}).missing_signatures == "refuse"
        assert load(None, {f"IMAGEWIRE_{name.upper()}": "refuse"}).missing_signatures == "refuse"
    file.write_text("imagewire:\n  missing_signatures: refuse\n  rest_missing_signatures: bypass\n")
    with pytest.raises(ConfigError, match=":3: rest_missing_signatures and missing_signatures are one setting"):
        load(file, {})
