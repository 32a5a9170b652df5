"""Every public method of Google's SDK: a call of it, and what the emulator says on the Gemini API and on Vertex AI.

A call gets the client, sync or async, and `Made`, which makes what it is about.
"""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

from google import genai
from google.auth.credentials import AnonymousCredentials
from google.genai import types

from tests.pictures import PNG

MODEL = "gemini-3.1-flash-lite-image"
IMAGE = types.Image(image_bytes=PNG, mime_type="image/png")
LONG = "A banana in a costume. " * 200
STORE = "fileSearchStores/x"
DOCUMENT = f"{STORE}/documents/y"

SERVED, REFUSED, ABSENT, TLS = "served", "refused", "-", "TLS"
# Of both APIs. ABSENT: the SDK itself says so. TLS: the SDK takes no other connection, and the emulator has none.
BOTH, GEMINI, VERTEX = (SERVED, SERVED), (SERVED, ABSENT), (ABSENT, SERVED)
NEITHER, NO_GEMINI, NO_VERTEX = (REFUSED, REFUSED), (REFUSED, ABSENT), (ABSENT, REFUSED)


class Made:
    """Makes what calls are about, with the sync client."""

    def __init__(self, client: genai.Client) -> None:
        self._client = client

    @property
    def file(self) -> str:
        if self._client.vertexai:
            return "files/x"
        return str(self._client.files.upload(file=io.BytesIO(PNG), config={"mime_type": "image/png"}).name)

    @property
    def cache(self) -> str:
        return str(self._client.caches.create(model=MODEL, config=types.CreateCachedContentConfig(contents=LONG)).name)

    @property
    def batch(self) -> str:
        if self._client.vertexai:
            return "projects/p/locations/global/batchPredictionJobs/1"
        return str(self._client.batches.create(model=MODEL, src=[types.InlinedRequest(contents="x")]).name)

    @property
    def tuning(self) -> str:
        return "projects/p/locations/l/tuningJobs/1" if self._client.vertexai else "tunedModels/x"

    @property
    def source(self) -> Any:
        return "gs://bucket/requests.jsonl" if self._client.vertexai else [types.InlinedRequest(contents="x")]

    @property
    def operation(self) -> types.GenerateVideosOperation:
        place = "projects/p/locations/l/publishers/google/" if self._client.vertexai else ""
        return types.GenerateVideosOperation(name=f"{place}models/veo/operations/1")

    @property
    def examples(self) -> types.TuningDataset:
        if self._client.vertexai:
            return types.TuningDataset(gcs_uri="gs://bucket/examples")
        return types.TuningDataset(examples=[types.TuningExample(text_input="x", output="y")])


class Row(NamedTuple):
    """states: on the Gemini API and on Vertex AI. only_async: whether the sync client lacks it."""

    call: Callable[[Any, Made], Any]
    states: tuple[str, str] = NEITHER
    only_async: bool = False


def _reinforced(client: Any, _: Made) -> Any:
    content = types.Content(parts=[types.Part(text="x")])
    return client.tunings.validate_reward(
        parent="projects/p/locations/l",
        sample_response=content,
        example=types.ReinforcementTuningExample(contents=[content]),
        single_reward_config=types.SingleReinforcementTuningRewardConfig(),
    )


def _edit(client: Any, _: Made) -> Any:
    references = [types.RawReferenceImage(reference_id=1, reference_image=IMAGE)]
    return client.models.edit_image(model="imagen-3.0-capability-001", prompt="x", reference_images=references)


def _upload(client: Any, _: Made) -> Any:
    config = {"mime_type": "text/plain"}
    return client.file_search_stores.upload_to_file_search_store(
        file_search_store_name=STORE, file=io.BytesIO(b"x"), config=config
    )


_QUESTION = {"type": "choice", "instructions": "x", "criteria": {"a": "b", "c": "d"}}
_CREDENTIAL: dict[str, Any] = {"token": "x", "type": "bearer_token"}
_INTERACTION = {"agent": "x", "input": "x"}
_VEO, _EMBEDDING = "veo-3.0-generate-001", "gemini-embedding-001"
METHODS: dict[str, Row] = {
    "agents.create": Row(lambda c, _: c.agents.create()),
    "agents.delete": Row(lambda c, _: c.agents.delete("x")),
    "agents.get": Row(lambda c, _: c.agents.get("x")),
    "agents.list": Row(lambda c, _: c.agents.list()),
    "auth_tokens.create": Row(lambda c, _: c.auth_tokens.create(config={"uses": 1}), NO_GEMINI),
    "batches.cancel": Row(lambda c, m: c.batches.cancel(name=m.batch), (SERVED, REFUSED)),
    "batches.create": Row(lambda c, m: c.batches.create(model=MODEL, src=m.source), (SERVED, REFUSED)),
    "batches.create_embeddings": Row(
        lambda c, _: c.batches.create_embeddings(model=_EMBEDDING, src={"inlined_requests": {"contents": ["x"]}}),
        NO_GEMINI,
    ),
    "batches.delete": Row(lambda c, m: c.batches.delete(name=m.batch), (SERVED, REFUSED)),
    "batches.get": Row(lambda c, m: c.batches.get(name=m.batch), (SERVED, REFUSED)),
    "batches.list": Row(lambda c, _: c.batches.list(), (SERVED, REFUSED)),
    "caches.create": Row(lambda c, _: c.caches.create(model=MODEL, config={"contents": LONG}), BOTH),
    "caches.delete": Row(lambda c, m: c.caches.delete(name=m.cache), BOTH),
    "caches.get": Row(lambda c, m: c.caches.get(name=m.cache), BOTH),
    "caches.list": Row(lambda c, _: c.caches.list(), BOTH),
    "caches.update": Row(lambda c, m: c.caches.update(name=m.cache, config={"ttl": "60s"}), BOTH),
    "chats.create": Row(lambda c, _: c.chats.create(model=MODEL), BOTH),
    "chats.create().get_history": Row(lambda c, _: c.chats.create(model=MODEL).get_history(), BOTH),
    "chats.create().record_history": Row(
        lambda c, _: c.chats.create(model=MODEL).record_history(
            types.UserContent("x"), [types.ModelContent("y")], is_valid=True
        ),
        BOTH,
    ),
    "chats.create().send_message": Row(lambda c, _: c.chats.create(model=MODEL).send_message("x"), BOTH),
    "chats.create().send_message_stream": Row(lambda c, _: c.chats.create(model=MODEL).send_message_stream("x"), BOTH),
    "credentials.create": Row(lambda c, _: c.credentials.create(id="x", **_CREDENTIAL)),
    "credentials.delete": Row(lambda c, _: c.credentials.delete("x")),
    "credentials.get": Row(lambda c, _: c.credentials.get("x")),
    "credentials.list": Row(lambda c, _: c.credentials.list()),
    "credentials.update": Row(lambda c, _: c.credentials.update("x", **_CREDENTIAL)),
    "decisions.create": Row(
        lambda c, _: c.decisions.create(model=MODEL, input="x", questions={"x": _QUESTION}),
    ),
    "environments.create": Row(lambda c, _: c.environments.create()),
    "environments.create_environment": Row(lambda c, _: c.environments.create_environment()),
    "environments.delete": Row(lambda c, _: c.environments.delete("x")),
    "environments.delete_environment": Row(lambda c, _: c.environments.delete_environment("x")),
    "environments.get": Row(lambda c, _: c.environments.get("x")),
    "environments.get_environment": Row(lambda c, _: c.environments.get_environment("x")),
    "environments.list": Row(lambda c, _: c.environments.list()),
    "environments.list_environments": Row(lambda c, _: c.environments.list_environments()),
    "file_search_stores.create": Row(lambda c, _: c.file_search_stores.create(), NO_GEMINI),
    "file_search_stores.delete": Row(lambda c, _: c.file_search_stores.delete(name=STORE), NO_GEMINI),
    "file_search_stores.documents.delete": Row(
        lambda c, _: c.file_search_stores.documents.delete(name=DOCUMENT), NO_GEMINI
    ),
    "file_search_stores.documents.get": Row(lambda c, _: c.file_search_stores.documents.get(name=DOCUMENT), NO_GEMINI),
    "file_search_stores.documents.list": Row(lambda c, _: c.file_search_stores.documents.list(parent=STORE), NO_GEMINI),
    "file_search_stores.download_media": Row(
        lambda c, _: c.file_search_stores.download_media(media_id=f"{STORE}/media/y"), NO_GEMINI
    ),
    "file_search_stores.get": Row(lambda c, _: c.file_search_stores.get(name=STORE), NO_GEMINI),
    "file_search_stores.import_file": Row(
        lambda c, _: c.file_search_stores.import_file(file_search_store_name=STORE, file_name="files/x"), NO_GEMINI
    ),
    "file_search_stores.list": Row(lambda c, _: c.file_search_stores.list(), NO_GEMINI),
    "file_search_stores.upload_to_file_search_store": Row(_upload, NO_GEMINI),
    "files.delete": Row(lambda c, m: c.files.delete(name=m.file), GEMINI),
    "files.download": Row(lambda c, m: c.files.download(file=m.file), GEMINI),
    "files.get": Row(lambda c, m: c.files.get(name=m.file), GEMINI),
    "files.list": Row(lambda c, _: c.files.list(), GEMINI),
    "files.register_files": Row(
        lambda c, _: c.files.register_files(auth=_anonymous(), uris=["gs://bucket/x"]), NO_GEMINI
    ),
    "files.upload": Row(lambda c, _: c.files.upload(file=io.BytesIO(PNG), config={"mime_type": "image/png"}), GEMINI),
    "interactions.cancel": Row(lambda c, _: c.interactions.cancel("x")),
    "interactions.connect": Row(lambda c, _: c.interactions.connect("x"), NO_GEMINI, only_async=True),
    "interactions.create": Row(lambda c, _: c.interactions.create(model=MODEL, input="x")),
    "interactions.delete": Row(lambda c, _: c.interactions.delete("x")),
    "interactions.get": Row(lambda c, _: c.interactions.get("x")),
    "live.connect": Row(lambda c, _: c.live.connect(model="x"), (TLS, TLS), only_async=True),
    "live.music.connect": Row(lambda c, _: c.live.music.connect(model="x"), (TLS, ABSENT), only_async=True),
    "models.compute_tokens": Row(lambda c, _: c.models.compute_tokens(model=MODEL, contents="x"), VERTEX),
    "models.count_tokens": Row(lambda c, _: c.models.count_tokens(model=MODEL, contents="x"), BOTH),
    "models.delete": Row(lambda c, _: c.models.delete(model="models/x")),
    "models.edit_image": Row(_edit, VERTEX),
    "models.embed_content": Row(lambda c, _: c.models.embed_content(model=_EMBEDDING, contents="x")),
    "models.generate_content": Row(lambda c, _: c.models.generate_content(model=MODEL, contents="x"), BOTH),
    "models.generate_content_stream": Row(
        lambda c, _: c.models.generate_content_stream(model=MODEL, contents="x"), BOTH
    ),
    "models.generate_images": Row(
        lambda c, _: c.models.generate_images(model="imagen-4.0-generate-001", prompt="x"), VERTEX
    ),
    "models.generate_videos": Row(lambda c, _: c.models.generate_videos(model=_VEO, prompt="x"), NO_VERTEX),
    "models.get": Row(lambda c, _: c.models.get(model=MODEL), BOTH),
    "models.list": Row(lambda c, _: c.models.list(), BOTH),
    "models.recontext_image": Row(
        lambda c, _: c.models.recontext_image(
            model="virtual-try-on-preview-08-04",
            source=types.RecontextImageSource(
                person_image=IMAGE, product_images=[types.ProductImage(product_image=IMAGE)]
            ),
        ),
        VERTEX,
    ),
    "models.segment_image": Row(
        lambda c, _: c.models.segment_image(
            model="image-segmentation-001", source=types.SegmentImageSource(image=IMAGE)
        ),
        VERTEX,
    ),
    "models.update": Row(lambda c, _: c.models.update(model="models/x", config={"display_name": "x"})),
    "models.upscale_image": Row(
        lambda c, _: c.models.upscale_image(model="imagen-4.0-upscale-preview", image=IMAGE, upscale_factor="x2"),
        VERTEX,
    ),
    "operations.get": Row(lambda c, m: c.operations.get(m.operation)),
    "triggers.create": Row(
        lambda c, _: c.triggers.create(interaction=_INTERACTION, schedule="0 0 * * *", time_zone="UTC")
    ),
    "triggers.delete": Row(lambda c, _: c.triggers.delete("x")),
    "triggers.get": Row(lambda c, _: c.triggers.get("x")),
    "triggers.list": Row(lambda c, _: c.triggers.list()),
    "triggers.list_executions": Row(lambda c, _: c.triggers.list_executions("x")),
    "triggers.run": Row(lambda c, _: c.triggers.run("x")),
    "triggers.update": Row(lambda c, _: c.triggers.update("x")),
    "tunings.cancel": Row(lambda c, m: c.tunings.cancel(name=m.tuning)),
    "tunings.get": Row(lambda c, m: c.tunings.get(name=m.tuning)),
    "tunings.list": Row(lambda c, _: c.tunings.list(), NO_VERTEX),
    "tunings.tune": Row(lambda c, m: c.tunings.tune(base_model="x", training_dataset=m.examples)),
    "tunings.validate_reward": Row(_reinforced, NO_VERTEX),
    "voices.create": Row(lambda c, _: c.voices.create(voice={"type": "prompted", "prompted": {"input": "x"}})),
    "voices.delete": Row(lambda c, _: c.voices.delete("x")),
    "voices.get": Row(lambda c, _: c.voices.get("x")),
    "voices.list": Row(lambda c, _: c.voices.list()),
    "webhooks.create": Row(lambda c, _: c.webhooks.create(subscribed_events=["batch.succeeded"], uri="https://x.test")),
    "webhooks.delete": Row(lambda c, _: c.webhooks.delete("x")),
    "webhooks.get": Row(lambda c, _: c.webhooks.get("x")),
    "webhooks.list": Row(lambda c, _: c.webhooks.list()),
    "webhooks.ping": Row(lambda c, _: c.webhooks.ping("x")),
    "webhooks.rotate_signing_secret": Row(lambda c, _: c.webhooks.rotate_signing_secret("x")),
    "webhooks.update": Row(lambda c, _: c.webhooks.update("x")),
}


def _anonymous() -> Any:
    made = AnonymousCredentials()  # type: ignore[no-untyped-call]
    made.token = "x"
    return made
