"""What `make packages` builds: the contract in each package, byte for byte or as stubs, and nothing beside."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.clients.typescript import build
from tests.compat.conftest import needs
from tests.stubs.languages import FILES, PROTOS, ROOT, run

pytestmark = pytest.mark.timeout(900)  # a first run downloads Maven's plugins

MODULE = "github.com/imagewire/imagewire/clients/go"
STEMS = [Path(name).stem for name in FILES]
PROGRAM = f"""
package main

import (
	"fmt"

	imagewire "{MODULE}"
	imagewirev1 "{MODULE}/imagewire/v1"
)

func main() {{
	fmt.Println(imagewirev1.File_imagewire_v1_chat_service_proto.Path())
	fmt.Println(imagewire.ErrModelNotFound)
}}
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build()  # npm's packages
    needs("mvn")
    made = tmp_path_factory.mktemp("packages")
    run(sys.executable, ROOT / "clients/packages.py", made, cwd=ROOT)
    return made


def _protos(content: dict[str, bytes], before: str = "") -> set[str]:
    """The .proto files of a package, which must be the contract's."""
    found = {name.removeprefix(before) for name in content if name.endswith(".proto")}
    assert all(content[before + name] == (PROTOS / name).read_bytes() for name in found)
    return found


def _npm(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {member.name: file.read() for member in files if (file := archive.extractfile(member))}


def _zip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def test_all_are_of_one_version(packages: Path) -> None:
    found = [path.relative_to(packages).as_posix() for path in packages.rglob("*") if path.is_file()]
    versions = {version for name in found for version in re.findall(r"\d+\.\d+\.\d+", name)}
    assert len(versions) == 1
    (version,) = versions
    assert sorted(found) == sorted(
        [
            *(f"go/{MODULE}/@v/{name}" for name in ("list", f"v{version}.info", f"v{version}.mod", f"v{version}.zip")),
            *(
                f"maven/dev/imagewire/{name}/{version}/{name}-{version}.{kind}"
                for name, kind in (
                    *(("imagewire-parent", "pom"), ("imagewire-protos", "pom"), ("imagewire-protos", "jar")),
                    *(("imagewire", "pom"), ("imagewire", "jar")),
                )
            ),
            *(f"npm/imagewire-{version}.tgz", f"npm/imagewire-protos-{version}.tgz"),
            f"python/imagewire-{version}-py3-none-any.whl",
        ]
    )


def test_the_wheel_has_the_stubs(packages: Path) -> None:
    """tests/house/test_wheel.py has the rest of what is in it."""
    content = _zip(next(packages.glob("python/*.whl")))
    assert {name for name in content if name.endswith("_pb2.py")} == {f"imagewire/v1/{stem}_pb2.py" for stem in STEMS}


def test_npms_protos_are_the_contract(packages: Path) -> None:
    content = _npm(next(packages.glob("npm/imagewire-protos-*.tgz")))
    assert _protos(content, "package/") == set(FILES)
    config = "imagewire/service_config.json"
    assert content[f"package/{config}"] == (PROTOS / config).read_bytes()
    assert len(content) == len(FILES) + len(["the config", "package.json", "LICENSE"])


def test_npms_client_has_code_types_and_stubs(packages: Path) -> None:
    (path,) = set(packages.glob("npm/*.tgz")) - set(packages.glob("npm/imagewire-protos-*.tgz"))
    names = _npm(path).keys()
    for suffix in (".js", ".d.ts"):
        assert {f"package/dist/src/gen/imagewire/v1/{stem}_pb{suffix}" for stem in STEMS} <= names
        assert {f"package/dist/src/{entry}{suffix}" for entry in ("index", "browser", "v1")} <= names
    assert all(name.startswith("package/dist/src/") for name in names if name.count("/") > 1)


def test_the_jars_have_the_classes_and_the_protos(packages: Path) -> None:
    (stubs,), (client,) = (
        list(packages.glob(f"maven/dev/imagewire/{name}/*/*.jar")) for name in ("imagewire-protos", "imagewire")
    )
    content = _zip(stubs)
    assert _protos(content) == set(FILES)
    assert {f"dev/imagewire/v1/{name}.class" for name in ("Spec", "ChatServiceGrpc", "ErrorReason")} <= content.keys()
    others = {name for name in _zip(client) if not name.startswith("META-INF/")}
    assert "dev/imagewire/Client.class" in others
    assert all(re.fullmatch(r"dev/imagewire/[\w$-]+\.class", name) for name in others)


def test_the_go_module_is_used_by_its_version(packages: Path, tmp_path: Path) -> None:
    (path,) = packages.glob(f"go/{MODULE}/@v/*.zip")
    version = path.stem
    names = {name.removeprefix(f"{MODULE}@{version}/") for name in _zip(path)}
    assert {f"imagewire/v1/{stem}.pb.go" for stem in STEMS} <= names
    assert {"go.mod", "LICENSE", "README.md"} <= names
    assert not [name for name in names if name.startswith("tools/") or "/build/" in name]
    (tmp_path / "main.go").write_text(PROGRAM)
    (tmp_path / "go.mod").write_text(f"module example.com/empty\n\ngo 1.26.0\n\nrequire {MODULE} {version}\n")
    go = needs("go")
    # A cache of its own: the real one would keep this version. What that has of others is taken from there.
    cache = run(go, "env", "GOMODCACHE").strip()
    proxies = [(packages / "go").as_uri(), (Path(cache) / "cache/download").as_uri(), run(go, "env", "GOPROXY").strip()]
    environ = os.environ | {
        "GOPROXY": ",".join(proxies),
        "GONOSUMDB": MODULE,
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOFLAGS": "-mod=mod -modcacherw -trimpath",
    }
    ended = subprocess.run([go, "run", "."], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[0] == "imagewire/v1/chat_service.proto", ended.stderr
