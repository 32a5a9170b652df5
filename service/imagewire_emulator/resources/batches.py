"""Batches of the Gemini API: requests in the body, or as lines of a file. A batch ends when it is first asked about."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from imagewire_emulator import directives, incoming
from imagewire_emulator.answer import Scene
from imagewire_emulator.errors import ApiError, invalid
from imagewire_emulator.ledger import Entry
from imagewire_emulator.resources.route import Asked, Json, Route, route
from imagewire_emulator.resources.times import now, stamp
from imagewire_emulator.resources.uploads import Budget

_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main."
_MOST_BATCHES = 100
_MOST_REQUESTS = 100


@dataclass(slots=True)
class Request:
    """One of a batch. label: what the answer repeats of it. outcome: what it asks for, or why it failed."""

    label: Json
    entry: Entry
    outcome: Scene | ApiError


@dataclass(slots=True)
class Batch:
    """metadata: as the API shows it. size: that of its body. file: whether requests and answers are files."""

    metadata: Json
    requests: list[Request]
    size: int
    file: bool
    output: Json = field(default_factory=dict)

    @property
    def pending(self) -> bool:
        """Whether it has neither ended nor been cancelled."""
        return bool(self.metadata["state"] == "BATCH_STATE_PENDING")

    def described(self) -> Json:
        """As an operation, without its answers."""
        metadata = {"@type": f"{_TYPE}GenerateContentBatch", **self.metadata}
        return {"name": self.metadata["name"], "metadata": metadata, **({} if self.pending else {"done": True})}

    def end(self, state: str) -> None:
        """Set the state in which it has ended."""
        time, count = stamp(now()), len(self.requests)
        self.metadata |= {"state": f"BATCH_STATE_{state}", "updateTime": time, "endTime": time}
        if state == "SUCCEEDED":
            failed = sum(isinstance(request.outcome, ApiError) for request in self.requests)
            stats = {"requestCount": count, "successfulRequestCount": count - failed, "failedRequestCount": failed}
            self.metadata["batchStats"] = {name: str(number) for name, number in stats.items() if number}


class Batches:
    """Those of one key. budget: shared by all keys."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._kept: dict[str, Batch] = {}

    def add(self, batch: Batch) -> None:
        """Keep one. Raises ApiError."""
        if len(self._kept) >= _MOST_BATCHES or batch.size > self._budget.left:
            words = f"The emulator keeps at most {_MOST_BATCHES} batches of a key, and 512 MiB in all: delete some."
            raise ApiError("RESOURCE_EXHAUSTED", words)
        self._budget.left -= batch.size
        self._kept[batch.metadata["name"]] = batch

    def find(self, name: str) -> Batch:
        """A batch. Raises ApiError."""
        if name not in self._kept:
            raise ApiError("NOT_FOUND", f"Requested entity was not found: {name[:60]}")
        return self._kept[name]

    def listed(self) -> list[Json]:
        """What is known of each, the newest first."""
        return [batch.described() for batch in reversed(self._kept.values())]

    def delete(self, name: str) -> None:
        """Remove one. Raises ApiError."""
        self._budget.left += self.find(name).size
        del self._kept[name]

    def clear(self) -> None:
        """Remove all."""
        self._budget.left += sum(batch.size for batch in self._kept.values())
        self._kept.clear()


async def _create(asked: Asked) -> Json:
    model, _ = directives.of_model(asked.names["id"])
    given = _member(await asked.body(), "batch", "")
    config = _member(given, "inputConfig", "batch")
    file = config.get("fileName")
    if (file is None) == (config.get("requests") is None):
        raise invalid("batch.input_config: must have either file_name or requests.", "batch.input_config")
    lines = _of_file(asked, str(file)) if file is not None else _inlined(config)
    if not 1 <= len(lines) <= _MOST_REQUESTS:
        raise invalid(f"The emulator takes 1 to {_MOST_REQUESTS} requests of a batch.", "batch.input_config")
    name, time = f"batches/{secrets.token_hex(8)}", stamp(now())
    metadata = {
        "model": f"models/{model.id}",
        "displayName": str(given.get("displayName") or name),
        "state": "BATCH_STATE_PENDING",
        "createTime": time,
        "updateTime": time,
        "batchStats": {"requestCount": str(len(lines)), "pendingRequestCount": str(len(lines))},
        "name": name,
    }
    requests = [_request(asked, line, file is not None) for line in lines]
    batch = Batch(metadata, requests, asked.request.content_length or 0, file is not None)
    asked.state.batches.add(batch)
    return batch.described()


def _member(given: Json, name: str, path: str) -> Json:
    snake = {"inputConfig": "input_config"}.get(name, name)
    value = given.get(name, given.get(snake))
    if not isinstance(value, dict):
        where = f"{path}.{snake}".lstrip(".")
        raise invalid(f"{where}: must be an object.", where)
    return value


def _inlined(config: Json) -> list[Any]:
    requests = _member(config, "requests", "batch.input_config").get("requests")
    if not isinstance(requests, list):
        raise invalid("batch.input_config.requests.requests: must be a list.", "batch.input_config.requests")
    return requests


def _of_file(asked: Asked, name: str) -> list[Any]:
    data = asked.state.files.find(name.removeprefix("files/")).data
    try:
        return [incoming.parse(line) for line in data.splitlines() if line.strip()]
    except ApiError:
        raise invalid(f"{name[:60]}: each line must be a JSON object.", "batch.input_config.file_name") from None


def _request(asked: Asked, line: Any, of_file: bool) -> Request:
    path = f"/v1beta/models/{asked.names['id']}:generateContent"
    entry = asked.state.ledger.open("BATCH", path)
    given = line if isinstance(line, dict) else {}
    label = {name: given[name] for name in ("key" if of_file else "metadata",) if name in given}
    try:
        inner = given.get("request")
        if not isinstance(inner, dict):
            raise invalid("request: must be an object.", "request")
        content = {name: value for name, value in inner.items() if name != "model"}
        model = str(inner.get("model") or asked.names["id"]).rpartition("/")[2]
        return Request(label, entry, asked.artist.scene(asked, model, content, entry))
    except ApiError as error:
        return Request(label, entry, _failed(entry, error))


def _failed(entry: Entry, error: ApiError) -> ApiError:
    entry.status = error.http
    entry.end("error")
    return error


async def _get(asked: Asked) -> Json:
    batch = asked.state.batches.find(_name(asked))
    described = batch.described()
    if not batch.pending and batch.metadata["state"] != "BATCH_STATE_SUCCEEDED":
        return described
    answers: list[Json] = []
    if batch.pending or not batch.file:
        # Answers are drawn again, not kept: a picture is the same each time.
        answers = [await _answer(asked, request) for request in batch.requests]
    if batch.pending:
        batch.end("SUCCEEDED")
        if batch.file:
            batch.output = {"responsesFile": _write(asked, batch, answers)}
        described = batch.described()
    output = batch.output if batch.file else {"inlinedResponses": {"inlinedResponses": answers}}
    described["metadata"] |= {"output": output}
    return described | {"response": {"@type": f"{_TYPE}GenerateContentBatchOutput", **output}}


def _write(asked: Asked, batch: Batch, answers: list[Json]) -> str:
    data = "\n".join(json.dumps(answer) for answer in answers).encode()
    id_ = f"batch-{batch.metadata['name'].removeprefix('batches/')}"
    return asked.state.files.generate(id_, data, "application/jsonl", str(asked.request.url.origin()))


async def _answer(asked: Asked, request: Request) -> Json:
    outcome = request.outcome
    if isinstance(outcome, Scene):
        try:
            answered = await asked.artist.whole(asked.state, request.entry, outcome)
        except ApiError as error:
            outcome = request.outcome = _failed(request.entry, error)
        else:
            request.entry.status = 200
            request.entry.end("ok")
            return {"response": answered, **request.label}
    return {"error": {"code": outcome.code, "message": outcome.message}, **request.label}


async def _cancel(asked: Asked) -> Json:
    batch = asked.state.batches.find(_name(asked))
    if not batch.pending:
        raise ApiError("FAILED_PRECONDITION", f"{batch.metadata['name']} has ended: it cannot be cancelled.")
    batch.end("CANCELLED")
    return {}


async def _delete(asked: Asked) -> Json:
    asked.state.batches.delete(_name(asked))
    return {}


async def _list(asked: Asked) -> Json:
    return asked.page(asked.state.batches.listed(), "operations")


def _name(asked: Asked) -> str:
    return f"batches/{asked.names['id']}"


ROUTES: tuple[Route, ...] = (
    route("POST", "/models/{id}:batchGenerateContent", _create),
    route("GET", "/batches", _list),
    route("GET", "/batches/{id}", _get),
    route("POST", "/batches/{id}:cancel", _cancel),
    route("DELETE", "/batches/{id}", _delete),
)
