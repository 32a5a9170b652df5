"""A YAML file with line numbers: every value knows its place, so that every error can name it."""

import difflib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from imagewire_server.config.bounded_yaml import BoundedLoader, OverBoundsError

_MOST_BYTES = 1024 * 1024
_FROM_ENV = "os.environ/"


# What stands for a variable that is not set, where its value does not matter.
STAND_IN = "demo"


class _StandIns(dict[str, str]):
    """An environment in which a variable that is not set stands for this word."""

    def __missing__(self, name: str) -> str:
        return STAND_IN

    def __contains__(self, name: object) -> bool:
        return True


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

    def with_stand_ins(self) -> "Node":
        """The same value, in which variables that are not set have a word that stands in for them."""
        return Node(self._node, self._path, _StandIns(self._environ))

    @property
    def is_null(self) -> bool:
        """Whether the value is empty."""
        return self._node.tag == "tag:yaml.org,2002:null"

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
        for key, value in self._node.value:
            name = Key(key, self._path, self._environ)
            if name.text in seen:
                raise name.error(f"{name.text!r} is set twice; keep one")
            seen.add(name.text)
            yield name, Node(value, self._path, self._environ)

    def peek(self, key: str) -> str:
        """The text at a key of a mapping, to know it before everything is read; empty if it cannot be read."""
        for name, value in self._node.value if isinstance(self._node, yaml.MappingNode) else ():
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                try:
                    return Node(value, self._path, self._environ).text(key)
                except ConfigError:
                    return ""  # reported when it is read
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
        if not isinstance(self._node, yaml.ScalarNode) or self.is_null:
            raise self.error(f"{what} must be a single value")
        value = str(self._node.value)
        if not value.startswith(_FROM_ENV):
            return value
        name = value.removeprefix(_FROM_ENV)
        if name not in self._environ:
            raise self.error(f"{what}: the environment variable {name} is not set; set it")
        return self._environ[name]

    def number(self, what: str, *, least: float = 0.0) -> float:
        """A finite number of at least `least`."""
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

    def choice(self, what: str, choices: Collection[str]) -> str:
        """One of `choices`."""
        text = self.text(what)
        if text not in choices:
            raise self.error(
                f"{what} must be one of {', '.join(choices)}, not {self._node.value!r}{nearest(text, choices)}"
            )
        return text

    def plain(self) -> Any:
        """The value as YAML decodes it."""
        try:
            return BoundedLoader("").construct_document(self._node)
        except (yaml.YAMLError, ValueError) as error:
            raise self.error("this value does not exist in JSON; put it in quotes, or correct it") from error


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


def nearest(name: str, known: Collection[str]) -> str:
    """ "; did you mean …?" with the most similar name, empty if there is none."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def content(path: Path, *, pipe: bool = False) -> bytes:
    """The content of the file. pipe: it may be a pipe, which another program must write to. Raises ConfigError."""
    try:
        with open(path, "rb", opener=None if pipe else _without_waiting) as file:  # pathlib's has no opener
            if not pipe and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{path}: is not a regular file; use one that can be read again")
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); use an existing, readable file") from error
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"{path}: is larger than {_MOST_BYTES} bytes; use a configuration file")
    return text


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


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
