"""Every public name says what it takes, returns and raises, with an example that runs."""

import asyncio
import builtins
import doctest
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, is_typeddict

import pytest

import imagewire
from imagewire import testing
from imagewire.async_chat import AsyncChats
from imagewire.chat import Chats
from imagewire.litellm.options import CompletionOptions
from tests.authority import certified

# Values, whose comment stands beside them.
_VALUES = {"DEFAULT_MODEL", "Picture", "__version__"}
# What clients lead to, and what the reference shows beside the names of the package.
_FURTHER = {"Chats": Chats, "AsyncChats": AsyncChats, "CompletionOptions": CompletionOptions} | {
    f"testing.{found.__name__}": found for found in (testing.emulator, testing.Emulated, testing.UpstreamCall)
}
_QUIET = {"close", "get", "keys", "to_dict", "to_json"}  # raise nothing


def public() -> Iterator[tuple[str, Any]]:
    """Functions, classes, their methods and their properties."""
    names = {name: getattr(imagewire, name) for name in imagewire.__all__ if name not in _VALUES} | _FURTHER
    for name, found in names.items():
        yield name, found
        if inspect.isclass(found) and not is_typeddict(found):
            for inner in dir(found):
                member = inspect.getattr_static(found, inner)
                ours = str(getattr(getattr(member, "fget", member), "__module__", "")).startswith("imagewire")
                if not inner.startswith("_") and ours and (callable(member) or isinstance(member, property)):
                    yield f"{name}.{inner}", member


PUBLIC = dict(public())


def sections(found: Any) -> dict[str, str]:
    """A docstring's sections by their titles; "" is what stands before them."""
    parts = re.split(
        r"^(Args|Attributes|Returns|Yields|Raises|Examples):\n", inspect.getdoc(found) or "", flags=re.MULTILINE
    )
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def documented(section: str) -> set[str]:
    """What a section has entries for."""
    return set(re.findall(r"^    \**(\w+): ", section, re.MULTILINE))


def parameters(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self"}


@pytest.fixture(scope="module")
def certificates() -> tuple[bytes, bytes]:
    """A key and its certificate."""
    return certified("localhost")


METHODS = {name: found for name, found in PUBLIC.items() if inspect.isroutine(found)}
PROPERTIES = {name: found for name, found in PUBLIC.items() if isinstance(found, property)}
CLASSES = {name: found for name, found in PUBLIC.items() if inspect.isclass(found)}


@pytest.mark.parametrize("name", METHODS)
def test_a_function_says_what_it_takes_returns_and_raises(name: str) -> None:
    found = METHODS[name]
    said = sections(found)
    assert documented(said.get("Args", "")) == parameters(found)
    returned = inspect.signature(found).return_annotation
    assert returned is None or {"Returns", "Yields"} & set(said)
    assert "Raises" in said or name.rpartition(".")[2] in _QUIET
    for error in documented(said.get("Raises", "")):
        assert issubclass(getattr(imagewire, error, None) or getattr(builtins, error), Exception)
    assert not re.match(r"As\b", said[""]), "says it itself"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_says_what_it_has(name: str) -> None:
    found = CLASSES[name]
    said = sections(found)
    assert said[""].strip()
    fields = {field for field in getattr(found, "__dataclass_fields__", {}) if not field.startswith("_")}
    if is_typeddict(found):
        fields = set(found.__annotations__)
    assert documented(said.get("Attributes", "")) >= fields
    if name in {"Client", "AsyncClient", "ImagewireError"}:
        made = sections(found.__init__) | said
        assert documented(made["Args"]) == parameters(found.__init__)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_says_what_it_is_and_returns(name: str) -> None:
    said = sections(PROPERTIES[name])
    assert said[""].strip()
    assert said["Returns"].strip()
    for error in documented(said.get("Raises", "")):
        assert issubclass(getattr(builtins, error), Exception)


@pytest.mark.parametrize(
    "name", [*METHODS, *PROPERTIES, *(name for name in CLASSES if name not in {"Chats", "AsyncChats"})]
)
def test_the_example_runs(
    name: str, target: str, certificates: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = sections(PUBLIC[name]).get("Examples", "")
    assert ">>> " in example
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGEWIRE_TARGET", target)
    for file, pem in zip(("client.key", "client.pem", "ca.pem"), (*certificates, certificates[1]), strict=True):
        Path(file).write_bytes(pem)
    known = {"imagewire": imagewire, "asyncio": asyncio}
    test = doctest.DocTestParser().get_doctest(example, known, name, None, None)
    said: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert not failed, "".join(said)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        (name, f"Async{name}")
        for name, found in METHODS.items()
        if name.startswith(("Chat.", "Chats.", "Client.")) and found is not METHODS[f"Async{name}"]
    ],
)
def test_both_kinds_take_the_same_and_say_the_same(name: str, other: str) -> None:
    first, second = METHODS[name], METHODS[other]
    assert inspect.signature(first).parameters == inspect.signature(second).parameters
    for section in ("Args", "Returns", "Yields", "Raises"):
        assert sections(first).get(section) == sections(second).get(section)
