"""Express mode has no project and no location: one that is asked for beside its key is told, and shown nowhere."""

from pathlib import Path

import pytest

from imagewire_server.config.source import ConfigError
from imagewire_server.providers import registry
from tests.unit.config.files import entry, written

PINNED = entry("model: vertex_ai/m, api_key: k, vertex_project: p, vertex_location: europe-west4")
EXPRESS = entry("model: vertex_ai/m, api_key: k")
URL = "    POST https://aiplatform.googleapis.com/v1/publishers/google/models/m:generateContent"


def shown(file: Path, environ: dict[str, str]) -> tuple[list[str], list[str]]:
    """The lines about the deployment, and the warnings."""
    made = registry.load(file, environ)
    lines = list(registry.table(made, environ))
    return lines[1:3], [line for line in lines if line.startswith("warning")]


def test_a_pinned_location_is_a_warning_and_not_shown(tmp_path: Path) -> None:
    file = written(tmp_path, PINNED)
    lines, told = shown(file, {})
    assert lines == ["  vertex_ai/m  id a:vertex_ai:0", URL]
    assert [line.partition(" has no effect")[0] for line in told] == [
        "warning: litellm_params.vertex_project",
        "warning: litellm_params.vertex_location",
    ]
    for resolve in (True, False):
        with pytest.raises(ConfigError, match=r"litellm_params\.vertex_location has no effect"):
            registry.load(file, {}, strict=True, resolve=resolve)


def test_so_is_one_of_the_credentials_list(tmp_path: Path) -> None:
    named = "credential_list: [{credential_name: c, credential_values: {api_key: k, vertex_location: europe-west4}}]\n"
    file = written(tmp_path, entry("model: vertex_ai/m, litellm_credential_name: c") + named)
    (told,) = registry.load(file, {}).warnings
    assert told.startswith("litellm_params.vertex_location has no effect on vertex_ai/m beside api_key")


@pytest.mark.parametrize(
    ("rest", "environ", "source"),
    [
        ("", {"VERTEXAI_LOCATION": "europe-west4"}, "VERTEXAI_LOCATION"),
        ("environment_variables: {VERTEX_LOCATION: eu}\n", {}, "VERTEX_LOCATION"),
        ("imagewire: {vertex_location: eu}\n", {}, "imagewire.vertex_location"),
    ],
)
def test_so_is_the_location_of_all_deployments(tmp_path: Path, rest: str, environ: dict[str, str], source: str) -> None:
    file = written(tmp_path, EXPRESS + rest)
    lines, told = shown(file, environ)
    assert lines == ["  vertex_ai/m  id a:vertex_ai:0", URL]
    assert len(told) == 1
    assert told[0].startswith(f"warning: a ignores the vertex_location of {source}: in express mode, ")
    with pytest.raises(ConfigError, match=f"a ignores the vertex_location of {source}"):
        registry.load(file, environ, strict=True)


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        (EXPRESS, {"VERTEXAI_PROJECT": "p"}),
        (EXPRESS, {"VERTEXAI_LOCATION": "global"}),
        (entry("model: vertex_ai/m, api_key: k, vertex_location: global"), {"VERTEXAI_LOCATION": "eu"}),
        (entry("model: vertex_ai/m, api_key: k, vertex_location: null, vertex_project: ''"), {}),
    ],
    ids=["another deployment's project", "global", "its own is global", "nothing"],
)
def test_what_asks_for_what_happens_anyway_is_taken(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    lines, told = shown(written(tmp_path, text), environ)
    assert (lines[1], told) == (URL, [])


def test_a_location_that_is_not_looked_up_may_be_global(tmp_path: Path) -> None:
    file = written(tmp_path, entry("model: vertex_ai/m, api_key: k, vertex_location: os.environ/PLACE"))
    assert registry.load(file, {}, resolve=False, strict=True).warnings == ()
    assert len(registry.load(file, {"PLACE": "eu"}).warnings) == 1
