"""Runs conformance cases with the Python client, as README.md says."""

import base64
import copy
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToJson, Parse, ParseDict

import imagewire
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, FinishReason
from imagewire.v1.image_pb2 import Image as WireImage
from imagewire.v1.message_pb2 import ChatMessage
from imagewire.v1.spec_pb2 import Spec
from tests.conformance.python_form import as_json, described, image, own_part, wire_part

Json = dict[str, Any]


class Cancelled(Exception):
    """The step left its stream on purpose."""


class Case:
    """One case: its client, what its steps printed, and the bytes and chats that later steps name."""

    def __init__(self, case: Json) -> None:
        self.case = case
        self.seen: list[Json] = []
        self.bytes: dict[tuple[int, int], bytes] = {}
        self.chats: dict[str, imagewire.Chat] = {}
        self.client = client(case.get("client", {}))

    def run(self) -> Iterator[Json]:
        with self.client:
            for step in self.case["steps"]:
                try:
                    said = getattr(self, step["call"])(self._filled(step))
                except imagewire.ImagewireError as error:
                    said = {"error": failure(error)}
                except Cancelled:
                    said = {"cancelled": True}
                self.seen.append(said)
                yield said

    def _filled(self, value: Any) -> Any:
        """The value with each "$N.path" replaced by what step N printed there."""
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if not (isinstance(value, str) and value.startswith("$")):
            return value
        number, *path = value[1:].split(".")
        found: Any = self.seen[int(number)]
        for name in path:
            found = found[int(name)] if isinstance(found, list) else found[name]
        return found

    def draw(self, step: Json) -> Json:
        options: Json = {}
        if "spec" in step:
            options = {"aspect_ratio": step["spec"]["imageConfig"]["aspectRatio"]}
        picture = self.client.draw(
            step["prompt"], pictures(self, step), model=step["model"], timeout=timeout(step), **options, **wishes(step)
        )
        return self._answered({"parts": [image(picture)]}, [picture.data])

    def stream(self, step: Json) -> Json:
        frame = step.get("max_frame_bytes", 0)
        events = self.client.stream_completion(
            spec=spec(self, step), timeout=timeout(step), max_frame_bytes=frame, **wishes(step)
        )
        return self._whole(imagewire.collect(left_after(events, step.get("cancel_after_bytes"))))

    def create(self, step: Json) -> Json:
        most = step.get("max_inline_bytes")
        return self._whole(
            self.client.create_completion(
                spec=spec(self, step), timeout=timeout(step), max_inline_bytes=most, **wishes(step)
            )
        )

    def write(self, step: Json) -> Json:
        chat = self.client.chat.create(step["model"]).append(step["prompt"])
        size, digest, part = 0, hashlib.sha256(), -1
        answer = imagewire.Answer()
        growing = chat.frames(timeout=timeout(step), **wishes(step))
        for answer, chunk in growing:  # noqa: B007  # always the same object
            if chunk.data and not chunk.thought and part in {-1, chunk.part}:
                part, size = chunk.part, size + len(chunk.data)
                digest.update(chunk.data)
            elif chunk.image and chunk.thought and part == chunk.part:
                raise imagewire.NoPicture("the first picture is a draft", reason="DRAFT")
        if not size:
            raise imagewire.NoPicture(answer.why_no_image, reason=answer.native_finish_reason)
        return {"size_bytes": size, "sha256": digest.hexdigest()}

    def chat(self, step: Json) -> Json:
        name = step.get("chat", "")
        if name not in self.chats:
            began = Parse(Path(step["load"]).read_text(), Spec()) if "load" in step else spec(self, step, asks=False)
            self.chats[name] = self.client.chat.create(began.model, began.messages, tools=list(began.tools))
        chat = self.chats[name]
        chat.append(asked(self, step))
        answer = chat.sample(timeout=timeout(step), **wishes(step))
        chat.append(answer)
        if "save" in step:
            Path(step["save"]).write_text(MessageToJson(Spec(model=chat.model, messages=list(chat.messages))))
        return self._answer(answer)

    def resume(self, step: Json) -> Json:
        answer = imagewire.Answer()
        for answer, _ in self.client.resume(**ids(step), timeout=timeout(step)):  # noqa: B007  # always the same object
            pass
        return self._answer(answer)

    def get(self, step: Json) -> Json:
        return self._answer(self.client.get_completion(**ids(step), timeout=timeout(step)))

    def upload(self, step: Json) -> Json:
        (given,) = pictures(self, step)
        return {"image": image(self.client.upload(given, timeout=timeout(step)))}

    def download(self, step: Json) -> Json:
        return {"image": image(self.client.download(step["image_id"], timeout=timeout(step)))}

    def delete(self, step: Json) -> Json:
        self.client.delete_image(step["image_id"])
        return {}

    def list_models(self, _: Json) -> Json:
        return {"models": {model.name: described(model) for model in self.client.list_models()}}

    def get_model(self, step: Json) -> Json:
        return {"model": described(self.client.get_model(step["model"]))}

    def ping(self, _: Json) -> Json:
        pong = self.client.ping()
        return {"status": pong.status, "version": pong.version}

    def _whole(self, answer: CreateCompletionResponse) -> Json:
        """What a CreateCompletionResponse says."""
        said: Json = {"completion_id": answer.completion_id, "model": answer.model, "parts": []}
        bytes_: list[bytes] = []
        for candidate in answer.candidates[:1]:
            for part in candidate.message.parts:
                if part.HasField("image") and part.image.sha256 == candidate.message.image.sha256:
                    part.image.CopyFrom(candidate.message.image)
                bytes_.append(part.image.data or part.media.data)
                said["parts"].append(wire_part(part))
            said["finish_reason"] = FinishReason.Name(candidate.finish_reason).removeprefix("FINISH_REASON_")
            said["native_finish_reason"] = candidate.native_finish_reason
        if answer.HasField("prompt_feedback"):
            said["block_reason"] = answer.prompt_feedback.block_reason
        said |= {
            "usage": as_json(answer.usage),
            "kept": answer.HasField("expire_time"),
            "model_version": answer.model_version,
            "has_continuation": bool(answer.continuation_token),
            "native_fields": dict(answer.native_fields),
            "omitted_fields": list(answer.omitted_fields),
        }
        return self._answered(said, bytes_)

    def _answer(self, answer: imagewire.Answer) -> Json:
        """What an Answer says."""
        parts = [own_part(part) for part in answer.parts]
        bytes_ = [part.image.data if part.image and part.image.is_here else b"" for part in answer.parts]
        said: Json = {
            "completion_id": answer.id,
            "model": answer.model,
            "parts": parts,
            "finish_reason": answer.finish_reason,
            "native_finish_reason": answer.native_finish_reason,
            "usage": as_json(answer.usage),
            "kept": answer.expires > 0,
            "model_version": answer.model_version,
            "has_continuation": bool(answer.continuation_token),
            "native_fields": dict(answer.native_fields),
            "omitted_fields": list(answer.omitted_fields),
        }
        if answer.prompt_feedback is not None:
            said["block_reason"] = answer.prompt_feedback.block_reason
        return self._answered(said, bytes_)

    def _answered(self, said: Json, bytes_: list[bytes]) -> Json:
        self.bytes |= {(len(self.seen), part): data for part, data in enumerate(bytes_)}
        return said


def client(given: Json) -> imagewire.Client:
    """A client for the server that the environment names. given: what the case wants otherwise."""
    files = {name: os.environ.get(f"CONFORMANCE_{name.upper()}") for name in ("ca", "cert", "key")}
    if given.get("anonymous"):
        files["cert"] = files["key"] = None
    return imagewire.Client(
        os.environ["CONFORMANCE_TARGET"],
        tls=imagewire.Tls(**files) if files["ca"] else False,
        api_key=given.get("api_key", os.environ.get("CONFORMANCE_API_KEY")),
        max_message_bytes=given.get("max_message_bytes", 64 * 1024 * 1024),
    )


def timeout(step: Json) -> float | None:
    return step["timeout_ms"] / 1000 if "timeout_ms" in step else None


def wishes(step: Json) -> Json:
    made = {name: step[name] for name in ("request_id", "on_disconnect") if name in step}
    return made | ({"cache_ttl": step["cache_ttl_ms"] / 1000} if "cache_ttl_ms" in step else {})


def ids(step: Json) -> Json:
    return {name: step[name] for name in ("completion_id", "request_id") if name in step}


def pictures(case: Case, step: Json) -> list[imagewire.Image]:
    """The input pictures of a step."""
    return [imagewire.image(picture(case, given)) for given in step.get("images", ())]


def picture(case: Case, given: Json) -> Any:
    if "step" in given:
        return case.bytes[given["step"], given["part"]]
    if "data" in given:
        return base64.b64decode(given["data"])
    return given["uri"] if "uri" in given else WireImage(image_id=given["image_id"])


def asked(case: Case, step: Json) -> ChatMessage:
    """The user's message of a step."""
    return imagewire.user(*pictures(case, step), *([step["prompt"]] if "prompt" in step else []))


def spec(case: Case, step: Json, *, asks: bool = True) -> Spec:
    """The Spec of a step. asks: whether its prompt and images are part of it."""
    made = ParseDict(copy.deepcopy(step.get("spec", {})), Spec())
    made.model = step.get("model", made.model)
    if asks and ("prompt" in step or "images" in step):
        made.messages.append(asked(case, step))
    return made


def left_after(events: Iterable[Any], most: int | None) -> Iterator[Any]:
    """The events, until this many bytes of pictures have come. Raises Cancelled then."""
    size = 0
    for event in events:
        yield event
        size += len(event.image_chunk.data)
        if most is not None and size >= most:
            raise Cancelled


def failure(error: imagewire.ImagewireError) -> Json:
    return {
        "code": error.code,
        "reason": error.reason,
        "fields": [violation.field for violation in error.violations],
        "retryable": error.retryable,
        "retry_after_seconds": error.retry_after,
    }


def main(*paths: str) -> None:
    say: Callable[[str], None] = functools.partial(print, flush=True)
    for path in paths:
        case = json.loads(Path(path).read_text())
        for index, said in enumerate(Case(case).run()):
            say(json.dumps({"case": case["name"], "step": index, **said}))


if __name__ == "__main__":
    main(*sys.argv[1:])
