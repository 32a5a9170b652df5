"""Reads YAML with limits on its nesting and on its number of values. An alias counts each time it is used.

Code that processes the nodes afterwards can use recursion without checks of its own.
"""

from collections.abc import Iterator
from typing import Any

import yaml

_DEEPEST = 32
_MOST_VALUES = 20_000
_MERGE = "tag:yaml.org,2002:merge"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map"))

_RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in rows if tag != _TIMESTAMP]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class OverBoundsError(Exception):
    """The file exceeds a limit. The message has the remedy; `line` is counted from 1."""

    def __init__(self, mark: yaml.Mark, words: str) -> None:
        super().__init__(words)
        self.line = mark.line + 1


class BoundedLoader(yaml.SafeLoader):
    """Raises OverBoundsError. Dates are text. Tags of other programs, such as !env, are refused, not ignored."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.yaml_implicit_resolvers = _RESOLVERS
        self._depth = 0
        self._composed = 0
        # The number of values and the depth of each complete node. An alias of an incomplete node is inside that node.
        self._sizes: dict[yaml.Node, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Read one node and everything in it."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        mark = event.start_mark
        self._depth += 1
        self._composed += 1
        if self._depth > _DEEPEST:
            raise _too_deep(mark)
        if self._composed > _MOST_VALUES:
            raise _too_many(mark)
        if getattr(event, "tag", None) not in {None, "!", *_TAGS}:
            words = f"the tag {str(event.tag)[:32]!r} is not supported; write os.environ/NAME or the value"
            raise OverBoundsError(mark, words)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if isinstance(event, yaml.AliasEvent):
            if node not in self._sizes:
                words = f"the alias *{str(event.anchor)[:32]} is inside the value that it refers to; remove it"
                raise OverBoundsError(mark, words)
        else:
            self._sizes[node] = self._measured(node)
        values, depth = self._sizes[node]
        if self._depth + depth > _DEEPEST:
            raise _too_deep(mark)
        if values > _MOST_VALUES:
            raise _too_many(mark)
        return node

    def _measured(self, node: yaml.Node) -> tuple[int, int]:
        if not isinstance(node, yaml.CollectionNode):
            return 1, 1
        inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        sizes = [self._sizes[part] for part in inner]
        return 1 + sum(values for values, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)


def merged(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of a mapping with those of its merge keys (`<<`), which its own keys override."""
    pairs = [pair for pair in node.value if pair[0].tag != _MERGE]
    for name, value in node.value:
        if name.tag != _MERGE:
            continue
        for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            known = {str(key.value) for key, _ in pairs}
            inner = merged(one) if isinstance(one, yaml.MappingNode) else []
            pairs += [pair for pair in inner if str(pair[0].value) not in known]
    return pairs


def scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """The single values in a value; of mappings, those under the keys."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for _, value in merged(node):
            yield from scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from scalars(value)


def _too_deep(mark: yaml.Mark) -> OverBoundsError:
    return OverBoundsError(mark, f"is nested more than {_DEEPEST} levels deep; flatten it")


def _too_many(mark: yaml.Mark) -> OverBoundsError:
    words = f"the file has more than {_MOST_VALUES} values, and an alias counts each time it is used; remove some"
    return OverBoundsError(mark, words)
