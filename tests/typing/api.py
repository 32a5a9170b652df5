"""The whole public API as a type checker sees it. It is checked, never run.

What is refused bears a `type: ignore`, which the checkers report when it is not needed."""

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import grpc
import grpc.aio
import PIL.Image

import imagewire
from imagewire import (
    DEFAULT_MODEL,
    Answer,
    AsyncChat,
    AsyncClient,
    Blocked,
    Chat,
    Chunk,
    Client,
    Completion,
    CompletionChunk,
    Image,
    ImagewireError,
    InvalidRequest,
    Media,
    NoPicture,
    Options,
    Part,
    Picture,
    Pong,
    RateLimited,
    Tls,
    Violation,
    acollect,
    assistant,
    build_spec,
    collect,
    function_result,
    google_search,
    image,
    system,
    user,
)
from imagewire.v1.chat_service_pb2 import (
    CandidateFinished,
    CreateCompletionResponse,
    ModelStatus,
    PromptFeedback,
    StreamCompletionResponse,
)
from imagewire.v1.message_pb2 import ChatMessage, FunctionCall, NativePart
from imagewire.v1.model_service_pb2 import Model
from imagewire.v1.spec_pb2 import SafetySetting, Spec, Tool
from imagewire.v1.usage_pb2 import Usage

model: str = DEFAULT_MODEL


assert_type(imagewire.__version__, str)


def intercepted(
    unary: grpc.UnaryUnaryClientInterceptor,
    stream: grpc.UnaryStreamClientInterceptor,
    awaited: grpc.aio.UnaryUnaryClientInterceptor,
) -> None:
    Client(interceptors=[unary, stream])
    AsyncClient(interceptors=[awaited])
    Client(interceptors=[awaited])  # type: ignore[list-item]
    AsyncClient(interceptors=[unary])  # type: ignore[list-item]


def clients() -> None:
    Client()
    Client("127.0.0.1:50051", api_key="sk-", timeout=None, retries=0, max_message_bytes=2**20)
    Client("https://host", tls=Tls(ca="ca.pem", cert=Path("cert.pem"), key="key.pem"), metadata=[("x-team", "art")])
    Client("host:443", tls=True)
    Client(channel_options=[("grpc.keepalive_time_ms", 10_000), ("grpc.service_config", "{}")])
    Client(channel_options={"grpc.keepalive_time_ms": 10_000})  # type: ignore[arg-type]
    Client(timeout="60")  # type: ignore[arg-type]
    Client(port=50051)  # type: ignore[call-arg]
    with Client() as client:
        assert_type(client, Client)
        assert_type(client.target, str)
        assert_type(client.ping(timeout=1), Pong)
        assert_type(client.ping().seconds, float)
        assert_type(client.ping().status, str)
        assert_type(client.ping().version, str)
        assert_type(client.list_models(), list[Model])
        assert_type(client.get_model("gemini/x"), Model)
        client.close()


def drawing(client: Client, old: Image, pillow: PIL.Image.Image) -> None:
    picture = client.draw(
        "A banana",
        ["cat.png", Path("cat.png"), b"...", old, pillow],
        model="gemini/gemini-2.5-flash-image",
        timeout=60,
        aspect_ratio="16:9",
        image_size="2K",
        seed=7,
        temperature=0.5,
        modalities=["image"],
        safety_settings={"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"},
        extra_body={"store": False},
        service_tier="flex",
        output_uri="gs://bucket/folder/",
        tools=[google_search(search_types=["WEB"])],
    )
    assert_type(picture, Image)
    assert_type(picture.data, bytes)
    assert_type(picture.data_uri, str)
    assert_type(picture.uri, str)
    assert_type(picture.mime_type, str)
    assert_type(picture.width, int)
    assert_type(picture.height, int)
    assert_type(picture.size_bytes, int)
    assert_type(picture.sha256, str)
    assert_type(picture.thought, bool)
    assert_type(picture.save("banana"), Path)
    assert_type(picture.save(Path("banana.png")), Path)
    assert_type(picture.to_pil(), PIL.Image.Image)
    client.draw("A banana", safety_settings=[SafetySetting(category="C", threshold="T", method="SEVERITY")])
    client.draw("A banana", aspect="16:9")  # type: ignore[call-arg]
    client.draw("A banana", seed="7")  # type: ignore[arg-type]
    client.draw("A banana", modalities=["sound"])  # type: ignore[list-item]
    client.draw("A banana", [1])  # type: ignore[list-item]
    picture.width = 1  # type: ignore[misc]


def inputs(answer: Answer) -> None:
    assert_type(image("cat.png"), Image)
    assert_type(image(b"...", detail="high", mime_type="image/png"), Image)
    assert_type(image("cat.png", detail="ultra_high"), Image)
    image("cat.png", detail="best")  # type: ignore[arg-type]
    assert_type(user("Make it blue", image("cat.png"), b"..."), ChatMessage)
    assert_type(system("Draw in ink"), ChatMessage)
    assert_type(assistant("Here it is", image("cat.png")), ChatMessage)
    assert_type(answer.message(), ChatMessage)
    assert_type(function_result(FunctionCall(), {"chart": 1}, images={"chart": b"..."}), ChatMessage)
    now = datetime.now(UTC)
    assert_type(google_search(exclude_domains=["example.com"], time_range=(now, now)), Tool)
    google_search(search_types=["VIDEO"])  # type: ignore[list-item]
    assert_type(build_spec("gemini/x", "A banana", images=["cat.png"], aspect_ratio="1:1"), Spec)
    assert_type(build_spec(messages=[user("A banana")], stop=["END"]), Spec)


def chats(client: Client) -> None:
    chat = client.chat.create("gemini/gemini-3-pro-image", [system("Draw in ink")], aspect_ratio="16:9")
    assert_type(chat, Chat)
    assert_type(chat.model, str)
    assert_type(chat.append("A banana").append(user("A banana")), Chat)
    assert_type(chat.messages[0], ChatMessage)
    assert_type(list(chat.messages), list[ChatMessage])
    del chat.messages[-2:]
    chat.append(7)  # type: ignore[arg-type]
    client.chat.create(ratio="16:9")  # type: ignore[call-arg]

    assert_type(chat.stream(), Iterator[tuple[Answer, Chunk]])
    assert_type(chat.frames(timeout=60, max_frame_bytes=2**16), Iterator[tuple[Answer, Chunk]])
    for answer, chunk in chat.stream(timeout=60):
        assert_type(answer, Answer)
        assert_type(chunk.text, str)
        assert_type(chunk.data, bytes)
        assert_type(chunk.offset, int)
        assert_type(chunk.part, int)
        assert_type(chunk.image, Image | None)
        assert_type(chunk.thought, bool)
        assert_type(chunk.media, Media | None)
        assert_type(chunk.native, NativePart | None)
        assert_type(chunk.function_call, FunctionCall | None)
    answers(chat.sample(timeout=60))
    answers(chat.sample(after=chat.sample()))


def answers(answer: Answer) -> None:
    assert_type(answer.id, str)
    assert_type(answer.created, float)
    assert_type(answer.model, str)
    assert_type(answer.model_version, str)
    assert_type(answer.text, str)
    assert_type(answer.image, Image | None)
    assert_type(answer.images, list[Image])
    assert_type(answer.drafts, list[Image])
    assert_type(answer.parts, list[Part])
    assert_type(answer.parts[0].text, str)
    assert_type(answer.parts[0].image, Image | None)
    assert_type(answer.parts[0].function_call, FunctionCall | None)
    assert_type(answer.parts[0].thought, bool)
    assert_type(answer.parts[0].signature, bytes)
    assert_type(answer.parts[0].native, NativePart | None)
    assert_type(answer.media, list[Media])
    assert_type(answer.media[0].save("sound"), Path)
    assert_type(answer.natives, list[NativePart])
    assert_type(answer.candidate, CandidateFinished)
    assert_type(answer.model_status, ModelStatus | None)
    assert_type(answer.continuation_token, bytes)
    assert_type(answer.omitted_fields, list[str])
    assert_type(answer.cost_nano_usd, int | None)
    assert_type(answer.service_tier, str)
    assert_type(answer.usage, Usage)
    assert_type(answer.cost, float | None)
    assert_type(answer.finish_reason, str)
    assert_type(answer.native_finish_reason, str)
    assert_type(answer.finish_message, str)
    assert_type(answer.prompt_feedback, PromptFeedback | None)
    assert_type(answer.blocked, str)
    assert_type(answer.why_no_image, str)
    answer.image.save("banana")  # type: ignore[union-attr]


def the_contract(client: Client, spec: Spec) -> None:
    assert_type(client.create_completion("gemini/x", "A banana", seed=1), CreateCompletionResponse)
    assert_type(client.create_completion(spec=spec, timeout=5, max_inline_bytes=0), CreateCompletionResponse)
    events = client.stream_completion(messages=[user("A banana")], max_frame_bytes=2**16)
    assert_type(events, Generator[StreamCompletionResponse, None, None])
    assert_type(collect(events), CreateCompletionResponse)
    client.create_completion(specification=spec)  # type: ignore[call-arg]


async def asynchronous(spec: Spec) -> None:
    async with AsyncClient("127.0.0.1:50051", api_key="sk-") as client:
        assert_type(client, AsyncClient)
        assert_type(await client.draw("A banana", ["cat.png"], seed=7), Image)
        assert_type(await client.ping(), Pong)
        assert_type(await client.list_models(), list[Model])
        assert_type(await client.get_model("gemini/x"), Model)
        assert_type(await client.create_completion("gemini/x", "A banana"), CreateCompletionResponse)
        events = client.stream_completion(spec=spec)
        assert_type(events, AsyncGenerator[StreamCompletionResponse, None])
        assert_type(await acollect(events), CreateCompletionResponse)
        chat = client.chat.create("gemini/x", aspect_ratio="16:9").append("A banana")
        assert_type(chat, AsyncChat)
        assert_type(await chat.sample(timeout=60), Answer)
        async with aclosing(chat.stream()) as growing:
            async for answer, chunk in growing:
                assert_type(answer, Answer)
                assert_type(chunk, Chunk)
        async for _, chunk in chat.frames(max_frame_bytes=2**16):
            assert_type(chunk.data, bytes)
        with client:  # type: ignore[attr-defined]
            pass
        await client.close()


def errors(client: Client) -> None:
    try:
        client.draw("A banana")
    except RateLimited as error:
        assert_type(error.retry_after, float | None)
    except InvalidRequest as error:
        assert_type(error.violations, tuple[Violation, ...])
        assert_type(error.violations[0].field, str)
        assert_type(error.violations[0].description, str)
    except Blocked as error:
        _no_picture: NoPicture = error
    except ImagewireError as error:
        assert_type(error.message, str)
        assert_type(error.code, str)
        assert_type(error.reason, str)
        assert_type(error.metadata, dict[str, str])
        assert_type(error.request_id, str)
        assert_type(error.retryable, bool)
    ImagewireError("no", code="UNKNOWN", reason="", retryable=False)
    for kind in (
        imagewire.AnswerTooLarge,
        imagewire.AnswerWillNotFit,
        imagewire.Cancelled,
        imagewire.CorruptAnswer,
        imagewire.DeadlineExceeded,
        imagewire.ModelNotFound,
        imagewire.NotFound,
        imagewire.NotSupported,
        imagewire.PermissionDenied,
        imagewire.ServerError,
        imagewire.Unauthenticated,
        imagewire.Unavailable,
    ):
        assert_type(kind("no").message, str)


def annotated(pictures: list[Picture], options: Options, whole: Completion, chunk: CompletionChunk) -> str | None:
    build_spec("gemini/x", images=pictures, **options)
    assert_type(chunk.choices[0].delta.content, str | None)
    return whole.choices[0].message.content
