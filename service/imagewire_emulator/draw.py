"""Draws real pictures of a prompt. They depend only on prompt, seed and input; each is encoded once and then cached."""

import base64
import hashlib
import io
import math
import random
import textwrap
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from PIL import Image, ImageDraw, ImageFont, ImageOps

from imagewire_emulator import files

_KEPT_BYTES = 512 * 1024 * 1024
_SIDE = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
# The minimum and maximum size of a PNG, like Google's. A JPEG has a quarter of it.
_BYTES = {
    "512": (450_000, 550_000),
    "1K": (1_100_000, 1_900_000),
    "2K": (5_200_000, 7_800_000),
    "4K": (17_500_000, 29_000_000),
}
_DRAWN_SIDE = 512  # the size of the drawing; it is enlarged for larger pictures


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture, its base64 (ASCII bytes) and its hash in hex."""

    data: bytes
    base64: bytes
    sha256: str
    mime_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What to draw. inputs: pictures to edit. exact_bytes: the exact size of the file, 0 for any.

    enlarged: how many times as wide and high as the last input, without a change; 0 for a drawing.
    """

    prompt: str
    seed: int = 0
    ratio: str = "1:1"
    size: str = "1K"
    mime_type: str = "image/png"
    quality: int = 85
    inputs: tuple[bytes, ...] = ()
    exact_bytes: int = 0
    enlarged: int = 0


class Studio:
    """Draws pictures, and caches up to 512 MiB of them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Wish, Picture] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def draw(self, wish: Wish) -> Picture:
        """Draw the picture of a Wish. A large one takes a tenth of a second, so call this in a thread."""
        with self._lock:
            if wish in self._kept:
                self._kept.move_to_end(wish)
                return self._kept[wish]
            picture = _draw(wish)
            self._kept[wish] = picture
            self._bytes += len(picture.data) + len(picture.base64)
            while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= len(oldest.data) + len(oldest.base64)
            return picture


def pixels(ratio: str, size: str) -> tuple[int, int]:
    """Width and height with the area of the size and the aspect ratio, in multiples of 16."""
    across, down = (int(side) for side in ratio.split(":"))
    side = _SIDE[size]
    width = math.sqrt(side * side * across / down)
    return round(width / 16) * 16, round(width * down / across / 16) * 16


def _draw(wish: Wish) -> Picture:
    if wish.enlarged:
        return _enlarged(wish)
    width, height = (256, 256) if wish.exact_bytes else pixels(wish.ratio, wish.size)
    times = 1 if wish.exact_bytes else _SIDE[wish.size] // _DRAWN_SIDE
    dice = random.Random(f"{wish.seed}\0{wish.prompt}")  # noqa: S311  # a picture, not a secret
    size = wish.exact_bytes or dice.randint(*_BYTES[wish.size])
    drawing = _drawing(wish, dice, width // times, height // times)
    if wish.mime_type == "image/jpeg":
        data = files.jpeg(drawing, times, wish.exact_bytes or size // 4, wish.quality)
    else:
        data = files.png(drawing, times, size)
    return Picture(data, base64.b64encode(data), hashlib.sha256(data).hexdigest(), wish.mime_type, width, height)


def _enlarged(wish: Wish) -> Picture:
    with Image.open(io.BytesIO(wish.inputs[-1])) as opened:
        size = (opened.width * wish.enlarged, opened.height * wish.enlarged)
        picture = opened.convert("RGB").resize(size)
    file = io.BytesIO()
    if wish.mime_type == "image/jpeg":
        picture.save(file, "JPEG", quality=wish.quality)
    else:
        picture.save(file, "PNG", compress_level=1)
    data = file.getvalue()
    return Picture(data, base64.b64encode(data), hashlib.sha256(data).hexdigest(), wish.mime_type, *size)


def _drawing(wish: Wish, dice: random.Random, width: int, height: int) -> Image.Image:
    canvas = _background(dice, width, height)
    for data in wish.inputs:
        canvas = _edited(canvas, data)
    pen = ImageDraw.Draw(canvas)
    if not wish.inputs:
        _shapes(pen, dice, width, height)
        if "banana" in wish.prompt.lower():
            _banana(pen, width, height)
    _caption(pen, wish.prompt, width, height)
    return canvas


def _background(dice: random.Random, width: int, height: int) -> Image.Image:
    """A gradient with grain."""
    top, bottom = (tuple(dice.randrange(90, 250) for _ in range(3)) for _ in range(2))
    ramp = Image.linear_gradient("L").resize((width, height))
    grain = Image.frombytes("L", (256, 256), dice.randbytes(256 * 256)).resize((width, height))
    mask = Image.blend(ramp, grain, 0.12)
    return Image.composite(Image.new("RGB", (width, height), bottom), Image.new("RGB", (width, height), top), mask)


def _shapes(pen: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    for _ in range(7):
        x, y, radius = dice.randrange(width), dice.randrange(height), dice.randrange(width // 16, width // 5)
        colour = tuple(dice.randrange(60, 255) for _ in range(3))
        box = (x - radius, y - radius, x + radius, y + radius)
        if dice.random() < 0.5:
            pen.ellipse(box, outline=colour, width=max(2, width // 120))
        else:
            pen.regular_polygon((x, y, radius), dice.randrange(3, 8), dice.randrange(90), outline=colour)


def _banana(pen: ImageDraw.ImageDraw, width: int, height: int) -> None:
    unit = min(width, height)
    left, top = (width - unit) // 2, (height - unit) // 2
    box = (left + unit * 0.18, top - unit * 0.20, left + unit * 0.82, top + unit * 0.62)
    for inset, colour in ((0.0, (120, 84, 10)), (0.012, (250, 212, 40)), (0.05, (255, 228, 92))):
        grown = (box[0] + unit * inset, box[1] + unit * inset, box[2] - unit * inset, box[3] - unit * inset)
        pen.arc(grown, 25, 155, fill=colour, width=int(unit * (0.17 - inset * 2)))
    for angle in (25, 155):
        x = (box[0] + box[2]) / 2 + math.cos(math.radians(angle)) * unit * 0.25
        y = (box[1] + box[3]) / 2 + math.sin(math.radians(angle)) * unit * 0.33
        pen.ellipse((x - unit * 0.025, y - unit * 0.025, x + unit * 0.025, y + unit * 0.025), fill=(84, 60, 16))


def _edited(canvas: Image.Image, data: bytes) -> Image.Image:
    """Paste the input into a frame on the canvas, so that the edit is visible."""
    with Image.open(io.BytesIO(data)) as opened:
        inner = ImageOps.contain(opened.convert("RGB"), (canvas.width * 9 // 10, canvas.height * 9 // 10))
    framed = ImageOps.expand(inner, border=max(4, canvas.width // 100), fill=(255, 255, 255))
    canvas.paste(framed, ((canvas.width - framed.width) // 2, (canvas.height - framed.height) // 2))
    return canvas


def _caption(pen: ImageDraw.ImageDraw, prompt: str, width: int, height: int) -> None:
    font = ImageFont.load_default(size=max(12, height // 26))
    text = "\n".join(textwrap.wrap(prompt[:400], 44)[:4])
    box = pen.multiline_textbbox((0, 0), text, font=font)
    x, y = (width - (box[2] - box[0])) / 2, height - (box[3] - box[1]) - height * 0.07
    pad = height // 50
    pen.rounded_rectangle((x - pad, y - pad, width - x + pad, height - height * 0.03), radius=pad, fill=(24, 24, 32))
    pen.multiline_text((x, y), text, font=font, fill=(255, 255, 255), align="center")
