"""Batches, by Google's own SDK."""

import io
import json
from collections.abc import Iterator

import pytest
from google import genai
from google.genai import errors, types

from imagewire_emulator import Emulator
from tests.compat.genai.test_google_genai import MODEL, digest, finals, made_client


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Iterator[genai.Client]:
    with made_client(emulator, "gemini") as made:
        yield made


def asked(prompt: str, key: str = "") -> types.InlinedRequest:
    return types.InlinedRequest(contents=prompt, metadata={"key": key or prompt})


def made(client: genai.Client, *requests: types.InlinedRequest) -> str:
    job = client.batches.create(model=MODEL, src=list(requests), config={"display_name": "Fruit"})
    assert (job.display_name, job.model, job.state) == ("Fruit", f"models/{MODEL}", types.JobState.JOB_STATE_PENDING)
    assert job.name is not None
    return job.name


def test_a_batch_ends_when_it_is_asked_about(emulator: Emulator, client: genai.Client) -> None:
    name = made(client, asked("a banana"), asked("a pear"))
    emulator.ledger.clear()
    for _ in range(2):
        job = client.batches.get(name=name)
        assert job.state is types.JobState.JOB_STATE_SUCCEEDED
        assert job.dest is not None
        answers = job.dest.inlined_responses or []
        assert [answer.metadata for answer in answers] == [{"key": "a banana"}, {"key": "a pear"}]
        pictures = [finals(answer.response.parts) for answer in answers if answer.response]
        single = client.models.generate_content(model=MODEL, contents="a pear")
        assert [digest(data) for data in pictures[1]] == [digest(data) for data in finals(single.parts)]
        assert pictures[0] != pictures[1]


def test_a_batchs_pictures_are_charged_once(emulator: Emulator, client: genai.Client) -> None:
    emulator.ledger.clear()
    name = made(client, asked("a banana"), asked("a pear x-emulate: two-images"))
    for _ in range(2):
        client.batches.get(name=name)
    assert [entry.charged for entry in emulator.ledger.entries if entry.method == "BATCH"] == [1, 2]
    assert sum(entry.charged for entry in emulator.ledger.entries) == 3


def test_a_failed_request_has_its_error_beside_the_others_answers(client: genai.Client) -> None:
    name = made(client, asked("a banana x-emulate: 429"), asked("a pear"))
    job = client.batches.get(name=name)
    assert job.dest is not None
    refused, answered = job.dest.inlined_responses or []
    assert refused.error is not None
    assert (refused.error.code, answered.error) == (8, None)
    assert "quota" in (refused.error.message or "")


def test_a_cancelled_batch_draws_nothing(emulator: Emulator, client: genai.Client) -> None:
    emulator.ledger.clear()
    name = made(client, asked("a banana"))
    client.batches.cancel(name=name)
    assert client.batches.get(name=name).state is types.JobState.JOB_STATE_CANCELLED
    assert sum(entry.charged for entry in emulator.ledger.entries) == 0
    with pytest.raises(errors.ClientError, match="has ended"):
        client.batches.cancel(name=name)


def test_batches_are_listed_and_deleted(client: genai.Client) -> None:
    names = {made(client, asked("a banana")) for _ in range(3)}
    assert names <= {job.name for job in client.batches.list(config={"page_size": 2})}
    for name in names:
        client.batches.delete(name=name)
    assert not names & {job.name for job in client.batches.list()}
    with pytest.raises(errors.ClientError, match="not found"):
        client.batches.get(name=names.pop())


def test_a_batch_of_a_file_answers_with_a_file(client: genai.Client) -> None:
    lines = [{"key": f"{i}", "request": {"contents": [{"parts": [{"text": f"banana {i}"}]}]}} for i in range(2)]
    content = "\n".join(json.dumps(line) for line in [*lines, {"key": "wrong"}]).encode()
    source = client.files.upload(file=io.BytesIO(content), config={"mime_type": "jsonl"})
    job = client.batches.create(model=MODEL, src=str(source.name))
    job = client.batches.get(name=str(job.name))
    assert job.dest is not None
    assert client.files.get(name=str(job.dest.file_name)).source is types.FileSource.GENERATED
    answers = [json.loads(line) for line in client.files.download(file=str(job.dest.file_name)).splitlines()]
    assert [answer["key"] for answer in answers] == ["0", "1", "wrong"]
    assert "inlineData" in answers[0]["response"]["candidates"][0]["content"]["parts"][-1]
    assert answers[2]["error"] == {"code": 3, "message": "request: must be an object."}


@pytest.mark.parametrize(
    ("sources", "words"), [([], "1 to 100 requests"), ([asked("a banana")] * 101, "1 to 100 requests")]
)
def test_a_batch_has_a_number_of_requests(
    client: genai.Client, sources: list[types.InlinedRequest], words: str
) -> None:
    with pytest.raises(errors.ClientError, match=words):
        client.batches.create(model=MODEL, src=sources)


def test_vertex_batches_are_refused_by_name(emulator: Emulator) -> None:
    with made_client(emulator, "vertex") as vertex, pytest.raises(errors.ClientError, match="Cloud Storage") as told:
        vertex.batches.create(model=MODEL, src="gs://bucket/requests.jsonl", config={"dest": "gs://bucket/answers"})
    assert (told.value.code, told.value.status) == (400, "FAILED_PRECONDITION")
