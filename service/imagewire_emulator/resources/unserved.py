"""What Google's APIs have and the emulator does not serve. It is refused by name, so that nobody looks for a typo."""

import re

from imagewire_emulator.errors import ApiError

_VERSION = r"/(?:v1|v1beta|v1beta1|v1alpha)(?:/projects/[^/]+(?:/locations/[^/]+)?)?"
# A pattern of what stands behind the version, and its name.
_UNSERVED = tuple(
    (re.compile(rf"(?:/upload|/download)?{_VERSION}/{pattern}"), words)
    for pattern, words in (
        (r"fileSearchStores\b.*", "file search stores"),
        (r"(?:tunedModels|tuningJobs)\b.*", "tuning"),
        (r"auth_tokens", "tokens for the Live API"),
        (r".*:(?:embedContent|batchEmbedContents|asyncBatchEmbedContent)", "embeddings"),
        (r".*:(?:predictLongRunning|fetchPredictOperation)", "videos"),
        (r"(?:.*/)?operations\b.*", "operations: what it serves is done at once"),
        (r"files:register", "files of Cloud Storage"),
        (r"batchPredictionJobs\b.*", "Vertex AI's batches, which are files of Cloud Storage"),
        (r"(?:publishers/google/)?models/[^/:]+", "changes of models: it has no tuned ones"),
        (r"(interactions|webhooks|agents|environments|triggers|voices|decisions|credentials)\b.*", r"\1"),
    )
)
_LIVE = re.compile(r"/+ws/google\..*")


def check(path: str) -> None:
    """Raise ApiError if the emulator knows a path and does not serve it."""
    if _LIVE.fullmatch(path):
        raise _unserved("the Live API")
    for pattern, words in _UNSERVED:
        if match := pattern.fullmatch(path):
            raise _unserved(match.expand(words))


def _unserved(words: str) -> ApiError:
    # Not 501, which Google's SDKs repeat for seconds.
    return ApiError(
        "FAILED_PRECONDITION", f"The emulator does not serve {words}. See its documentation for what it serves."
    )
