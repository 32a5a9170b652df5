"""A YAML file with line numbers: every value knows its place, so that every error can name it."""

import difflib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from imagewire_server.config.bounded_yaml import BoundedLoader, OverBoundsError, merged, scalars

FROM_ENV = "os.environ/"
# How YAML 1.1 and LiteLLM spell true and false, in lower case.
FLAGS = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


class ConfigError(Exception):
    """A setting is wrong. The message has the place, the problem and the remedy."""


class Node:
    """A value of the file. `error` creates a ConfigError with its place."""

    def __init__(self, node: yaml.Node, path: str, environ: Mapping[str, str]) -> None:
        self._node = node
        self._path = path
        self._environ = environ

    @property
    def where(self) -> str:
        """ "file:line"."""
        return f"{self._path}:{self._node.start_mark.line + 1}"

    def error(self, words: str) -> ConfigError:
        """A ConfigError at this place."""
        return ConfigError(f"{self.where}: {words}")

    def within(self, environ: Mapping[str, str]) -> "Node":
        """The same value, with other variables."""
        return Node(self._node, self._path, environ)

    @property
    def is_null(self) -> bool:
        """Whether the value is empty."""
        return self._node.tag == "tag:yaml.org,2002:null"

    @property
    def asks_nothing(self) -> bool:
        """Whether the value switches nothing on: false, or nothing at all."""
        if isinstance(self._node, yaml.ScalarNode):
            value = self._environ.get(self.reference, self._node.value)
            return self.is_null or value.lower() in {"", "false", "no", "off"}
        return not self._node.value

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self._node, yaml.MappingNode)

    def pairs(self, what: str) -> Iterator[tuple["Key", "Node"]]:
        """The keys and values of a mapping, each key once. what: the mapping's name, for errors."""
        if self.is_null:
            return
        if not isinstance(self._node, yaml.MappingNode):
            raise self.error(f"{what} must be a mapping of keys to values")
        seen: set[str] = set()
        for key, value in merged(self._node):
            name = Key(key, self._path, self._environ)
            if name.text in seen:
                raise name.error(f"{name.text!r} is set twice; keep one")
            seen.add(name.text)
            yield name, Node(value, self._path, self._environ)

    def read(self, what: str, readers: Mapping[str, "Reader"], *, section: str) -> dict[str, Any]:
        """The values of a mapping, each as the reader of its key has it. what, section: their names, for errors."""
        given: dict[str, Any] = {}
        for key, value in self.pairs(what):
            if key.text not in readers:
                raise key.unknown(readers, section)
            given[key.text] = readers[key.text](key, value)
        return given

    @property
    def reference(self) -> str:
        """The environment variable that the value refers to, "" for none."""
        value = str(self._node.value)
        return value.removeprefix(FROM_ENV) if self.is_scalar and value.startswith(FROM_ENV) else ""

    @property
    def is_unresolved(self) -> bool:
        """Whether the value refers to a variable that is not looked up."""
        return bool(self.reference) and self._environ.get(self.reference) == FROM_ENV + self.reference

    @property
    def is_unset(self) -> bool:
        """Whether the value refers to a variable that is not set."""
        return bool(self.reference) and self.reference not in self._environ

    @property
    def has_unresolved(self) -> bool:
        """Whether the value, or one in it, refers to a variable that is not looked up."""
        return any(Node(one, self._path, self._environ).is_unresolved for one in scalars(self._node))

    @property
    def references(self) -> Iterator[str]:
        """The environment variables that the value, or one in it, refers to."""
        return (name for one in scalars(self._node) if (name := Node(one, self._path, self._environ).reference))

    @property
    def is_scalar(self) -> bool:
        """Whether it is a single value."""
        return isinstance(self._node, yaml.ScalarNode) and not self.is_null

    def at(self, key: str) -> "Node | None":
        """The value at a key of a mapping, to know it before everything is read; None if it is absent or null."""
        for name, value in merged(self._node) if isinstance(self._node, yaml.MappingNode) else ():
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                found = Node(value, self._path, self._environ)
                return None if found.is_null else found
        return None

    def completed_by(self, other: "Node") -> "Node":
        """This mapping with the keys of another one that it does not have. Each value keeps its place."""
        own, more = self._node, other._node  # of the same class
        if not isinstance(own, yaml.MappingNode) or not isinstance(more, yaml.MappingNode):
            return self
        pairs = merged(own)
        known = {str(key.value) for key, _ in pairs}
        pairs += [pair for pair in merged(more) if str(pair[0].value) not in known]
        return Node(yaml.MappingNode(own.tag, pairs, own.start_mark, own.end_mark), self._path, self._environ)

    def peek(self, key: str) -> str:
        """The text at a key of a mapping; empty if it cannot be read, which is reported when it is read."""
        found = self.at(key)
        try:
            return found.text(key) if found else ""
        except ConfigError:
            return ""

    def items(self, what: str) -> list["Node"]:
        """The elements of a list."""
        if self.is_null:
            return []
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.error(f"{what} must be a list; start its lines with '- '")
        return [Node(value, self._path, self._environ) for value in self._node.value]

    def text(self, what: str) -> str:
        """A scalar as text; os.environ/NAME is replaced by the variable's value."""
        if not self.is_scalar:
            raise self.error(f"{what} must be a single value")
        return self._resolved(str(self._node.value), what)

    def _resolved(self, value: str, what: str) -> str:
        if not value.startswith(FROM_ENV):
            return value
        name = value.removeprefix(FROM_ENV)
        if name not in self._environ:
            raise self.error(f"{what}: the environment variable {name} is not set; set it")
        return self._environ[name]

    def number(self, what: str, *, least: float = 0.0) -> float:
        """A finite number of at least `least`; of a variable that is not looked up, any."""
        if self.is_unresolved:
            return max(least, 1.0)
        text = self.text(what)
        try:
            value = float(text)
        except ValueError:
            raise self.error(f"{what} must be a number, not {self._node.value!r}") from None
        if not least <= value < float("inf"):
            raise self.error(f"{what} must be at least {least:g}, not {text}")
        return value

    def whole(self, what: str, *, least: int = 0) -> int:
        """An integer of at least `least`."""
        value = self.number(what, least=least)
        if not value.is_integer():
            raise self.error(f"{what} must be a whole number, not {value}")
        return int(value)

    def flag(self, what: str) -> bool:
        """True or false, in any spelling that YAML or LiteLLM has; of a variable that is not looked up, false."""
        if self.is_unresolved:
            return False
        text = self.text(what)
        if text.lower() not in FLAGS:
            raise self.error(f"{what} must be true or false, not {text!r}")
        return FLAGS[text.lower()]

    def choice(self, what: str, choices: Collection[str]) -> str:
        """One of `choices`; of a variable that is not looked up, the first."""
        if self.is_unresolved:
            return next(iter(choices))
        text = self.text(what)
        if text not in choices:
            raise self.error(
                f"{what} must be one of {', '.join(choices)}, not {self._node.value!r}{nearest(text, choices)}"
            )
        return text

    def plain(self) -> Any:
        """The value as YAML decodes it."""
        for node in scalars(self._node):
            if node.tag in _NUMBERS and ":" in node.value:
                words = f'YAML reads {node.value} without quotes as a number to the base 60; write "{node.value}"'
                raise Node(node, self._path, self._environ).error(words)
        try:
            return BoundedLoader("").construct_document(self._node)
        except (yaml.YAMLError, ValueError) as error:
            raise self.error("this value does not exist in JSON; put it in quotes, or correct it") from error

    def json(self, what: str, *, texts: bool = False) -> Any:
        """The value as YAML decodes it, with those of its variables, which may be JSON. texts: they are not read so."""

        def resolved(value: Any) -> Any:
            if isinstance(value, dict):
                return {str(key): resolved(inside) for key, inside in value.items()}
            if isinstance(value, list):
                return [resolved(inside) for inside in value]
            if not isinstance(value, str) or not value.startswith(FROM_ENV):
                return value
            text = self._resolved(value, what)
            try:
                return text if texts else json.loads(text)
            except ValueError:
                return text

        found = resolved(self.plain())
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise self.error(f"{what} has half of a surrogate pair; remove it") from None
        return found


class Key(Node):
    """A key of a mapping."""

    @property
    def text(self) -> str:  # type: ignore[override]
        """Its name."""
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.error("a key must be text")
        return str(self._node.value)

    def unknown(self, known: Collection[str], where: str) -> ConfigError:
        """The error for a key that is not in `known`."""
        close = nearest(self.text, known)
        return self.error(
            f"unknown key {self.text!r} in {where}{close or '; valid keys are ' + ', '.join(sorted(known))}"
        )


Reader = Callable[[Key, Node], Any]
"""Makes of a key's value what the server takes. Raises ConfigError."""


def nearest(name: str, known: Collection[str], *, cutoff: float = 0.6) -> str:
    """ "; did you mean …?" with the most similar name, empty if none reaches the similarity `cutoff`."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"; did you mean {close[0]!r}?" if close else ""


def parsed(text: bytes, path: Path, environ: Mapping[str, str]) -> Node | None:
    """The top node of a file with this text, None if it is empty. Raises ConfigError."""
    try:
        node = yaml.compose(text.decode(), Loader=BoundedLoader)
    except OverBoundsError as error:
        raise ConfigError(f"{path}:{error.line}: {error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: is not valid YAML; correct this line or the one above it") from error
    return Node(node, str(path), environ) if node is not None else None
