"""The site builds without a warning, and fetches nothing from elsewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import imagewire
from tests.compat.conftest import package
from tests.docs.pages import ROOT

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("mkdocs", "material", "mkdocstrings_handlers.python"):
        package(name)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "WARNING" not in ended.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert {path.stem for path in site.glob("*.html")} == pages | {"404"}


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text()
        fetched = re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>", text)
        assert fetched == [], page.name
        assert 'class="mermaid"' not in text, "drawn by a script from elsewhere"
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()[\s\"']*(?:https?:)?//", style.read_text()), style.name


def test_the_reference_is_made_of_the_docstrings(site: Path) -> None:
    text = (site / "reference.html").read_text()
    for name in set(imagewire.__all__) - {"__version__"}:
        assert f'id="imagewire.{name}"' in text
    assert "safe to use from threads" in text
    assert "_connect" not in text


def test_the_search_is_local(site: Path) -> None:
    found = json.loads((site / "search/search_index.json").read_text())["docs"]
    assert any("3-series models sign what they draw" in entry["text"] for entry in found)
    assert any(entry["location"].startswith("reference.html#imagewire.Client") for entry in found)
