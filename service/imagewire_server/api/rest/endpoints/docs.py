"""Two pages for people: an introduction, and the fields of each path. They load no scripts and no other files."""

from functools import cache
from html import escape
from typing import Any

import msgspec

from imagewire_server import __version__
from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.openapi import document
from imagewire_server.api.rest.response import Response, Send

_HEADERS = [(b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")]
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
code,pre{font:14px/1.5 ui-monospace,monospace;background:#f2f4f7;border-radius:4px}code{padding:.1em .3em}
pre{padding:1rem;overflow:auto}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #dde2e8;vertical-align:top}a{color:#0b57d0}summary{cursor:pointer;padding:.4rem 0}"""
_WORDS = """<h1>imagewire</h1>
<p>Chat that draws. This port serves OpenAI's JSON; gRPC, which streams pictures as bytes, is on another port.</p>
<pre>curl http://$HOST/v1/chat/completions \\
  -H "Content-Type: application/json" -H "Authorization: Bearer $KEY" \\
  -d '{"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": "user", "content": "A banana"}]}'</pre>
<p><a href="/docs">Paths and fields</a> · <a href="/openapi.json">OpenAPI</a> ·
<a href="/v1/models">models</a> · <a href="/health">health</a></p>"""


async def root(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /."""
    await _html(scope[EXCHANGE], "imagewire", _WORDS)


async def docs(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /docs."""
    await _html(scope[EXCHANGE], "imagewire: paths", _docs())


async def openapi(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /openapi.json."""
    exchange: Exchange = scope[EXCHANGE]
    await exchange.response.whole(200, msgspec.json.encode(document()))


async def _html(exchange: Exchange, title: str, body: str) -> None:
    page = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}
<p><small>imagewire {__version__}</small></p></body></html>"""
    response: Response = exchange.response
    response.typed(b"text/html; charset=utf-8")
    await response.whole(200, page.encode(), _HEADERS)


@cache
def _docs() -> str:
    made = ['<h1>Paths</h1><p>A readable form of <a href="/openapi.json">/openapi.json</a>.</p>']
    components = document()["components"]["schemas"]
    for path, methods in document()["paths"].items():
        for method, described in methods.items():
            made.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(described['summary'])}</p>")
            bodies = described.get("requestBody", {}).get("content", {}).values()
            made.extend(_fields(content["schema"], components) for content in bodies)
    return "".join(made)


def _fields(schema: dict[str, Any], components: dict[str, Any]) -> str:
    """A table of an object's fields. Nested objects can be expanded."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_kind(field, components)}</td>"
        f"<td>{'required' if name in schema.get('required', ()) else ''}</td></tr>"
        for name, field in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>"


def _kind(field: dict[str, Any], components: dict[str, Any], depth: int = 0) -> str:
    """The type of a field, in words."""
    if "$ref" in field:
        inside = components[field["$ref"].rpartition("/")[2]]
        words = escape(inside.get("description", inside.get("title", "")))
        return words if depth > 1 else f"<details><summary>{words}</summary>{_fields(field, components)}</details>"
    if "anyOf" in field:
        kinds = [kind for kind in field["anyOf"] if kind.get("type") != "null"]
        return " or ".join(_kind(kind, components, depth + 1) for kind in kinds)
    if "enum" in field:
        return ", ".join(f"<code>{escape(msgspec.json.encode(value).decode())}</code>" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}), components, depth + 1)}"
    return escape(field.get("description", field.get("type", "anything")))
