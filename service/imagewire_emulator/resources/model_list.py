"""The models, as Google lists them, and the tokens of a prompt."""

import base64

from imagewire_emulator import directives, schema
from imagewire_emulator.errors import ApiError, invalid
from imagewire_emulator.models import BY_ID, Model
from imagewire_emulator.resources.route import Asked, Json, Route, route
from imagewire_emulator.usage import prompt_tokens

_METHODS = ["generateContent", "countTokens", "batchGenerateContent", "createCachedContent"]
_TEXT = 4  # characters of a token


def _gemini(id_: str, model: Model) -> Json:
    return {
        "name": f"models/{id_}",
        "version": "emulated",
        "displayName": id_.replace("-", " ").title(),
        "description": "Draws pictures, in the emulator.",
        "inputTokenLimit": 65_536 if model.series == 3 else 32_768,
        "outputTokenLimit": 32_768,
        "supportedGenerationMethods": _METHODS,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
        **({"thinking": True} if model.series == 3 else {}),
    }


def _vertex(id_: str) -> Json:
    return {"name": f"publishers/google/models/{id_}", "versionId": "emulated", "launchStage": "GA"}


async def _list(asked: Asked) -> Json:
    if asked.vertex:
        return asked.page([_vertex(id_) for id_ in BY_ID], "publisherModels")
    return asked.page([_gemini(id_, model) for id_, model in BY_ID.items()], "models")


async def _get(asked: Asked) -> Json:
    id_ = asked.names["id"]
    model = _model(id_, vertex=asked.vertex)
    return _vertex(id_) if asked.vertex else _gemini(id_, model)


async def _none(asked: Asked) -> Json:
    """Tuned models: the emulator has none."""
    return {}


async def _no_tuned(asked: Asked) -> Json:
    raise ApiError("NOT_FOUND", f"The Model {asked.request.path.partition('/')[2][:120]} is not found.")


async def _count(asked: Asked) -> Json:
    _model(asked.names["id"], vertex=asked.vertex)
    given = await asked.body()
    inner = given.get("generateContentRequest", given.get("generate_content_request"))
    if inner is not None and given.get("contents"):
        raise invalid("Only one of contents and generate_content_request may be set.")
    details = prompt_tokens(schema.read_request(given if inner is None else inner))
    total = sum(entry["tokenCount"] for entry in details)
    made: Json = {"totalTokens": total, "promptTokensDetails": details}
    if asked.vertex:
        made["totalBillableCharacters"] = sum(len(text) for text in _texts(given))
    return made


async def _compute(asked: Asked) -> Json:
    """Each token is four characters."""
    _model(asked.names["id"], vertex=True)
    infos = []
    for content in schema.read_request(await asked.body()).get("contents", ()):
        text = "".join(part.get("text", "") for part in content.get("parts", ()))
        tokens = [text[at : at + _TEXT] for at in range(0, len(text), _TEXT)]
        encoded = [base64.b64encode(token.encode()).decode() for token in tokens]
        ids = [str(int.from_bytes(token.encode()[:3])) for token in tokens]
        infos.append({"tokens": encoded, "tokenIds": ids, "role": content.get("role", "user")})
    return {"tokensInfo": infos}


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in ([item] if name == "text" else _texts(item)) if text]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def _model(id_: str, *, vertex: bool) -> Model:
    model = BY_ID.get(id_)
    if model is None and vertex:
        raise ApiError("NOT_FOUND", directives.unknown_publisher_model(id_))
    if model is None:
        words = f"models/{id_[:60]} is not found for API version v1beta, or is not supported for this method."
        raise ApiError("NOT_FOUND", f"{words} Call ListModels to see the list of available models.")
    return model


_GOOGLE = "{place}/publishers/google/models"
ROUTES: tuple[Route, ...] = (
    route("GET", "/models", _list),
    route("GET", "/models/{id}", _get),
    route("GET", "/tunedModels", _none),
    route("POST", "/models/{id}:countTokens", _count),
    route("GET", _GOOGLE, _list),
    route("GET", f"{_GOOGLE}/{{id}}", _get),
    route("GET", "{place}/models", _none),
    route("GET", "{place}/models/{id}", _no_tuned),
    route("POST", f"{_GOOGLE}/{{id}}:countTokens", _count),
    route("POST", f"{_GOOGLE}/{{id}}:computeTokens", _compute),
)
