"""The paths of Google's API, and what of a URL is a caller's key."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

VERSIONS = ("v1beta", "v1", "v1beta1", "v1alpha")
GENERATE, STREAM, COUNT = "generateContent", "streamGenerateContent", "countTokens"
METHODS = (GENERATE, STREAM, COUNT)
# What stands between the version and the models: nothing in the Gemini API, on Vertex AI a project, in its express mode
# a publisher alone.
GEMINI = ""
EXPRESS = "/publishers/{publisher}"
PLACES = (GEMINI, EXPRESS, "/projects/{project}/locations/{location}/publishers/{publisher}")

# OpenAI's API has paths in /v1 too: there, Google's are known by what stands behind it.
_NATIVE = re.compile(
    r"/(?:upload/|download/)?(?:v1beta|v1beta1|v1alpha)(?:/.*)?|/(?:upload|download)/.*"
    r"|/v1/(?:projects|publishers|tunedModels|cachedContents|operations|batches|media)(?:/.*)?",
    re.DOTALL,
)
# With POST; the name of a model, which is read with GET, may have a colon too.
_METHOD = re.compile(r"/v1/models/.*:[^/:]*", re.DOTALL)
_VERTEX = re.compile(r"/v1\w*/(?:projects|publishers)/")
_LIST = re.compile(r"/v1\w*(?:/projects/[^/]+/locations/[^/]+)?(?:/publishers/[^/]+)?/models(?:/.*)?", re.DOTALL)
_SHARED = re.compile(r"/v1/(?P<what>models|files)(?:/.*)?", re.DOTALL)
_SDK = b"x-goog-api-client"
_PLACE = r"(?:projects/[^/]+/(?:locations/[^/]+/)?)?"
# What Google's API has beside, by its path behind the version.
_UNSERVED = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"files(?:[/:].*)?", "files: send pictures inside the request, as inlineData"),
        (rf"{_PLACE}cachedContents(?:/.*)?", "cached contents"),
        (r".*:(?:embedContent|batchEmbedContents|asyncBatchEmbedContent)", "embeddings"),
        (r".*:(?:predict|predictLongRunning|fetchPredictOperation)", "Imagen and videos: ask a Gemini model"),
        (rf".*:batchGenerateContent|{_PLACE}(?:batches|batchPredictionJobs)(?:[/:].*)?", "batches"),
        (r".*:computeTokens", "computeTokens: countTokens gives the number of tokens"),
        (rf"{_PLACE}(?:tunedModels|tuningJobs|operations|endpoints)(?:[/:].*)?", "tuning and operations"),
        (r"interactions(?:/.*)?", "interactions: use generateContent"),
        (rf"{_PLACE}(?:fileSearchStores|corpora|ragCorpora)(?:[/:].*)?", "stores of documents"),
    )
)
_BEHIND_VERSION = re.compile(r"/(?:(?:upload|download)/)?v1\w*/(?P<rest>.*)", re.DOTALL)


def is_native(method: str, path: str, headers: Mapping[bytes, bytes], query: bytes) -> bool:
    """Whether a request is one of Google's API. Files and lists of models in /v1 are, of Google's SDK or with ?key=.

    method: HTTP's.
    """
    if _NATIVE.fullmatch(path) or (method == "POST" and _METHOD.fullmatch(path)):
        return True
    shared = _SHARED.fullmatch(path)
    if shared is None or (shared["what"] == "models" and method not in {"GET", "HEAD"}):
        return False
    return _SDK in headers or take_key(query)[0] is not None


def is_vertex(path: str) -> bool:
    """Whether a path is one of Vertex AI's."""
    return _VERTEX.match(path) is not None


def lists_models(path: str) -> bool:
    """Whether what is read there is a list of models, or one of them."""
    return _LIST.fullmatch(path) is not None


def take_key(query: bytes) -> tuple[bytes | None, bytes]:
    """The key of a URL's query, None where there is none, and the query without it. Of two keys, none holds: b""."""
    found: list[bytes] = []
    rest = []
    for field in query.split(b"&"):
        name, _, value = field.partition(b"=")
        if unquote_to_bytes(name) == b"key":
            found.append(unquote_to_bytes(value))
        elif field:
            rest.append(field)
    key = None if not found else found[0] if len(found) == 1 else b""
    return key, b"&".join(rest)


def model_name(names: Mapping[str, str]) -> str:
    """The model that a path names. names: the path's parameters."""
    publisher = names.get("publisher", "google")
    return names["model"] if publisher == "google" else f"{publisher}/{names['model']}"


def unserved(path: str) -> str:
    """What a path of Google's API is for that is not served here, in words; "" where the path is not known."""
    match = _BEHIND_VERSION.fullmatch(path)
    if match is None:
        return ""
    return next((words for pattern, words in _UNSERVED if pattern.fullmatch(match["rest"])), "")
