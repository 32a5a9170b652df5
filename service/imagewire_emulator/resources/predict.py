"""Vertex AI's :predict, by which Imagen and its relatives draw, edit, enlarge and segment pictures."""

import base64
import binascii
import io
import re
from typing import Any

from PIL import Image, UnidentifiedImageError

from imagewire_emulator import directives
from imagewire_emulator.draw import Wish
from imagewire_emulator.errors import ApiError, invalid, unknown_name
from imagewire_emulator.resources.route import Asked, Json, Route, route

_MODELS = re.compile(
    r"imagen-3\.0-(?:generate-00[12]|fast-generate-001|capability-00[12])"
    r"|imagen-4\.0-(?:(?:fast-|ultra-)?generate-(?:001|preview-\d\d-\d\d)|upscale-preview)"
    r"|imagen-product-recontext-preview-\d\d-\d\d|imagegeneration@00[2-6]"
    r"|virtual-try-on-(?:001|(?:preview|exp)-\d\d-\d\d)|image-segmentation-001"
)
_RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")
_FACTORS = {"x2": 2, "x3": 3, "x4": 4}
_MOST_PIXELS = 17_000_000  # of an enlarged picture
_PEOPLE = ("dont_allow", "allow_adult", "allow_all")
_MOST = 4
_TEXT, _FLAG, _COUNT, _NUMBER, _OBJECT, _OBJECTS = range(6)
# A kind → the types of its JSON values, and its words.
_KINDS: dict[int, tuple[tuple[type, ...], str]] = {
    _TEXT: ((str,), "a string"),
    _FLAG: ((bool,), "true or false"),
    _COUNT: ((int,), "a whole number"),
    _NUMBER: ((int, float), "a number"),
    _OBJECT: ((dict,), "an object"),
    _OBJECTS: ((list,), "a list of objects"),
}
_REQUEST = ("endpoint", "instances", "parameters", "labels")
_INSTANCE = {
    "prompt": _TEXT,
    **dict.fromkeys(["image", "mask", "personImage", "scribble"], _OBJECT),
    **dict.fromkeys(["referenceImages", "productImages"], _OBJECTS),
}
_PARAMETERS = {
    **dict.fromkeys(["negativePrompt", "aspectRatio", "sampleImageSize", "personGeneration", "safetySetting"], _TEXT),
    **dict.fromkeys(["language", "storageUri", "mode", "editMode", "sampleImageStyle"], _TEXT),
    **dict.fromkeys(["addWatermark", "enhancePrompt", "includeRaiReason", "includeSafetyAttributes"], _FLAG),
    **dict.fromkeys(["sampleCount", "seed", "baseSteps", "maxPredictions"], _COUNT),
    **dict.fromkeys(["guidanceScale", "confidenceThreshold", "maskDilation"], _NUMBER),
    **dict.fromkeys(["outputOptions", "upscaleConfig", "editConfig"], _OBJECT),
}
_REFERENCES = "instances[0].referenceImages"
_FILTERED = (
    "Unable to show generated images. All images were filtered out because they violated Vertex AI's usage guidelines."
    " You will not be charged for blocked images. Try rephrasing the prompt. Support codes: 00000000"
)


async def _predict(asked: Asked) -> Json:
    id_ = asked.names["id"]
    if not _MODELS.fullmatch(id_):
        words = f"Publisher Model `publishers/google/models/{id_[:60]}` was not found or does not support predict."
        raise ApiError("NOT_FOUND", words)
    given = await asked.body()
    asked.entry.model = id_
    asked.state.ledger.keep(asked.entry, given)
    for name in given.keys() - set(_REQUEST):
        raise unknown_name(name)
    instance, parameters = _instance(given), _object(given, "parameters")
    _check_types(instance, _INSTANCE, "instances[0]")
    _check_types(parameters, _PARAMETERS, "parameters")
    prompt = instance.get("prompt", "")
    turn: Json = {"contents": [{"parts": [{"text": prompt}]}]}
    said = directives.of_prompt(turn)
    asked.entry.emulate = "; ".join(filter(None, (asked.entry.emulate, said)))
    asked.state.steering.pay()
    plan = asked.state.steering.added(asked.plan, directives.parse(said), asked.request.path)
    if plan.error is not None:
        raise plan.error
    wishes = _wishes(id_, instance, parameters, turn["contents"][0]["parts"][0]["text"])
    if plan.block or plan.finish != "STOP":
        return {"predictions": [{"raiFilteredReason": _FILTERED}]} if parameters.get("includeRaiReason") else {}
    asked.state.steering.reserve(len(wishes))
    pictures = await asked.artist.draw(wishes)
    asked.artist.count(asked.entry, pictures, len(pictures))
    predictions: list[Json] = []
    for number, picture in enumerate(pictures):
        made: Json = {"mimeType": picture.mime_type}
        if place := parameters.get("storageUri"):
            ending = picture.mime_type.partition("/")[2]
            made["gcsUri"] = f"{place.rstrip('/')}/{picture.sha256[:16]}/sample_{number}.{ending}"
        else:
            made["bytesBase64Encoded"] = picture.base64.decode()
        if parameters.get("enhancePrompt") and prompt:
            made["prompt"] = f"{prompt}, in detail"
        if parameters.get("includeSafetyAttributes"):
            made["safetyAttributes"] = {"categories": ["Violence"], "scores": [0.1]}
        if id_.startswith("image-segmentation"):
            made["labels"] = [{"label": prompt or "background", "score": 0.9}]
        predictions.append(made)
    if parameters.get("includeSafetyAttributes"):
        scores = {"categories": ["Violence"], "scores": [0.1]}
        predictions.append({"contentType": "Positive Prompt", "safetyAttributes": scores})
    return {"predictions": predictions}


def _instance(given: Json) -> Json:
    instances = given.get("instances")
    if not isinstance(instances, list) or len(instances) != 1 or not isinstance(instances[0], dict):
        raise invalid("instances: must be a list of one object.", "instances")
    return instances[0]


def _check_types(given: Json, kinds: dict[str, int], path: str) -> None:
    """Raise ApiError for a value of another JSON type. null is absent."""
    for name in [name for name, value in given.items() if value is None]:
        del given[name]
    for name, value in given.items():
        if name not in kinds:
            continue
        types, words = _KINDS[kinds[name]]
        wrong = not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        if kinds[name] == _OBJECTS and not wrong:
            wrong = not all(isinstance(item, dict) for item in value)
        if wrong:
            raise invalid(f"{name}: must be {words}.", f"{path}.{name}")


def _object(given: Json, name: str) -> Json:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{name}: must be an object.", name)
    return value


def _wishes(id_: str, instance: Json, parameters: Json, prompt: str) -> list[Wish]:
    """What to draw. Raises ApiError."""
    count, seed = parameters.get("sampleCount", 1 if _made_of_pictures(instance) else _MOST), parameters.get("seed")
    if not 1 <= count <= _MOST:
        raise invalid(f"sampleCount: must be from 1 to {_MOST}.", "parameters.sampleCount")
    if seed is not None and not 0 <= seed < 2**32:
        raise invalid("seed: must be a whole number from 0 to 4294967295.", "parameters.seed")
    if seed is not None and parameters.get("addWatermark", True):
        raise invalid("Seed is not supported when watermark is enabled.", "parameters.seed")
    people = parameters.get("personGeneration")
    if people is not None and people.lower() not in _PEOPLE:
        raise invalid(f"personGeneration: must be one of {', '.join(_PEOPLE)}.", "parameters.personGeneration")
    ratio, size = parameters.get("aspectRatio", "1:1"), parameters.get("sampleImageSize", "1K")
    if ratio not in _RATIOS:
        raise invalid(f"aspectRatio: must be one of {', '.join(_RATIOS)}.", "parameters.aspectRatio")
    if size not in ("1K", "2K"):
        raise invalid("sampleImageSize: must be 1K or 2K.", "parameters.sampleImageSize")
    if parameters.get("mode") == "upscale":
        factor = _object(parameters, "upscaleConfig").get("upscaleFactor")
        if not isinstance(factor, str) or factor not in _FACTORS:
            raise invalid("upscaleFactor: must be x2, x3 or x4.", "parameters.upscaleConfig.upscaleFactor")
        if not instance.get("image"):
            raise invalid("image: an image is required to upscale.", "instances[0].image")
    elif not _made_of_pictures(instance) and ("-capability-" in id_ or "editMode" in parameters):
        raise invalid("referenceImages: at least one reference image is required to edit.", _REFERENCES)
    elif not prompt and not _made_of_pictures(instance):
        raise invalid("Text prompt is required.", "instances[0].prompt")
    output = _object(parameters, "outputOptions")
    mime_type, quality = output.get("mimeType", "image/png"), output.get("compressionQuality", 75)
    if mime_type not in ("image/png", "image/jpeg"):
        raise invalid("mimeType: must be image/png or image/jpeg.", "parameters.outputOptions.mimeType")
    if not isinstance(quality, int) or isinstance(quality, bool) or not 0 <= quality <= 100:
        raise invalid("compressionQuality: must be from 0 to 100.", "parameters.outputOptions.compressionQuality")
    inputs = tuple(_inputs(instance))[-1:]
    times = _FACTORS[parameters["upscaleConfig"]["upscaleFactor"]] if parameters.get("mode") == "upscale" else 0
    if times and inputs:
        _check_enlarged(inputs[-1], times)
    elif times:  # in Cloud Storage, where any picture may be
        size, times = ("2K" if times == 2 else "4K"), 0
    first = seed or 0
    return [Wish(prompt, first + i, ratio, size, mime_type, quality, inputs, enlarged=times) for i in range(count)]


def _check_enlarged(data: bytes, times: int) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.width * times, picture.height * times
    if width * height > _MOST_PIXELS:
        words = (
            f"upscaleFactor: {width}x{height} is more than the {_MOST_PIXELS // 1_000_000} megapixels that are made."
        )
        raise invalid(words, "parameters.upscaleConfig.upscaleFactor")


def _made_of_pictures(instance: Json) -> bool:
    return any(instance.get(name) for name in ("image", "referenceImages", "personImage", "productImages", "scribble"))


def _inputs(value: Any) -> list[bytes]:
    """The pictures of an instance. Those in Cloud Storage are not read: the emulator has none."""
    if isinstance(value, list):
        return [data for item in value for data in _inputs(item)]
    if not isinstance(value, dict):
        return []
    found = [data for item in value.values() for data in _inputs(item)]
    encoded = value.get("bytesBase64Encoded")
    if encoded is None:
        return found
    try:
        data = base64.b64decode(encoded if isinstance(encoded, str) else "!", validate=True)
        with Image.open(io.BytesIO(data)) as picture:
            picture.verify()
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise invalid("bytesBase64Encoded: must be the base64 of an image.", "instances[0]") from None
    return [*found, data]


ROUTES: tuple[Route, ...] = (route("POST", "{place}/publishers/google/models/{id}:predict", _predict),)
