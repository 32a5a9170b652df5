"""The runner in Rust, which has stubs and no client of ours: its format, and what it depends on."""

import tomllib

from imagewire_server.contract import pb
from tests.compat.conftest import needs
from tests.conformance import cases
from tests.conformance.languages import HERE
from tests.stubs.languages import run

FOLDER = HERE / "rust"


def test_the_format() -> None:
    run(needs("cargo"), "fmt", "--check", cwd=FOLDER)


def test_it_needs_nothing_of_ours() -> None:
    """What it has of this repository are .proto files."""
    manifest = tomllib.loads((FOLDER / "Cargo.toml").read_text())
    assert not [each for each in manifest["dependencies"].values() if isinstance(each, dict) and "path" in each]
    assert "clients/" not in "".join(path.read_text() for path in FOLDER.glob("src/*.rs"))


def test_what_it_leaves_out_is_said_by_clients_alone() -> None:
    """A case that stubs alone do not show expects an error that no server sends, by its reason."""
    for case in cases.CASES.values():
        if "by_client" in case:
            (said,) = case["expect"]
            assert said["error"]["reason"] not in pb.ErrorReason.keys()  # noqa: SIM118  # an enum of protobuf has no `in`
