"""An invented answer through a real server: gRPC and REST, streamed and not."""

import contextlib
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import grpc
import httpx

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec
from tests.fuzz import judge_rest, rest_seen
from tests.fuzz.answer import Answer
from tests.fuzz.judge import Finding, judge
from tests.fuzz.seen import Merger, Seen, loaded, unary
from tests.fuzz.upstream import Upstream
from tests.integration.status import told

Path = Callable[["Serving", Answer, str], Awaitable[list[Finding]]]


@dataclass
class Serving:
    """A server, and the upstream behind it."""

    stack: Stack
    upstream: Upstream


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Serving]:
    """A server that asks an upstream of ours."""
    async with Upstream().running() as upstream, running_stack(rest=True, gemini_base_url=upstream.url) as stack:
        stack.rest.timeout = 120
        yield Serving(stack, upstream)


async def check(server: Serving, answer: Answer, name: str, only: Iterable[str] = ()) -> list[tuple[str, Finding]]:
    """What is wrong with an answer, by the path that it took. name: of a model, used once. only: these paths."""
    found: list[tuple[str, Finding]] = []
    for path, run in PATHS.items():
        if only and path not in only:
            continue
        model = f"{name}-{path}"
        server.upstream.answers[model] = answer
        fresh = replace(answer, truth=copy.deepcopy(answer.truth))
        found += [(path, finding) for finding in await run(server, fresh, f"gemini/{model}")]
        del server.upstream.answers[model]
    return found


def _error(failed: grpc.aio.AioRpcError) -> str:
    return f"{told(failed).info.reason}: {failed.details()}"


async def _streamed(server: Serving, model: str) -> Seen:
    merger, error = Merger(hashed=True), ""
    call = server.stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(model), batch=True))
    try:
        async for message in call:
            merger.add(message)
            for event in message.more:
                merger.add(event)
    except grpc.aio.AioRpcError as failed:
        error = _error(failed)
    return merger.close(error)


async def _unary(server: Serving, model: str) -> tuple[Seen, pb.CreateCompletionResponse]:
    request = pb.CreateCompletionRequest(spec=spec(model), max_inline_bytes=1 << 30)
    try:
        answer = await server.stack.chat.CreateCompletion(request)
    except grpc.aio.AioRpcError as failed:
        return Seen(error=_error(failed)), pb.CreateCompletionResponse()
    return unary(answer), answer


async def _grpc_stream(server: Serving, answer: Answer, model: str) -> list[Finding]:
    return judge(answer.truth, await _streamed(server, model))


async def _grpc_unary(server: Serving, answer: Answer, model: str) -> list[Finding]:
    seen, _ = await _unary(server, model)
    streamed = await _streamed(server, model)
    found = []
    if bool(seen.error) != bool(streamed.error):
        found.append(
            Finding("unary and stream differ", f"unary: {seen.error or 'OK'}, stream: {streamed.error or 'OK'}")
        )
    elif not seen.error:
        names = ("candidates", "finishes", "fields", "candidate_fields", "usage")
        differ = [name for name in names if getattr(seen, name) != getattr(streamed, name)]
        found += [Finding("unary and stream differ", name) for name in differ]
        for index, parts in seen.candidates.items():
            pictures = [part for part in parts if part.kind.startswith("picture")]
            finals = [part for part in pictures if not part.thought] or pictures
            value = finals[-1].value if finals else None
            if (value.encode() if isinstance(value, str) else value) != seen.final.get(index):
                found.append(Finding("final picture", f"of candidate {index}"))
            if seen.contents[index] != "".join(p.value for p in parts if p.kind == "text" and not p.thought):
                found.append(Finding("content is not the text", f"of candidate {index}"))
    return [*found, *judge(answer.truth, seen)]


async def _post(server: Serving, path: str, given: dict[str, Any]) -> httpx.Response:
    """The answer; one that breaks off as an error that says so."""
    try:
        return await server.stack.rest.post(path, json=given)
    except httpx.RemoteProtocolError as broken:
        return httpx.Response(502, json={"error": {"code": "broken", "message": str(broken)}})


_CHAT = {"messages": [{"role": "user", "content": "A banana"}]}
_TOOL = {"type": "image_generation"}


async def _chat(server: Serving, answer: Answer, model: str) -> list[Finding]:
    got = await _post(server, "/v1/chat/completions", {"model": model, **_CHAT})
    return judge_rest.chat(answer.truth, rest_seen.chat(loaded(got.text)), stream=False)


async def _chat_stream(server: Serving, answer: Answer, model: str) -> list[Finding]:
    got = await _post(server, "/v1/chat/completions", {"model": model, **_CHAT, "stream": True})
    seen = rest_seen.chat_stream(got.text) if got.status_code == 200 else rest_seen.chat(loaded(got.text))
    return judge_rest.chat(answer.truth, seen, stream=True)


async def _images(server: Serving, answer: Answer, model: str) -> list[Finding]:
    got = await _post(server, "/v1/images/generations", {"model": model, "prompt": "A banana"})
    return judge_rest.images(answer.truth, rest_seen.images(loaded(got.text)))


async def _images_stream(server: Serving, answer: Answer, model: str) -> list[Finding]:
    given = {"model": model, "prompt": "A banana", "stream": True, "partial_images": 3}
    got = await _post(server, "/v1/images/generations", given)
    seen = rest_seen.images_stream(got.text) if got.status_code == 200 else rest_seen.images(loaded(got.text))
    return judge_rest.images(answer.truth, seen, drafts=3)


async def _responses(server: Serving, answer: Answer, model: str) -> list[Finding]:
    got = await _post(server, "/v1/responses", {"model": model, "input": "A banana", "tools": [_TOOL]})
    return judge_rest.response(answer.truth, rest_seen.response(loaded(got.text)))


async def _responses_stream(server: Serving, answer: Answer, model: str) -> list[Finding]:
    drafts = answer.plan.rng("drafts").choice([0, 2])
    tool = {**_TOOL, "partial_images": drafts} if drafts else _TOOL
    got = await _post(server, "/v1/responses", {"model": model, "input": "A banana", "tools": [tool], "stream": True})
    seen = rest_seen.response_stream(got.text) if got.status_code == 200 else rest_seen.response(loaded(got.text))
    return judge_rest.response(answer.truth, seen)


PATHS: dict[str, Path] = {
    "grpc-stream": _grpc_stream,
    "grpc-unary": _grpc_unary,
    "chat": _chat,
    "chat-stream": _chat_stream,
    "images": _images,
    "images-stream": _images_stream,
    "responses": _responses,
    "responses-stream": _responses_stream,
}
