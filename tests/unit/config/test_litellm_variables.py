"""LiteLLM's variables that are set and not read: each is named once, with what stands in its place."""

import pytest

from imagewire_server.config.litellm_variables import unused

REST = "127.0.0.1:4000"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("DATABASE_URL", "no database"),
        ("REDIS_URL", "no cache"),
        ("REDIS_HOST", "no cache"),
        ("STORE_MODEL_IN_DB", "SIGHUP"),
        ("LITELLM_LOG", "IMAGEWIRE_LOG_LEVEL"),
        ("LITELLM_SALT_KEY", "nothing is stored"),
        ("UI_USERNAME", "no user interface"),
        ("UI_PASSWORD", "no user interface"),
        ("LANGFUSE_PUBLIC_KEY", "docs/interceptors.md"),
        ("PORT", "--port"),
        ("NUM_WORKERS", "--num_workers"),
        ("CONFIG_FILE_PATH", "--config"),
        ("SSL_VERIFY", "always verified"),
        ("NO_DOCS", "open"),
        ("REQUEST_TIMEOUT", "IMAGEWIRE_FIRST_BYTE_TIMEOUT"),
        ("LITELLM_SOMETHING_NEW", "LiteLLM's alone"),
    ],
)
def test_a_variable_that_is_set_is_named(name: str, instead: str) -> None:
    (words,) = unused({name: "x"}, REST)
    assert words.startswith(f"{name} is set")
    assert instead in words


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"DATABASE_URL": ""},
        {"PORT": "4000"},
        {"LITELLM_MASTER_KEY": "sk"},
        {"GEMINI_API_KEY": "k", "PATH": "/bin", "IMAGEWIRE_REST": "x", "MY_DATABASE_URL": "x", "HOST": "a"},
    ],
    ids=str,
)
def test_others_are_not(environ: dict[str, str]) -> None:
    assert list(unused(environ, REST)) == []


def test_no_value_is_told() -> None:
    assert "secret" not in "".join(unused({"DATABASE_URL": "postgres://u:secret@h", "REDIS_PASSWORD": "secret"}, REST))
