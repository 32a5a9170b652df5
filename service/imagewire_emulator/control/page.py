"""The page at /: the last calls, with their pictures. Plain HTML, which runs no script and loads nothing else."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from imagewire_emulator.control.gallery import Gallery
from imagewire_emulator.credentials import API_KEY
from imagewire_emulator.ledger import Entry

_SHOWN = 30
_NAMED = 50
_PROMPT = 300
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; }
article { border-top: 1px solid #888; padding: .8rem 0; overflow-wrap: anywhere; }
.ok { font-weight: bold; }
.error { font-weight: bold; color: light-dark(#a31515, #ff8a80); }
img { max-height: 12rem; max-width: 100%; margin: .4rem .4rem 0 0; }
p { margin: .2rem 0; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; img-src 'self'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def html(entries: list[Entry], gallery: Gallery, key: str, names: list[str]) -> str:
    """The page of the calls with a key, which reloads itself every five seconds. names: those of all keys."""
    query = f"?key={quote(key, safe='')}" if key else ""
    calls = "".join(_call(entry, gallery, query) for entry in reversed(entries[-_SHOWN:]))
    links = ", ".join(
        f'<a href="/_emulator/{path}{query}">{path}</a>' for path in ("requests", "charges", "directives", "quota")
    )
    keys = "".join(f', <a href="/?key={API_KEY}-{name}">{name}</a>' for name in reversed(names[-_NAMED:]))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        '<meta name="viewport" content="width=device-width"><title>imagewire-emulator</title>'
        f"<style>{_STYLE}</style></head><body><h1>imagewire-emulator</h1>"
        f"<p>{len(entries)} calls; the last {_SHOWN} of them are here. As JSON: {links};"
        ' <a href="/_emulator/openapi.json">the control API</a>.</p>'
        + (f'<p>Keys by name: <a href="/">without a name</a>{keys}.</p>' if names else "")
        + f"<main>{calls or '<p>No call yet.</p>'}</main></body></html>\n"
    )


def _call(entry: Entry, gallery: Gallery, query: str) -> str:
    at = datetime.fromtimestamp(entry.started, UTC).strftime("%H:%M:%S")
    kind = entry.outcome if entry.outcome in {"ok", "open"} else "error"
    took = f", {entry.ended_at - entry.started:.1f} s" if entry.ended_at is not None else ""
    asked = "; ".join(filter(None, (entry.scenario, entry.emulate)))
    line = escape(f"{entry.method} {entry.path[:200]}")
    link = f'<a href="/_emulator/requests/{entry.id}{query}">{entry.id}</a>'
    ended = escape(f"{entry.status or 'no status'} {entry.outcome}, {entry.bytes_sent:,} bytes{took}")
    lines = [f"<p>{link} <time>{at}</time> UTC <code>{line}</code></p>", f'<p class="{kind}">{ended}</p>']
    if asked:
        lines.append(f"<p>Emulates: <code>{escape(asked)}</code></p>")
    if words := prompt(entry.body):
        lines.append(f"<p>{escape(words)}</p>")
    lines += [_picture(image, gallery, query) for image in entry.images]
    return f"<article>{''.join(lines)}</article>"


def _picture(image: dict[str, object], gallery: Gallery, query: str) -> str:
    sha256, words = str(image["sha256"]), f"{image['width']} by {image['height']}, {image['size']} bytes"
    if gallery.find(sha256) is None:
        return f"<p>A picture, {escape(words)}, no longer kept.</p>"
    url = f"/_emulator/pictures/{sha256}{query}"
    return f'<a href="{url}"><img src="{url}" alt="{escape(words)}" title="{escape(words)}" loading="lazy"></a>'


def prompt(body: object) -> str:
    """The texts of the last turn of a request, which may be anything, shortened."""
    try:
        turn = body["contents"][-1]  # type: ignore[index]
        words = " ".join(part["text"] for part in turn["parts"] if "text" in part)
    except (TypeError, KeyError, IndexError):
        words = json.dumps(body, ensure_ascii=False) if body else ""
    return words if len(words) <= _PROMPT else f"{words[:_PROMPT]}…"
