"""Scenarios with complete answers: pictures, parts, finish reasons, framing and spelling, common and unusual."""

from dataclasses import replace

from imagewire_emulator.native_parts import NATIVE_PARTS
from imagewire_emulator.plan import Scenarios, changed, number

_SIGNABLE = tuple(name for name in NATIVE_PARTS if not name.startswith("empty-"))

# name → (what it does, how it changes the plan)
ODDITIES: Scenarios = {
    "size": ("a PNG of exactly N bytes, 256 by 256", lambda p, n: replace(p, exact_bytes=number(n, 0, 1_000_000))),
    "4k": ("a picture in 4K", changed(size="4K")),
    "two-images": ("two pictures", changed(layout=("text", "image", "image"))),
    "interleaved": ("text between pictures", changed(layout=("text", "image", "text", "image", "text"))),
    "drafts": ("a thought, a draft, then the picture", changed(layout=("thought", "draft", "text", "image"))),
    "thought-only": ("the only picture is a draft", changed(layout=("text", "draft"))),
    "audio": ("audio after the picture", changed(layout=("text", "image", "audio"))),
    "unicode": ("text with U+2028, emoji and escapes", changed(layout=("unicode", "image"))),
    "native-parts": (
        "a part of each of Google's other kinds, some before the picture and some after it",
        changed(layout=("text", *list(NATIVE_PARTS)[:5], "image", *list(NATIVE_PARTS)[5:])),
    ),
    "native-parts-signed": (
        "the same, each with a signature, without the empty ones",
        changed(layout=("text", *_SIGNABLE[:4], "image", *_SIGNABLE[4:]), signed=True),
    ),
    **{
        name: (
            f"this part before the picture: {', '.join(part) or 'no member'}",
            changed(layout=("text", name, "image")),
        )
        for name, part in NATIVE_PARTS.items()
    },
    "safety": ("the prompt is blocked", changed(block="SAFETY")),
    "image-safety": (
        "text, then the picture is withheld",
        changed(layout=("text",), finish="IMAGE_SAFETY", finish_message="Unable to show the generated image."),
    ),
    "no-image": (
        "text and no picture",
        changed(layout=("text",), finish="NO_IMAGE", finish_message="No image was generated."),
    ),
    "no-content": ("NO_IMAGE without content", changed(layout=(), finish="NO_IMAGE", damage="no-content")),
    "declined": ("text that declines, with STOP", changed(layout=("text",))),
    "early-stop": (
        "a stream with STOP, then IMAGE_SAFETY",
        changed(layout=("text",), early=("STOP",), finish="IMAGE_SAFETY"),
    ),
    "unspecified-then-stop": (
        "a stream with FINISH_REASON_UNSPECIFIED, then STOP",
        changed(early=("FINISH_REASON_UNSPECIFIED",)),
    ),
    "unspecified": ("FINISH_REASON_UNSPECIFIED alone", changed(finish="FINISH_REASON_UNSPECIFIED")),
    "continuation": (
        "text, CONTINUATION and a continuationToken; a request with that token gets the picture",
        changed(layout=("text",), finish="CONTINUATION"),
    ),
    "no-candidates": ("usage and nothing else", changed(layout=(), damage="no-candidates")),
    "finish-twice": ("the last event twice", changed(damage="finish-twice")),
    "model-status": ("a modelStatus: deprecated, with the retirement date", changed(damage="model-status")),
    "usage-split": ("usage that lists a modality twice", changed(usage="split")),
    "usage-at-the-end": ("usage in the last event alone", changed(usage="at-the-end")),
    "usage-without-details": ("usage without the tokens of each modality", changed(usage="bare")),
    "usage-odd": ("usage with negative counts, counts as text, unknown names and no total", changed(usage="odd")),
    "data-first": ("a picture whose data comes before its mimeType", changed(damage="data-first")),
    "nulls": ("null for absent fields", changed(damage="nulls")),
    "snake-case": ("names in snake_case", changed(damage="snake-case")),
    "bad-base64": ("a picture that is not valid base64", changed(damage="base64")),
    "base64-urlsafe": ("a picture in URL-safe base64", changed(damage="base64-urlsafe")),
    "base64-unpadded": ("a picture in base64 without padding", changed(damage="base64-unpadded")),
    "gzip": ("a compressed body that was not requested", changed(damage="gzip")),
    "stream-array": (
        "a stream as one JSON array, alt=sse ignored",
        changed(framing="array", content_type="application/json; charset=UTF-8"),
    ),
    "stream-array-in-event": ("a stream as one JSON array in one event", changed(framing="array-in-event")),
    "done": ("data: [DONE] after the last event", changed(framing="done")),
    "bom": ("a byte order mark before the first event", changed(framing="bom")),
    "no-last-line": ("no empty line after the last event", changed(framing="no-last-line")),
    "empty-data": ("empty data lines before each event", changed(framing="empty-data")),
    "sse-as-text": ("events labelled text/plain", changed(content_type="text/plain; charset=UTF-8")),
    "sse-as-json": ("events labelled application/json", changed(content_type="application/json")),
    "sse-untyped": ("events without a Content-Type", changed(content_type="")),
}
