"""The programs of `make bench` that draw by each language's client and by its stub."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench import languages
from bench.cases import LARGE, SMALL
from bench.clients import WAYS
from tests.clients import java, typescript
from tests.compat.conftest import needs
from tests.integration import processes

pytestmark = pytest.mark.timeout(600)  # A first run compiles gRPC.


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.upstream"]
    with subprocess.Popen(command, cwd=languages.ROOT, stdout=subprocess.PIPE, text=True) as upstream:
        assert upstream.stdout is not None
        with processes.server(upstream.stdout.readline().strip(), keep="off", master_key="sk-bench") as server:
            yield server.address
        upstream.terminate()


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_a_client_and_its_stub_draw_the_same(language: str, target: str) -> None:
    program = languages.LANGUAGES[language]
    needs(program.tool)
    # Other tests run what these two compile.
    {"TypeScript": typescript.build, "Java": java.build}.get(language, program.build)()
    for way in WAYS:
        given = {
            "BENCH_TARGET": target,
            "BENCH_KEY": "sk-bench",
            "BENCH_SMALL": SMALL.model,
            "BENCH_LARGE": LARGE.model,
            "BENCH_SECONDS": "0",
        }
        done = subprocess.run(
            [*program.command, way], env={**os.environ, **given}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        assert (seen["small_bytes"], seen["large_bytes"]) == (SMALL.size, LARGE.size)
        assert min(seen["call_ms"], seen["mb_per_cpu"]) > 0


def test_a_language_whose_tool_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert languages.left_out() == [f"{name} ({one.tool} is missing)" for name, one in languages.LANGUAGES.items()]
