"""Small pictures for tests, made with Pillow."""

import io

from PIL import Image


def encoded(kind: str, width: int, height: int, **options: object) -> bytes:
    """A picture file. kind: Pillow's name of the format."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(file, kind, **options)
    return file.getvalue()


PNG = encoded("PNG", 4, 3)
JPEG = encoded("JPEG", 4, 3)
