"""What the provider reads or writes with this server's credentials because a request names it, and who may name what.

A bucket, cached content, an uploaded file, a data store: whoever names one gets at it as this server does. A policy
decides which may be named. It looks at the fields of the contract, and at every string of what a request carries in the
provider's own words, because nobody can list all places where one may stand.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from imagewire_server.contract import json_scan, pb
from imagewire_server.contract.limits import MOST_VALUES

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Value

Refuse = Callable[[str, str], None]

# Addresses as lenient readers of URLs take them: `_plain` has undone escapes and backslashes before.
_HTTP = r"(?:https?:/*|//)(?:[^/?#@]*@)?"
_END = r"\.?(?::\d*)?(?:[/?#]|$)"
# Buckets, also by their addresses, in the path or in the host; the Files API; names as Google's APIs write them.
_BUCKET = re.compile(
    rf"gs:/*(?P<gs>.*)|{_HTTP}(?:(?P<host>[^/?#@]+)\.)?storage(?:\.mtls|-download)?\.(?:googleapis|cloud\.google)\.com{_END}"
    r"(?P<path>.*)",
    re.IGNORECASE | re.DOTALL,
)
_RESOURCE = re.compile(
    rf"{_HTTP}[^/?#]*\b(?:googleapis|google)\.com{_END}|/*(?:v\d\w*/)?(?:projects|locations|cachedContents|files"
    r"|fileSearchStores|corpora|tunedModels)/",
    re.IGNORECASE,
)
_ADDRESS = re.compile(rf"{_HTTP}(?P<host>[^/?#:]*)", re.IGNORECASE)
# Where a name stands in front of a resource: of an address, its host and the API's version.
_HOST = re.compile(rf"(?:{_HTTP}[^/?#]*)?/*(?:v\d\w*/)?", re.IGNORECASE)
# Fields of tools by which Google shows credentials of this server's to whoever the request names.
_AUTHENTICATION = frozenset({"authconfig", "apiauth", "googleserviceaccountconfig", "oauthconfig", "oidcconfig"})
# No name is longer. What is longer and begins like one is refused.
_LONGEST = 2048
_REMOVED = str.maketrans({"\\": "/", "\t": "", "\r": "", "\n": ""})
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')


@dataclass(frozen=True, slots=True)
class Allowed:
    """What callers may name: None for anything. buckets: BUCKET or BUCKET/FOLDER. resources: names; * at the end.

    hosts: of the provider, besides Google's: what has an address there is a resource.
    """

    buckets: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    hosts: frozenset[str] = frozenset()

    @property
    def is_all(self) -> bool:
        """Whether anything may be named."""
        return self.buckets is None and self.resources is None

    def wrong(self, text: str, *, is_name: bool = False) -> str | None:
        """What is wrong with a string, None where it names nothing or what is allowed. is_name: it names something."""
        text = _plain(text)
        if match := _BUCKET.match(text):
            path = match["gs"] if match["gs"] is not None else "/".join(filter(None, (match["host"], match["path"])))
            if self.buckets is None or any(_is_below(path, bucket) for bucket in self.buckets):
                return None
            return f"names a bucket that callers of this server may not name; allowed_buckets: {_listed(self.buckets)}"
        if self.resources is not None and _is_authentication(text):
            return "would show this server's credentials to another service: leave it out"
        if self.resources is None or not (is_name or _RESOURCE.match(text) or self._is_there(text)):
            return None
        if any(_matches(text, name) for name in self.resources):
            return None
        return (
            "names what this server's credentials open, and callers may not name it; allowed_resources:"
            f" {_listed(self.resources)}"
        )

    def _is_there(self, text: str) -> bool:
        """Whether a string is an address at the provider."""
        found = _ADDRESS.match(text) if self.hosts else None
        return found is not None and found["host"].rstrip(".").lower() in self.hosts


ANYTHING = Allowed()


def _is_authentication(name: str) -> bool:
    return name.replace("_", "").lower() in _AUTHENTICATION


def _plain(text: str) -> str:
    """The beginning of a string as a lenient reader of URLs understands it."""
    plain = text[: _LONGEST + 1].strip().translate(_REMOVED)
    for _ in range(2):  # an escape may be escaped
        if "%" in plain:
            plain = unquote(plain).translate(_REMOVED)
    return plain


def _is_below(path: str, bucket: str) -> bool:
    if len(path) > _LONGEST - len("https://storage.mtls.googleapis.com/") or not {"..", "."}.isdisjoint(
        path.split("/")
    ):
        return False
    return f"{path}/".startswith(f"{bucket.rstrip('/')}/")


def _matches(text: str, name: str) -> bool:
    if ".." in text.split("/"):
        return False
    spellings = (text, _HOST.sub("", text, count=1))
    return any(one.startswith(name[:-1]) if name.endswith("*") else one == name for one in spellings)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def check(spec: pb.Spec, allowed: Allowed, refuse: Refuse) -> None:
    """Refuse what a spec names and may not."""
    if allowed.is_all:
        return
    for path, text in _named(spec):
        is_name = path.rpartition(".")[2] in {"cached_content", "cachedContent"}
        if text and (words := allowed.wrong(text, is_name=is_name)) is not None:
            refuse(path, words)


def _named(spec: pb.Spec) -> Iterator[tuple[str, str]]:
    """What may name something, with its path."""
    yield "spec.cached_content", spec.cached_content
    yield "spec.output_config.uri_prefix", spec.output_config.uri_prefix
    for key, value in spec.extra_body.fields.items():
        yield from _in_value(f"spec.extra_body.{key}", value)
    left = MOST_VALUES
    for i, message in enumerate(spec.messages):
        at = f"spec.messages[{i}]"
        yield f"{at}.image.uri", message.image.uri
        for j, part in enumerate(message.parts):
            where = f"{at}.parts[{j}]"
            yield from _in_part(where, part)
            texts = [(f"{where}.native_fields", text) for text in part.native_fields.values()]
            for path, text in (*texts, (f"{where}.native.value_json", part.native.value_json)):
                left -= json_scan.values(text.encode(), path, left) if text else 0
                yield from ((path, _unescaped(found[0])) for found in _STRING.finditer(text))


def _unescaped(string: str) -> str:
    """The text of a JSON string; half a surrogate pair, of which no name is made, may stand in it."""
    return str(json.loads(string)) if "\\" in string else string[1:-1]


def _in_part(path: str, part: pb.Part) -> Iterator[tuple[str, str]]:
    match part.WhichOneof("content"):
        case "image":
            yield f"{path}.image.uri", part.image.uri
        case "media":
            yield f"{path}.media.uri", part.media.uri
        case "function_response":
            for k, image in enumerate(part.function_response.images):
                yield f"{path}.function_response.images[{k}].uri", image.uri


def _in_value(path: str, value: "Value") -> Iterator[tuple[str, str]]:
    match value.WhichOneof("kind"):
        case "string_value":
            yield path, value.string_value
        case "struct_value":
            for key, inside in value.struct_value.fields.items():
                if _is_authentication(key):
                    yield f"{path}.{key}", key
                yield from _in_value(f"{path}.{key}", inside)
        case "list_value":
            for i, inside in enumerate(value.list_value.values):
                yield from _in_value(f"{path}[{i}]", inside)
