"""Unknown protobuf fields are found wherever they stand in a request, and nothing else is taken for one."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from imagewire_server.contract import limits, pb, protobuf_scan
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.core.call import Call
from imagewire_server.services.request_decoder import read
from tests.pictures import PNG
from tests.protobuf_bytes import inside, varint
from tests.unit.contract.requests import FINE, request

REQUESTS: list[Any] = [
    pb.CreateCompletionRequest,
    pb.StreamCompletionRequest,
    pb.ResumeCompletionRequest,
    pb.ListModelsRequest,
    pb.GetModelRequest,
    pb.UploadImageRequest,
    pb.DownloadImageRequest,
]
NUMBER = 57


def read_at_once(kind: Any, data: bytes) -> Any:
    """The message of a request."""
    return asyncio.run(read(kind.FromString, data, Call()))


UNKNOWN = varint(NUMBER << 3) + b"\x01"


def places(descriptor: Descriptor, data: bytes, seen: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """Every place below a message, each type once a path: its path, and a message that holds `data` there."""
    yield "", data
    for field in descriptor.fields:
        if field.message_type is None or seen.count(field.message_type.full_name) > 1:
            continue
        name = f"{field.name}[0]" if field.is_repeated else field.name
        for path, below in places(field.message_type, data, (*seen, field.message_type.full_name)):
            yield f"{name}.{path}".rstrip("."), inside(field.number, below)


CASES = [(made, path, data) for made in REQUESTS for path, data in places(made.DESCRIPTOR, UNKNOWN)]


def test_the_cases_reach_every_message_of_every_request() -> None:
    found = {path for made, path, _ in CASES if made is pb.StreamCompletionRequest}
    assert {
        "",
        "spec",
        "spec.messages[0].parts[0].native",
        "spec.messages[0].parts[0].native_fields[0]",
        "spec.messages[0].parts[0].function_response.images[0]",
        "spec.labels[0]",
        "spec.extra_body.fields[0].value.list_value.values[0].struct_value.fields[0]",
        "spec.tools[0].google_search.time_range.start_time",
        "spec.generation_config.thinking_config",
    } <= found


@pytest.mark.parametrize(
    ("made", "path", "data"), CASES, ids=[f"{made.DESCRIPTOR.name}-{path}" for made, path, _ in CASES]
)
def test_an_unknown_field_is_refused_by_path_and_number(made: Any, path: str, data: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_at_once(made, data)
    (violation,) = refused.value.violations
    assert violation.field == path
    assert violation.description.startswith(f"field {NUMBER} is unknown to this server; ")
    assert list(refused.value.violations) == protobuf_scan.find(data, made.DESCRIPTOR)


@pytest.mark.parametrize("fields", FINE)
def test_what_is_known_is_not_taken_for_unknown(fields: dict[str, Any]) -> None:
    data = request(**fields).SerializeToString()
    made = pb.StreamCompletionRequest.FromString(data)
    assert protobuf_scan.find(data, made.DESCRIPTOR) == []
    assert read_at_once(pb.StreamCompletionRequest, data) == made


def test_a_large_request_is_looked_at_without_its_pictures() -> None:
    made = request(messages=[{"role": 2, "image": {"data": PNG + bytes(100_000)}}])
    data = made.SerializeToString()
    assert read_at_once(pb.StreamCompletionRequest, data) == made
    with pytest.raises(InvalidRequest, match=f"field {NUMBER} is unknown"):
        read_at_once(pb.StreamCompletionRequest, data + UNKNOWN)


def test_a_known_number_of_another_type_is_told_apart() -> None:
    (violation,) = protobuf_scan.find(varint(12 << 3) + b"\x01", pb.Spec.DESCRIPTOR) or ()
    assert violation.description.startswith("field 12 (service_tier) is not encoded as this server's contract has it")


def test_lists_of_numbers_are_known_packed_and_unpacked() -> None:
    for data in (b"\x1a\x02\x01\x02", b"\x18\x01\x18\x02"):
        assert list(pb.Spec.FromString(data).response_modalities) == [1, 2]
        assert protobuf_scan.find(data, pb.Spec.DESCRIPTOR) == []


def test_the_search_ends_at_a_group_which_no_field_of_ours_is() -> None:
    group = varint(NUMBER << 3 | 3) + b"\x08\x01" + varint(NUMBER << 3 | 4)
    assert [found.field for found in protobuf_scan.find(group + UNKNOWN, pb.Spec.DESCRIPTOR) or ()] == [""]


def test_at_most_16_are_named() -> None:
    data = b"".join(varint(number << 3) + b"\x01" for number in range(100, 200))
    assert len(protobuf_scan.find(data, pb.Spec.DESCRIPTOR) or ()) == 16


def test_the_search_is_bounded() -> None:
    most = limits.MOST_VALUES
    assert protobuf_scan.find(b"\x12\x00" * most, pb.Spec.DESCRIPTOR) == []
    (violation,) = protobuf_scan.find(b"\x12\x00" * most + UNKNOWN, pb.Spec.DESCRIPTOR) or ()
    assert violation.description == f"holds more than {most} values; send fewer"
    (violation,) = protobuf_scan.find(UNKNOWN * (most + 1), pb.Spec.DESCRIPTOR) or ()
    assert f"field {NUMBER}" in violation.description
    assert protobuf_scan.find(b"\x12\x00" * 11, pb.Spec.DESCRIPTOR, 10) is None
