"""An entry of `images`, written around its URL."""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.encoder import encoded

Json = dict[str, Any]


def entry_front(index: int) -> bytes:
    """The start of an entry of `images`, up to its URL."""
    return b'{"type":"image_url","index":%d,"image_url":{"url":"' % index


def entry_end(part: pb.PartFinished, written: str = "") -> bytes:
    """The rest of an entry of `images`, after its URL. written: the media type in its data: URL.

    If the part turned out to be something else, or of another type, `mime_type` says so.
    """
    what = part.media if part.HasField("media") else part.image
    entry: Json = {}
    if part.thought:
        entry["thought"] = True
    if written and what.mime_type and what.mime_type != written:
        entry["mime_type"] = what.mime_type
    if isinstance(what, pb.Image) and what.image_id:
        entry["image_id"] = what.image_id
    return final_end(what) + (b"," + encoded(entry)[1:] if entry else b"}")


def final_end(what: pb.Image | pb.Media) -> bytes:
    """The rest of `image`, after its URL."""
    if not what.uri and not what.display_name:
        return b'","detail":"auto"}'
    url: Json = {"detail": "auto"}
    if what.uri and what.mime_type:
        url["format"] = what.mime_type
    if what.display_name:
        url["display_name"] = what.display_name
    return b'",' + encoded(url)[1:]
