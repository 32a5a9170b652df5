"""The operator's page: its tables, its tests in Chromium, and its files."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.clients.typescript import FOLDER, ROOT, build, run
from tests.compat.conftest import KEY, needs
from tests.conftest import running_stack
from tests.integration import processes

pytestmark = pytest.mark.timeout(600)  # a first run installs the packages
PAGE = ROOT / "service/imagewire_server/api/rest/admin_page"
CONFIG = f"""\
model_list:
  - {{model_name: draw, litellm_params: {{model: gemini/gemini-2.5-flash-image, api_key: emulator-key}}}}
  - {{model_name: sick, litellm_params: {{model: gemini/emulator-429-3600, api_key: emulator-key}}}}
  - {{model_name: half, litellm_params: {{model: gemini/emulator-503, api_key: emulator-key}}}}
  - {{model_name: "<img src=x onerror=alert(1)>", litellm_params: {{model: gemini/gemini-3-pro-image, api_key: k}}}}
  - {{model_name: "gemini/*", litellm_params: {{model: "gemini/*", api_key: emulator-key}}}}
router_settings: {{num_retries: 0, allowed_fails: 0, cooldown_time: 0.01}}
imagewire:
  admin: 127.0.0.1:0
  callers:
    - name: team
      key_sha256: {hashlib.sha256(KEY.encode()).hexdigest()}
      calls_at_once: 10
      usd_per_day: 1
      usd_per_call: 0.05
    - name: a-partner-who-has-never-called
      key_sha256: {hashlib.sha256(b"other").hexdigest()}
      requests_per_minute: 6000
"""


@contextmanager
def served(folder: Path) -> Iterator[tuple[processes.Program, processes.Program]]:
    """A server, and the emulator behind it."""
    file = folder / "config.yaml"
    file.write_text(CONFIG)
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--config", str(file), keep="off") as server,
    ):
        yield server, emulator


def test_the_tables() -> None:
    build()
    ended = run("node", "--test", str(FOLDER / "dist/web/test/cells.test.js"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "# pass 0" not in ended.stdout


def test_in_chromium(tmp_path: Path) -> None:
    build()
    chromium = needs("chromium")
    with (
        served(tmp_path) as (server, emulator),
        processes.server(emulator.address, "--admin", "127.0.0.1:0", keep="off") as doomed,
    ):
        environ = {
            "PAGE_URL": f"{server.admin}/",
            "LOCKED_URL": f"{server.rest}/",
            "PAGE_KEY": KEY,
            "EMULATOR_URL": emulator.address,
            "DOOMED_URL": f"{doomed.admin}/",
            "DOOMED_PID": str(doomed.process.pid),
            "CHROMIUM": chromium,
            "PAGE_SHOTS": str(tmp_path),
        }
        ended = run("node", "--test", str(FOLDER / "dist/web/test/admin.test.js"), **environ)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "# pass 0" not in ended.stdout


async def test_its_files_are_served_with_what_protects_them() -> None:
    async with running_stack(admin="127.0.0.1:0") as stack:
        url = f"http://127.0.0.1:{await stack.server.admin.start()}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            page = await client.get("/")
            assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
            names = sorted(path.name for path in PAGE.iterdir())
            assert len(names) == 4
            for name in names:
                path = "/" if name == "index.html" else f"/page/{name}"
                answer = await client.get(path)
                policy = answer.headers["content-security-policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
                assert ("unsafe" in policy, "http" in policy) == (False, False)
                assert "require-trusted-types-for 'script'" in policy
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.content == (PAGE / name).read_bytes()
                again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
                assert (again.status_code, again.content) == (304, b"")
                if name != "index.html":
                    assert name in page.text
                    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            for missing in ("/page/..%2f..%2fadmin.py", "/page/../admin.py", "/admin.html"):
                assert (await client.get(missing)).status_code == 404


def test_the_flag_turns_it_off(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    with processes.server("http://127.0.0.1:1", "--no-ui", "--config", str(file), keep="off") as server:
        assert httpx.get(f"{server.admin}/", trust_env=False, timeout=60).status_code == 404
        assert httpx.get(f"{server.admin}/status", trust_env=False, timeout=60).status_code == 200
