"""Files in requests. They must be pictures: the models take no other input."""

from imagewire_server.contract import image_header, image_rules, pb
from imagewire_server.formats.openai.common import data_uri
from imagewire_server.formats.openai.common.json_decode import Strict
from imagewire_server.formats.openai.common.shared_request import Detail, ImageUrl
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder

_SOURCES = ("file_id", "file_data", "file_url")
_PICTURES = f"and only pictures can be sent: send each page as {image_rules.INPUT_TYPES}"


class InputFile(Strict):
    """A picture. file_data: a data: URL, or base64. file_id: of a picture that is kept, or its https:// or gs:// URL.

    format: its media type, required with gs://. filename: it changes nothing.
    """

    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None
    format: str | None = None
    detail: Detail | None = None


class InputFilePart(Strict, tag_field="type", tag="input_file"):
    """A picture. file_data: a data: URL, or base64. file_url: https://. file_id: of a picture that is kept.

    filename: it changes nothing.
    """

    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Detail | None = None


def source(given: InputFile | InputFilePart) -> str:
    """The field that holds a file."""
    return next((name for name in _SOURCES if getattr(given, name, None)), "file_data")


def picture(builder: SpecBuilder, given: InputFile | InputFilePart, field: str) -> pb.Image:
    """The picture of a file, any if it was refused. field: the object that holds the file."""
    name = source(given)
    where, value = f"{field}.{name}", getattr(given, name)
    said = given.format if isinstance(given, InputFile) else None
    if not value or any(getattr(given, other, None) for other in _SOURCES if other != name):
        known = [other for other in _SOURCES if hasattr(given, other)]
        builder.refuse(where, f"must be the only one of {', '.join(known)}: send exactly one of them")
        return pb.Image(image_id="refused")
    if said and not said.lower().startswith("image/"):
        builder.refuse(f"{field}.format", f"is {said!r}, {_PICTURES}")
        return pb.Image(image_id="refused")
    if name == "file_id" and "://" not in value[:16]:
        return data_uri.kept(value, given.detail)
    if name == "file_data" and value.lstrip()[:5].lower() != "data:":
        value = f"data:;base64,{value}"
    made = builder.image(ImageUrl(url=value, detail=given.detail, format=said), where)
    data = made.data
    if data and not builder.is_refused(where) and image_header.read(data[: image_header.ENOUGH]) is None:
        builder.refuse(where, f"is {'a PDF' if data.startswith(b'%PDF') else 'not a picture'}, {_PICTURES}")
    return made
