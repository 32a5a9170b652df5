"""The shape and the size of the picture, in all spellings of `completion`. Sans-IO."""

from imagewire import spellings
from imagewire.errors import invalid
from imagewire.litellm.drops import Drops
from imagewire.litellm.once import once


def shape(ratio: str, size: str, openai_size: str, quality: str, drops: Drops, *, usual: str) -> tuple[str, str]:
    """The aspect ratio and the size, "" for none. openai_size: the argument `size`. usual: the size that stands for the
    usual one; "" where no server has another default.

    A size that was chosen for pixels or for a quality is left out if the model does not have it, as over REST.
    Raises InvalidRequest for what contradicts, and for what is no size or quality.
    """
    field = "size" if openai_size else "image_size"
    asked = spellings.size(openai_size)
    if asked and not spellings.pixels(asked) and asked not in spellings.SIDES:
        raise invalid("size", f'must be "auto", WIDTHxHEIGHT as "1024x1024", or one of {", ".join(spellings.SIDES)}')
    size = once("size", asked or None, {"image_size": spellings.size(size) or None}, "image_size") or ""
    is_sized = bool(size)
    if pixels := spellings.pixels(size):
        drops.choices.add("image_config.image_size")
        chosen = size = ""
        try:
            chosen, size = spellings.nearest(*pixels)
            side = spellings.SIDES[size or spellings.USUAL]
            drops.tells_picture = pixels != (side, side)
            size = size or usual
        except ValueError as error:
            drops.unsupported(field, str(error))
        given = spellings.ratio(ratio) or None
        ratio = once("aspect_ratio", given, {field: chosen or None}, field) or ""
    if quality:
        wanted = spellings.QUALITIES.get(quality.lower())
        if wanted is None:
            drops.unsupported("quality", f"is not supported; use {', '.join(spellings.QUALITIES)}")
        elif wanted:
            drops.tells_picture = True
            if not is_sized:
                drops.choices.add("image_config.image_size")
                size = wanted
    return ratio, size
