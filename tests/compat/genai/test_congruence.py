"""The same requests through Google's SDK and through ours, by way of our server: the answers are the same."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from google import genai
from google.genai import errors, types

import imagewire
from tests.conftest import running_stack
from tests.pictures import JPEG, PNG

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # Google's SDK subclasses aiohttp's session, and sends bodies in one piece. aiohttp advises against both.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]

FLASH, PRO, NEW, LITE = (
    "gemini-2.5-flash-image",
    "gemini-3-pro-image",
    "gemini-3.1-flash-image",
    "gemini-3.1-flash-lite-image",
)


@dataclass(frozen=True)
class Case:
    """A request. options: as in imagewire.Options. edits: what is said after the first answer, with it in the chat."""

    model: str
    prompt: str = "A banana"
    images: tuple[bytes, ...] = ()
    vertex: bool = False
    edits: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


class Answered(NamedTuple):
    """What both SDKs say. pictures: hash, media type, and whether it is a draft. image_tokens: sent and drawn."""

    texts: str
    thoughts: str
    pictures: list[tuple[str, str, bool]]
    signatures: list[bytes]
    reason: str
    block: str
    usage: dict[str, int]
    image_tokens: tuple[int, ...]


CASES = {
    "plain-flash": Case(FLASH),
    "plain-pro": Case(PRO),
    "plain-new": Case(NEW),
    "plain-lite": Case(LITE),
    "preview": Case(f"{PRO}-preview"),
    "unicode": Case(NEW, "Eine Banane \U0001f34c, \u65e5\u672c\u8a9e, e\u0301"),
    "lines": Case(NEW, 'A banana\n\nin two \t lines, "quoted" & <tagged> with a \\'),
    "long": Case(NEW, "a banana, " * 2000),
    "ratio": Case(FLASH, options={"aspect_ratio": "16:9"}),
    "wide": Case(NEW, options={"aspect_ratio": "8:1"}),
    "small": Case(NEW, options={"image_size": "512"}),
    "tall-small": Case(NEW, options={"image_size": "512", "aspect_ratio": "9:16"}),
    "large": Case(PRO, options={"image_size": "2K"}),
    "seed": Case(FLASH, options={"seed": 7}),
    "negative-seed": Case(FLASH, options={"seed": -2147483648}),
    "sampling": Case(NEW, options={"temperature": 0.25, "top_p": 0.5, "top_k": 40}),
    "limits": Case(NEW, options={"max_output_tokens": 4096, "stop": ["END"]}),
    "only-pictures": Case(NEW, options={"modalities": ["image"]}),
    "text-and-pictures": Case(FLASH, options={"modalities": ["text", "image"]}),
    "thoughts": Case(PRO, options={"include_thoughts": True}),
    "thoughts-on-vertex": Case(PRO, vertex=True, options={"include_thoughts": True}),
    "thinking-level": Case(NEW, options={"thinking_level": "HIGH"}),
    "safety-settings": Case(FLASH, options={"safety_settings": {"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"}}),
    "edit": Case(FLASH, "Make it blue", (PNG,)),
    "edit-jpeg": Case(PRO, "Make it blue", (JPEG,)),
    "blend": Case(NEW, "Blend these", (PNG, JPEG, PNG)),
    "chat": Case(FLASH, edits=("Make it blue",)),
    "signed-chat": Case(PRO, edits=("Make it blue", "Now green")),
    "chat-on-vertex": Case(NEW, vertex=True, edits=("Make it blue",)),
    "vertex": Case(NEW, vertex=True),
    "vertex-ratio": Case(FLASH, vertex=True, options={"aspect_ratio": "3:4", "seed": 3}),
    "two-pictures": Case(f"{NEW}--two-images"),
    "interleaved": Case(f"{NEW}--interleaved"),
    "drafts": Case(f"{PRO}--drafts"),
    "only-a-draft": Case(f"{PRO}--thought-only"),
    "by-prompt": Case(NEW, "A banana x-emulate: two-images"),
    "no-picture": Case(f"{NEW}--no-image"),
    "withheld": Case(f"{NEW}--image-safety"),
    "blocked": Case(f"{NEW}--block-prohibited-content"),
    "cut-by-tokens": Case(f"{NEW}--finish-max-tokens"),
}
REFUSED = {
    "bad-request": (Case(f"{NEW}--400"), "INVALID_ARGUMENT"),
    "unknown-model": (Case("gemini-9-image"), "NOT_FOUND"),
    "daily-quota": (Case(f"{NEW}--429-per-day"), "RESOURCE_EXHAUSTED"),
}


class Clients(NamedTuple):
    gemini: genai.Client
    vertex: genai.Client
    own: imagewire.AsyncClient


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients() -> AsyncIterator[Clients]:
    async with running_stack() as stack:
        options = types.HttpOptions(base_url=stack.emulator.base_url)
        key = stack.emulator.api_key
        gemini = genai.Client(api_key=key, http_options=options)
        vertex = genai.Client(vertexai=True, api_key=key, http_options=options)
        async with imagewire.AsyncClient(stack.target) as own:
            yield Clients(gemini, vertex, own)
        for client in (gemini, vertex):
            await client.aio.aclose()
            client.close()


def _config(options: dict[str, Any]) -> types.GenerateContentConfig:
    """The options in Google's words."""
    given = dict(options)
    image = {name: given.pop(name) for name in ("aspect_ratio", "image_size") if name in given}
    thinking = {name: given.pop(name) for name in ("include_thoughts", "thinking_level") if name in given}
    if "stop" in given:
        given["stop_sequences"] = given.pop("stop")
    if "modalities" in given:
        given["response_modalities"] = [name.upper() for name in given.pop("modalities")]
    if "safety_settings" in given:
        settings = given.pop("safety_settings").items()
        given["safety_settings"] = [{"category": name, "threshold": value} for name, value in settings]
    return types.GenerateContentConfig(
        **given,
        image_config=types.ImageConfig(**image) if image else None,
        thinking_config=types.ThinkingConfig(**thinking) if thinking else None,
    )


async def _googles(client: genai.Client, case: Case) -> list[Answered]:
    chat = client.aio.chats.create(model=case.model, config=_config(case.options))
    images = [types.Part.from_bytes(data=data, mime_type=_media_type(data)) for data in case.images]
    answers = [await chat.send_message([*images, case.prompt])]
    answers += [await chat.send_message(edit) for edit in case.edits]
    return [_of_google(answer) for answer in answers]


async def _ours(client: imagewire.AsyncClient, case: Case) -> list[Answered]:
    model = f"{'vertex_ai' if case.vertex else 'gemini'}/{case.model}"
    chat = client.chat.create(model, **case.options)
    chat.append(imagewire.user(*(imagewire.image(data) for data in case.images), case.prompt))
    answers = [await chat.sample()]
    for edit in case.edits:
        chat.append(answers[-1])
        chat.append(edit)
        answers.append(await chat.sample())
    return [_of_ours(answer) for answer in answers]


def _media_type(data: bytes) -> str:
    return "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"


def _of_google(answer: types.GenerateContentResponse) -> Answered:
    parts = answer.parts or []
    blobs = [(part.inline_data, bool(part.thought)) for part in parts if part.inline_data]
    counted = answer.usage_metadata
    assert counted is not None
    feedback = answer.prompt_feedback
    return Answered(
        "".join(part.text or "" for part in parts if not part.thought),
        "".join(part.text or "" for part in parts if part.thought),
        [(_digest(blob.data or b""), blob.mime_type or "", draft) for blob, draft in blobs],
        [part.thought_signature for part in parts if part.thought_signature],
        str(answer.candidates[0].finish_reason.value)
        if answer.candidates and answer.candidates[0].finish_reason
        else "",
        str(feedback.block_reason.value) if feedback and feedback.block_reason else "",
        {
            "prompt": counted.prompt_token_count or 0,
            "candidates": counted.candidates_token_count or 0,
            "thoughts": counted.thoughts_token_count or 0,
            "total": counted.total_token_count or 0,
        },
        tuple(
            sum(each.token_count or 0 for each in details or () if each.modality == types.MediaModality.IMAGE)
            for details in (counted.prompt_tokens_details, counted.candidates_tokens_details)
        ),
    )


def _of_ours(answer: imagewire.Answer) -> Answered:
    counted = answer.usage
    return Answered(
        answer.text,
        "".join(part.text for part in answer.parts if part.thought),
        [(_digest(p.image.data), p.image.mime_type, p.thought) for p in answer.parts if p.image],
        [part.signature for part in answer.parts if part.signature],
        answer.native_finish_reason,
        answer.prompt_feedback.block_reason if answer.prompt_feedback else "",
        {
            "prompt": counted.prompt_tokens,
            "candidates": counted.candidates_tokens,
            "thoughts": counted.thoughts_tokens,
            "total": counted.total_tokens,
        },
        tuple(
            sum(each.tokens for each in details if each.modality == "IMAGE")
            for details in (counted.prompt_tokens_details, counted.candidates_tokens_details)
        ),
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", CASES)
async def test_both_sdks_get_the_same_answer(clients: Clients, name: str) -> None:
    case = CASES[name]
    googles = await _googles(clients.vertex if case.vertex else clients.gemini, case)
    assert len(googles) == 1 + len(case.edits)
    assert await _ours(clients.own, case) == googles


@pytest.mark.parametrize("name", REFUSED)
async def test_both_sdks_get_the_same_refusal(clients: Clients, name: str) -> None:
    case, status = REFUSED[name]
    with pytest.raises(errors.ClientError) as googles:
        await _googles(clients.gemini, case)
    with pytest.raises(imagewire.ImagewireError) as ours:
        await _ours(clients.own, case)
    assert (googles.value.status, ours.value.code) == (status, status)
