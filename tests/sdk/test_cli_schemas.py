"""What --json prints fits the schemas in docs/cli-schemas."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.main import get_command
from typer.testing import CliRunner, Result

from imagewire.cli import checks
from imagewire.cli.app import app
from imagewire.v1.model_service_pb2 import Model
from imagewire.v1.usage_pb2 import Usage
from tests.pictures import PNG

FOLDER = Path(__file__).parents[2] / "docs" / "cli-schemas"
SCHEMAS = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def valid(name: str, lines: str) -> list[Any]:
    """The objects that were printed, each of which fits a schema."""
    told = [json.loads(line) for line in lines.splitlines()]
    assert told
    for each in told:
        Draft202012Validator(SCHEMAS[name]).validate(each)
    return told


@pytest.fixture
def invoke(tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("IMAGEWIRE_TARGET", target)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, lines: str = "") -> Result:
        return CliRunner().invoke(app, [*arguments, "--json"], input=lines)

    return run


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_each_command_with_json_has_a_documented_schema() -> None:
    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]  # a group has them
    with_json = {name for name, one in commands.items() if any("--json" in each.opts for each in one.params)}
    page = (FOLDER.parent / "cli.md").read_text().partition("\n## JSON\n")[2].partition("\n## ")[0]
    linked = set(re.findall(r"\(cli-schemas/(\w+)\.json\)", page))
    assert linked == set(SCHEMAS)
    assert with_json == linked - {"error"} | set(re.findall(r"also of `(\w+)`", page))


def test_the_schemas_have_the_fields_of_the_contract() -> None:
    assert set(SCHEMAS["draw"]["properties"]["usage"]["properties"]) == set(Usage.DESCRIPTOR.fields_by_name)
    assert set(SCHEMAS["models"]["properties"]) == set(Model.DESCRIPTOR.fields_by_name)


# the model; what is asked of it
DRAWN = [
    ("gemini/gemini-2.5-flash-image", ["A cat", "A dog"]),
    ("gemini/emulator-two-images", ["x"]),
    ("gemini/emulator-drafts", ["x"]),
    ("gemini/emulator-safety", ["x"]),
]


@pytest.mark.parametrize(("model", "prompts"), DRAWN, ids=[row[0] for row in DRAWN])
def test_draw_and_its_errors(invoke: Any, model: str, prompts: list[str]) -> None:
    ended = invoke("draw", "-m", model, *prompts)
    assert len(valid("draw", ended.stdout)) == len(prompts)
    if ended.exit_code:
        valid("error", ended.stderr)


def test_chat(invoke: Any) -> None:
    ended = invoke("chat", lines="A cat\nMake it blue\n/frob\n")
    assert len(valid("chat", ended.stdout)) == 2
    (error,) = valid("error", ended.stderr)
    assert error["error"]["message"].startswith("/frob: is no command")


def test_models_and_ping(invoke: Any) -> None:
    valid("models", invoke("models").stdout)
    valid("ping", invoke("ping").stdout)


def test_show(invoke: Any) -> None:
    Path("a.png").write_bytes(PNG)
    valid("show", invoke("show", "a.png").stdout)


def test_doctor(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    (told,) = valid("doctor", invoke("doctor").stdout)
    assert [check["name"] for check in told["checks"]] == SCHEMAS["doctor"]["properties"]["checks"]["items"][
        "properties"
    ]["name"]["enum"]


@pytest.mark.parametrize(
    "arguments", [["draw", "x", "--size", "3K"], ["draw"], ["models", "--target", "dns:///"], ["show", "none.png"]]
)
def test_errors(invoke: Any, arguments: list[str]) -> None:
    ended = invoke(*arguments)
    assert ended.exit_code == 2
    if arguments != ["draw"]:  # `run` reports what typer finds; see test_cli_failures
        valid("error", ended.stderr)
