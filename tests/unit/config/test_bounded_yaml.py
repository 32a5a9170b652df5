"""YAML of any shape ends in a line that says what is wrong, at once, and never in an exception of another kind."""

import time
from pathlib import Path

import pytest

from imagewire_server.config.source import ConfigError
from imagewire_server.providers.registry import load

_CREDENTIALS = "model_list:\n- model_name: a\n  litellm_params: {model: vertex_ai/x, vertex_credentials: %s}\n"
_TENFOLD = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)
_CHAIN = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 1000))

REFUSED = {
    "a deep list": ("[" * 100_000, "is nested more than 32"),
    "a deep mapping": ("{a: " * 5000, "is nested more than 32"),
    "deep lists on a line": ("- " * 5000, "is nested more than 32"),
    "deep lines": ("\n".join(" " * i + "a:" for i in range(500)), "is nested more than 32"),
    "deep by aliases": (_CHAIN, "is nested more than 32"),
    "many by aliases": (_TENFOLD, "more than 20000 values"),
    "many": ("model_list:\n" + "- x\n" * 100_000, "more than 20000 values"),
    "large": ("#\n" * 600_000, "larger than 1048576 bytes"),
    "a list in itself": ("model_list: &a [*a]", "is inside the value that it refers to"),
    "a mapping in itself": ("imagewire: &a {models: *a}", "is inside the value that it refers to"),
    "an unknown alias": ("model_list: *a", "is not valid YAML"),
    "a tag of another program": ("general_settings: {master_key: !env KEY}", "the tag '!env' is not supported"),
    "a tag of bytes": ("general_settings: {master_key: !!binary YQ==}", "is not supported; write os.environ/NAME"),
    "a tag that the value contradicts": (_CREDENTIALS % "{a: !!int foo}", "does not exist in JSON"),
    "no number": (_CREDENTIALS % "{a: 0b_}", "does not exist in JSON"),
    "too long a number": (_CREDENTIALS % f"{{a: {'9' * 5000}}}", "does not exist in JSON"),
    "a list as a key": ("? [a, b]\n: c", "a key must be text"),
    "a list as a key of credentials": (_CREDENTIALS % "{[a]: b}", "does not exist in JSON"),
    "two documents": ("--- a\n--- b", "is not valid YAML"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_d9_odd_yaml_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    begun = time.process_time()
    with pytest.raises(ConfigError, match=words) as refused:
        load(file, {})
    assert "\n" not in str(refused.value)
    assert time.process_time() - begun < 10


def test_d9_a_date_is_text(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(_CREDENTIALS % "{made: 2024-01-01, odd: 2024-99-99}")
    (made,) = load(file, {}).deployments
    assert made.options.credentials == '{"made": "2024-01-01", "odd": "2024-99-99"}'


def test_d9_aliases_that_stay_small_are_read(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("model_list:\n- model_name: a\n  litellm_params: &p {model: gemini/x, api_key: k}\n")
    with file.open("a") as more:
        more.write("- model_name: b\n  litellm_params: *p\n")
    assert [made.name for made in load(file, {}).deployments] == ["a", "b"]
