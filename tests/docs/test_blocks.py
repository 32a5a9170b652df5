"""Every code block of every page runs as it stands, and prints what the page says it prints."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.authority import Authority
from tests.docs.conftest import KEY, Place
from tests.docs.pages import NAMES, ROOT, Block, alike, blocks, like, shows
from tests.docs.standins import BIN
from tests.integration import processes
from tests.integration.processes import Program

pytestmark = pytest.mark.system

PAGES = {name: blocks((ROOT / name).read_text()) for name in NAMES}
RUN = {"python", "sh", "yaml", "json"}
MARK = "\0"
# A program of another language is shown as the file that its own test builds and runs.
SHOWN = re.compile(r'--8<-- "(tests/(?:stubs|compat)/[\w./]+)"\n')


def having(language: str) -> list[str]:
    return [name for name, found in PAGES.items() if any(runs(block, language) for block in found)]


def runs(block: Block, language: str) -> bool:
    return block.language == language and not SHOWN.fullmatch(block.code)


@pytest.mark.parametrize("name", NAMES)
def test_every_block_has_a_test(name: str) -> None:
    """A block without a language is a drawing."""
    for block in PAGES[name]:
        if shown := SHOWN.fullmatch(block.code):
            assert (ROOT / shown[1]).is_file()
            continue
        assert block.language in RUN | {"text", ""}, f"{name}:{block.line}: nothing runs {block.language}"
        assert block.output or block.language != "text", f"{name}:{block.line}: nothing prints this"


def program(found: list[Block]) -> str:
    """The Python blocks of a page as one program, with the page's own lines, and a mark behind each."""
    lines: dict[int, str] = {}
    for block in found:
        code = block.code.splitlines()
        lines |= dict(enumerate(code, block.line))
        lines[block.line + len(code)] = f'print({MARK!r}, end="", flush=True)'
    return "\n".join(lines.get(number, "") for number in range(1, max(lines) + 1))


def outputs(found: list[Block], language: str) -> list[Block | None]:
    """What the page shows for each block of a language."""
    after = [*found[1:], None]
    return [
        follower if follower and follower.output else None
        for block, follower in zip(found, after, strict=True)
        if runs(block, language)
    ]


def here(code: str, server: Program, emulator: Program) -> str:
    """A page's addresses and keys, as they are here."""
    code = code.replace("http://127.0.0.1:8787", emulator.address)
    placed = code.replace("http://127.0.0.1:4000", server.rest).replace("127.0.0.1:50051", server.address)
    return placed.replace("your-api-key", KEY)


def check(name: str, shown: Block | None, printed: str) -> None:
    """Fail, in few words, where a page shows something else: a picture's base64 would fill the report."""
    if shown is not None and not shows(shown, printed):
        pytest.fail(f"{name}:{shown.line}: it prints\n{re.sub('[A-Za-z0-9+/=]{200,}', '(base64)', printed)}")


def run_python(name: str, place: Place, server: Program, environ: Mapping[str, str]) -> None:
    found = PAGES[name]
    code = here(program([block for block in found if runs(block, "python")]), server, place.emulator)
    source = place.folder / Path(name).with_suffix(".py").name
    source.write_text(code)
    ended = forked.run(
        [sys.executable, source.name], cwd=place.folder, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{name} (the lines are the page's):\n{ended.stderr}"
    printings = ended.stdout.split(MARK)[:-1]
    for shown, printed in zip(outputs(found, "python"), printings, strict=True):
        check(name, shown, printed)


@pytest.mark.parametrize("name", having("python"))
def test_the_python_runs_against_a_server(place: Place, server: Program, name: str) -> None:
    run_python(name, place, server, place.to_server(server))


@pytest.mark.parametrize("name", having("python"))
def test_the_python_runs_embedded(place: Place, server: Program, name: str) -> None:
    environ = place.embedded()
    if not any("Client(" in block.code for block in PAGES[name]):
        del environ["IMAGEWIRE_TARGET"]  # `completion` needs no target to be embedded
    run_python(name, place, server, environ)


def configuration(found: list[Block]) -> str | None:
    """The last config.yaml that a page shows."""
    given = [block.code for block in found if block.language == "yaml" and "model_list" in yaml.safe_load(block.code)]
    return given[-1] if given else None


@contextmanager
def serving(name: str, place: Place, server: Program) -> Iterator[Program]:
    """A server with the page's own configuration, where it shows one and then asks for something."""
    asked = any(":4000" in block.code for block in PAGES[name] if block.language == "sh")
    config = configuration(PAGES[name])
    if config is None or not asked:
        yield server
        return
    file = place.folder / "served.yaml"
    file.write_text(config.replace("http://127.0.0.1:8787", place.emulator.address))
    with processes.server(place.emulator.address, "--config", str(file)) as made:
        yield made


@pytest.mark.parametrize("name", having("sh"))
def test_the_commands_run(place: Place, server: Program, name: str) -> None:
    found = PAGES[name]
    if (config := configuration(found)) is not None:
        (place.folder / "config.yaml").write_text(config)
    with serving(name, place, server) as asked:
        environ = place.to_server(asked)
        for block, shown in zip(
            [block for block in found if block.language == "sh"], outputs(found, "sh"), strict=True
        ):
            ended = subprocess.run(
                ["sh", "-eu", "-c", here(block.code, asked, place.emulator)],
                cwd=place.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, f"{name}:{block.line}:\n{ended.stderr}"
            check(name, shown, ended.stdout)


@pytest.mark.parametrize(
    ("tool", "told"), [("curl ", "Here's the image you requested:"), ("grpcurl ", '"finished": {')]
)
def test_a_call_by_hand_is_answered(place: Place, server: Program, tool: str, told: str) -> None:
    (block,) = [block for block in PAGES["README.md"] if block.code.startswith(tool)]
    ended = subprocess.run(
        ["sh", "-c", here(block.code, server, place.emulator)],
        cwd=place.folder,
        env=place.to_server(server),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told in ended.stdout


YAML = [(name, block) for name, found in PAGES.items() for block in found if block.language == "yaml"]


@pytest.mark.parametrize(("name", "block"), YAML, ids=[f"{name}:{block.line}" for name, block in YAML])
def test_a_configuration_is_one(tmp_path: Path, name: str, block: Block) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(block.code.replace("/run/secrets", str(tmp_path)))
    authority = Authority("docs")
    authority.issue("localhost").write(tmp_path, "server")
    (tmp_path / "clients.pem").write_bytes(authority.pem)
    secrets = {"GEMINI_API_KEY": KEY, "IMAGEWIRE_MASTER_KEY": "sk-master"}
    if "services" in yaml.safe_load(block.code):
        command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    else:
        command = [sys.executable, "-m", "imagewire_server", "check", "--config", file]
    ended = forked.run(command, env={**os.environ, **secrets}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_json_is_json() -> None:
    for found in PAGES.values():
        for block in found:
            if block.language == "json":
                json.loads(block.code)


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("a ... c", "a b c", True),
        ("a ... c", "a b d", False),
        ("a", "a b", False),
        ("(a)", "a", False),
    ],
)
def test_what_is_shown_is_compared(shown: str, printed: str, *, fits: bool) -> None:
    assert like(shown, printed) is fits
    assert alike({"text": [shown]}, {"text": [printed], "more": 1}) is fits


@pytest.mark.parametrize("printed", [{}, {"text": 1}, {"text": ["a", "b"]}, [], "a"])
def test_what_is_not_there_is_missed(printed: Any) -> None:
    assert not alike({"text": ["a"]}, printed)
