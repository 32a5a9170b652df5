"""What a file's model_list asks for to keep callers away from a model: `blocked`, and restrictions to some callers."""

from collections.abc import Iterable, Iterator

from imagewire_server.config import litellm
from imagewire_server.config.model_ids import IN_ENVIRONMENT, Skipped
from imagewire_server.config.source import Key, Node

# Its keys, beside the model or under model_info.
KEYS = frozenset({"blocked", *litellm.names("restrictions")})
BLOCKED = "blocked by the file"


def is_blocked(entry: Node) -> bool:
    """Whether a model is not to be served. entry: that of model_list. Raises ConfigError."""
    return any(value.flag("blocked") for key, value in _guards(entry) if key.text == "blocked")


def check_open(entry: Node, name: str) -> None:
    """Raise ConfigError for a restriction to callers that only LiteLLM knows. name: the model_name."""
    for key, value in _guards(entry):
        if key.text in litellm.names("restrictions") and value.plain():
            raise key.error(
                f"{key.text} of model {name!r} is not supported: remove it, and say under imagewire.callers which"
                " models each caller may use; else all callers may use this one"
            )


def blocked_names(skipped: Iterable[Skipped], served: frozenset[str]) -> frozenset[str]:
    """The model_names of which every deployment is blocked. served: those that have another one."""
    return frozenset(one.name for one in skipped if one.why == BLOCKED) - served


def skipped_names(skipped: Iterable[Skipped], served: frozenset[str]) -> frozenset[str]:
    """The model_names that no provider of this server serves. served: those that have another deployment."""
    unknown = (BLOCKED, IN_ENVIRONMENT)
    return frozenset(one.name for one in skipped if one.why not in unknown) - served


def _guards(entry: Node) -> Iterator[tuple[Key, Node]]:
    info = entry.at("model_info")
    for key, value in (*entry.pairs("an entry of model_list"), *(info.pairs("model_info") if info else ())):
        if key.text in KEYS and not value.is_null:
            yield key, value
