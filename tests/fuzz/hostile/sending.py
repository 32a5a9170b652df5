"""Sends a case and judges what comes back: the right class of status, and an error that says what to change."""

import asyncio
import json
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import grpc

from imagewire_server.config.load import ConfigError
from imagewire_server.providers.registry import load
from tests.fuzz.hostile.case import Case, Finding
from tests.fuzz.hostile.exchange import LONG, QUIET, Answer, answers, exchange
from tests.fuzz.hostile.target import Target
from tests.integration.status import told

# What a request alone may end in: the upstream answers all that is asked, and well.
_CODES = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"}
_STATUSES = {200, 400, 403, 404, 405, 408, 413, 415, 417, 429, 431}
_MOST_READING = 3.0  # seconds of CPU time, for a file
_STREAMED = ("StreamCompletion", "ResumeCompletion", "DownloadImage")


async def send_grpc(target: Target, case: Case) -> list[Finding]:
    """A message to a method. head: method (the whole name), metadata (pairs); a body of several messages: sizes."""
    method = case.head["method"]
    metadata = [
        (name, value.encode("latin-1") if name.endswith("-bin") else value)
        for name, value in case.head.get("metadata", ())
    ]
    try:
        if method.endswith("UploadImage"):
            await target.channel.stream_unary(method)(_messages(case), metadata=metadata)
        elif method.endswith("ServerReflectionInfo"):
            async for _ in target.channel.stream_stream(method)(_messages(case), metadata=metadata):
                pass
        elif method.endswith(_STREAMED):
            async for _ in target.channel.unary_stream(method)(case.data, metadata=metadata):
                pass
        else:
            await target.channel.unary_unary(method)(case.data, metadata=metadata)
    except grpc.aio.AioRpcError as failed:
        return _judged(failed)
    return []


async def _messages(case: Case) -> AsyncIterator[bytes]:
    data = case.data
    for size in case.head.get("sizes", [len(data)]):
        yield data[:size]
        data = data[size:]


def _judged(failed: grpc.aio.AioRpcError) -> list[Finding]:
    code, details = failed.code().name, failed.details() or ""
    if details == "Internal error from Core":
        return []  # the client's own words, where the server ended a call that still sent
    if code not in _CODES:
        return [Finding(f"status {code}", details)]
    if code != "INVALID_ARGUMENT":
        return []
    try:
        said = told(failed)
    except KeyError:
        return [Finding("an error without details", f"{code}: {details}")]
    if not said.bad.field_violations or not all(one.description for one in said.bad.field_violations):
        return [Finding("an error that names no field", f"{code}: {details}")]
    if not said.info.reason or not said.request.request_id:
        return [Finding("an error without reason or request id", f"{code}: {details}")]
    return []


async def send_rest(target: Target, case: Case) -> list[Finding]:
    """A request with a body, over a connection of its own. head: method, path, headers (pairs, without the length)."""
    head = case.head
    data = case.data
    lines = [f"{head['method']} {head['path']} HTTP/1.1", "host: localhost", "connection: close"]
    lines += [f"{name}: {value}" for name, value in head["headers"]]
    if not any(name.lower() == "transfer-encoding" for name, _ in head["headers"]):
        lines.append(f"content-length: {len(data)}")
    got, closed = await exchange(target.rest, "\r\n".join([*lines, "", ""]).encode("latin-1") + data, LONG)
    if not closed:
        return [Finding("no end", f"{len(got)} bytes came, and the connection was not closed")]
    return _read(got, needed=head["method"] != "HEAD")


async def send_http1(target: Target, case: Case) -> list[Finding]:
    """Bytes to the REST port."""
    got, _ = await exchange(target.rest, case.data, QUIET)
    return _read(got, needed=False)


async def send_http2(target: Target, case: Case) -> list[Finding]:
    """Bytes to the gRPC port. What comes back is gRPC's own."""
    await exchange(target.grpc, case.data, QUIET)
    return []


async def send_config(target: Target, case: Case) -> list[Finding]:
    """A configuration file: read here, then by the server, which must read the right one again."""
    found = await asyncio.to_thread(_loaded, target.config.with_name("odd.yaml"), case.data)
    async with target.calling:  # what such a file has served is not what neighbours ask for
        line = await target.reload(case.data)
        if "kind" in line:
            found.append(Finding("a reload failed", json.dumps(line)))
        again = await target.reload(target.given.encode())
        if again["event"] != "reloaded":
            found.append(Finding("the right file was not read again", json.dumps(again)))
    return found


def _loaded(path: Path, data: bytes) -> list[Finding]:
    path.write_bytes(data)
    begun = time.thread_time()
    try:
        load(path, {"GEMINI_API_KEY": "a-key", "HOME": "/home"})
    except ConfigError as error:
        if not str(error).startswith(str(path)):
            return [Finding("an error that names no line", str(error))]
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is looked for
        places = traceback.extract_tb(error.__traceback__)
        return [
            Finding(f"crash: {type(error).__name__}", f"{error!r:.200} {[(p.filename, p.lineno) for p in places[-3:]]}")
        ]
    if time.thread_time() - begun > _MOST_READING:
        return [Finding("long reading", f"{len(data)} bytes took {time.thread_time() - begun:.1f} s")]
    return []


def _read(got: bytes, *, needed: bool) -> list[Finding]:
    try:
        found = answers(got)
    except ValueError as error:
        return [Finding("no HTTP came back", f"{error}: {got[:200]!r}")]
    if needed and not found:
        return [Finding("no answer", repr(got[:200]))]
    return [finding for answer in found for finding in _judged_answer(answer)]


def _judged_answer(answer: Answer) -> list[Finding]:
    if answer.status not in _STATUSES:
        return [Finding(f"status {answer.status}", repr(answer.body[:500]))]
    if answer.status == 200 or not answer.body:
        return []
    try:
        error = answer.json()["error"]
        message, code, param = error["message"], error["code"], error["param"]
    except (ValueError, KeyError, TypeError):
        return [Finding("an error that is none of OpenAI's", repr(answer.body[:500]))]
    if not message or not code or not error["request_id"]:
        return [Finding("an error without message, code or request id", repr(answer.body[:500]))]
    if code == "invalid_request" and not param:
        return [Finding("an error that names no field", repr(answer.body[:500]))]
    return []


Send = Callable[[Target, Case], Awaitable[list[Finding]]]
