"""The faults of a plan: what is answered in place of the ordinary answer, and how an ordinary body is sent.

They act on every path of the API; the rest of a plan says what generateContent draws.
"""

import asyncio
import gzip

from aiohttp import web

from imagewire_emulator import body
from imagewire_emulator.ledger import Entry
from imagewire_emulator.plan import Plan


async def instead(entry: Entry, plan: Plan, delay: float) -> web.Response | None:
    """Wait as long as the plan says, and make the answer of a plan that refuses. None if the ordinary one is sent."""
    await asyncio.sleep(delay)
    if plan.silent:
        await asyncio.Event().wait()
    if plan.error is not None:
        made = web.json_response(plan.error.body(), status=plan.error.http, headers=plan.headers)
    elif plan.raw is not None:
        made = web.Response(status=plan.raw.status, body=plan.raw.body, headers=plan.raw.headers)
    else:
        return None
    entry.status = made.status
    entry.end("error")
    return made


async def send(request: web.Request, response: web.Response, plan: Plan, entry: Entry) -> web.StreamResponse:
    """Send an ordinary answer with the plan's timing and faults."""
    entry.status = response.status
    whole = response.body if isinstance(response.body, bytes) else b""
    if not (plan.cut or plan.pace or plan.damage == "gzip"):
        entry.body_bytes = entry.bytes_sent = len(whole)
        entry.end("ok")
        return response
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    if plan.damage == "gzip":
        headers["Content-Encoding"] = "gzip"
        whole = gzip.compress(whole, 1)
    made = web.StreamResponse(status=response.status, headers=headers)
    await body.send(request, made, [whole], plan, entry)
    return made
