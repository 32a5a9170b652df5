"""Callers with keys of their own, for tests, and how their calls end."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import grpc

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract import pb
from tests.conftest import Stack, spec
from tests.integration.status import told

FLASH = "gemini/gemini-2.5-flash-image"


def policy(name: str, **fields: Any) -> Policy:
    """A caller whose key is key-NAME."""
    return Policy(name, (hashlib.sha256(f"key-{name}".encode()).digest(),), **fields)


def shown(name: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a caller."""
    return (("authorization", f"Bearer key-{name}"),)


async def create(
    stack: Stack, name: str, model: str = FLASH, prompt: str = "A banana", **fields: Any
) -> tuple[str, float]:
    """The reason with which a call ended ("OK"), and what it cost in US dollars."""
    request = pb.CreateCompletionRequest(spec=spec(model, prompt), **fields)
    try:
        answer = await stack.chat.CreateCompletion(request, metadata=shown(name))
    except grpc.aio.AioRpcError as error:
        return told(error).info.reason, 0.0
    return "OK", answer.usage.cost_usd


async def race(stacks: Sequence[Stack], name: str, number: int) -> tuple[dict[str, int], float]:
    """So many calls at once, spread over servers: how many ended how, and what they cost together."""
    ended = await asyncio.gather(*(create(stacks[one % len(stacks)], name) for one in range(number)))
    reasons = [reason for reason, _ in ended]
    return {reason: reasons.count(reason) for reason in reasons}, sum(cost for _, cost in ended)
