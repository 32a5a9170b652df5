"""Each import contract is broken by the import that it is there to stop, and by that import alone."""

from copy import deepcopy
from functools import cache
from typing import Any

import grimp
import pytest
from importlinter import api
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract

from tests.house.test_house import ROOT

_TYPES = {"forbidden": ForbiddenContract, "independence": IndependenceContract, "layers": LayersContract}

# By contract: an import that it forbids. A module that does not exist is added.
PLANTED = {
    "The packages of the server, top to bottom": ("contract.errors", "config.source"),
    "The packages of Google's provider, top to bottom": ("providers.google.token", "providers.google.vertex"),
    "OpenAI's formats do not know each other": ("formats.openai.chat.answer", "formats.openai.images.answer"),
    "APIs do not know each other": ("api.rest.respond", "api.grpc.status"),
    "Providers do not know each other": ("providers.google.call", "providers.planted"),
    "Formats do not know each other": ("formats.openai.chat.answer", "formats.planted"),
    "Formats, providers' wires and the contract are sans-IO": ("contract.errors", "asyncio"),
    "Only the gRPC API knows gRPC": ("core.generate", "grpc"),
    "Only the REST API knows Starlette and uvicorn": ("core.router", "starlette"),
    "Only the transport knows HTTP clients": ("core.router", "aiohttp"),
    "Only the contract, the services and the gRPC API know the stubs": ("core.router", "imagewire.v1.chat_service_pb2"),
    "The client draws without the packages of its command": ("imagewire.client", "rich"),
    "The emulator and the client know nothing of the server, nor of each other": (
        "imagewire_emulator.app",
        "contract.errors",
    ),
    "The modules of the client, top to bottom": ("imagewire.errors", "imagewire.images"),
    "The client stands alone": ("imagewire.errors", "contract.errors"),
    "The server takes the stubs from the client, and nothing else but the stubs": (
        "contract.errors",
        "imagewire.errors",
    ),
}


@cache
def _configuration() -> dict[str, Any]:
    return dict(api.read_configuration(str(ROOT / "pyproject.toml")))


@cache
def _graph() -> grimp.ImportGraph:
    options = _configuration()["session_options"]
    return grimp.build_graph(*options["root_packages"], include_external_packages=True, cache_dir=None)


def _broken(graph: grimp.ImportGraph) -> list[str]:
    session = _configuration()["session_options"]
    checks = {
        options["name"]: _TYPES[options["type"]](options["name"], session, options).check(
            deepcopy(graph), verbose=False
        )
        for options in _configuration()["contracts_options"]
    }
    return [name for name, check in checks.items() if not check.kept]


def _full(module: str) -> str:
    is_ours = module.startswith("imagewire") or module in {"aiohttp", "asyncio", "grpc", "rich", "starlette"}
    return module if is_ours else f"imagewire_server.{module}"


def test_every_contract_has_a_planted_violation() -> None:
    assert [options["name"] for options in _configuration()["contracts_options"]] == list(PLANTED)


def test_the_code_keeps_every_contract() -> None:
    assert _broken(_graph()) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_breaks_exactly_its_contract(name: str) -> None:
    importer, imported = (_full(module) for module in PLANTED[name])
    graph = deepcopy(_graph())
    for module in (importer, imported):
        if module not in graph.modules:
            graph.add_module(module)
    graph.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")
    assert _broken(graph) == [name]


def test_a_module_that_no_layer_names_is_refused() -> None:
    graph = deepcopy(_graph())
    graph.add_module("imagewire_server.planted")
    graph.add_module("imagewire_server.providers.google.planted")
    graph.add_module("imagewire.planted")
    assert _broken(graph) == [name for name in PLANTED if "top to bottom" in name]
