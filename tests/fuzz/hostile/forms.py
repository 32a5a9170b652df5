"""Forms for /v1/images/edits, as no browser would send them."""

import random
from typing import Any

from msgspec import inspect

from imagewire_server.formats.openai.images.request import FORM_JSON, ImagesRequest
from tests.fuzz.hostile import values
from tests.fuzz.hostile.case import Case
from tests.fuzz.hostile.mutate import mutated
from tests.fuzz.hostile.rest_json import Filler
from tests.fuzz.json_text import Writer
from tests.pictures import PNG

_INFO: Any = inspect.type_info(ImagesRequest)
_FIELDS = {one.encode_name: one.type for one in _INFO.fields}
_TYPES = (
    "multipart/form-data", "Multipart/Form-Data", "multipart/mixed", "application/x-www-form-urlencoded",
    "multipart/form-data;", "multipart/form-data; charset=utf-16; boundary=b",
    "multipart/form-data; charset=nope; boundary=b", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=other", 'multipart/form-data; boundary="b"',
    "multipart/form-data; boundary=b; boundary=c", "multipart/form-data; charset=idna; boundary=b",
    "multipart/form-data; charset=utf-7; boundary=b", "multipart/form-data; charset=rot13; boundary=b",
    "multipart/form-data; charset=hex; boundary=b", "multipart/form-data; charset=\xff; boundary=b",
    "multipart/form-data; charset=punycode; boundary=b", "multipart/form-data; boundary=b; charset=utf-8\0",
    "multipart/form-data; boundary=" + "b" * 3000,
)  # fmt: skip
_HEADS = (
    b"Content-Disposition: form-data; name=%b",
    b"content-disposition: form-data; name=%b; filename*=utf-8''%%e2%%82",
    b"Content-Disposition: form-data; name=%b; name=other",
    b"Content-Disposition: attachment; name=%b",
    b"Content-Disposition: form-data; name*=utf-8''x; x=%b",
    b"Content-Disposition: form-data;name=%b\r\nContent-Type: text/plain; charset=utf-16",
    b"Content-Disposition: form-data; name=%b\r\nContent-Transfer-Encoding: base64",
    b"Content-Type: text/plain\r\nX: %b",
    b"Content-Disposition: form-data; name=%b\r\nX-Long: " + b"a" * 20_000,
    b"Content-Disposition: form-data; name=%b\r\n folded",
    b"X: %b",
)  # fmt: skip


def _field(name: str, value: bytes, rng: random.Random, wild: float) -> bytes:
    quoted = b'"' + name.encode(errors="surrogatepass") + b'"'
    head = rng.choice(_HEADS) % quoted if rng.random() < wild else _HEADS[0] % quoted
    return head + b"\r\n\r\n" + value


def _file(rng: random.Random, wild: float) -> bytes:
    name = "image" if rng.random() >= wild else rng.choice(["image[]", "mask", "", "image[0]", "prompt", "model", "\0"])
    filename = b"a.png" if rng.random() >= wild else rng.choice([b"", b"../../etc/passwd", b"\xff", b"a" * 9000, b'"'])
    data = PNG if rng.random() >= wild else values.blob(rng) * rng.choice([1, 1, 1, 2000])
    kind = (
        b"image/png"
        if rng.random() >= wild
        else rng.choice([b"", b"text/html", b"image/png; a=b", b"\xff", b"image/svg+xml"])
    )
    front = b'Content-Disposition: form-data; name="%b"; filename="%b"' % (name.encode(), filename)
    return front + b"\r\nContent-Type: " + kind + b"\r\n\r\n" + data


def _value(name: str, filler: Filler, rng: random.Random) -> bytes:
    value = filler.of(_FIELDS[name], name)
    if name in FORM_JSON or not isinstance(value, str):
        return Writer((), rng).write(value)
    return value.encode(errors="surrogatepass")


def invent(seed: int) -> Case:
    """A form."""
    rng = random.Random(f"form/{seed}")
    wild = rng.choice([0.0, 0.0, 0.1, 0.4])
    filler = Filler(rng, wild)
    parts = [_file(rng, wild) for _ in range(rng.choice([1, 1, 1, 2, 3, 17] if wild else [1, 2]))]
    given = {"model": b"gemini/gemini-2.5-flash-image", "prompt": b"A banana"}
    given |= {name: _value(name, filler, rng) for name in rng.sample(list(_FIELDS), rng.choice([0, 1, 2, 3]))}
    parts += [_field(name, value, rng, wild / 4) for name, value in given.items()]
    if rng.random() < wild:
        parts.append(_field(rng.choice(["x", "prompt", "", "\ud800", "a" * 3000]), b"x", rng, wild))
    if rng.random() < 0.01:
        parts += [_field(f"f{number}", b"", rng, 0.0) for number in range(rng.choice([70, 5000, 60_000]))]
    rng.shuffle(parts)
    line = b"\n" if rng.random() < wild / 8 else b"\r\n"
    data = b"".join(b"--b" + line + part + line for part in parts) + b"--b--" + line
    chance = rng.random()
    if chance < wild / 3:
        data = rng.choice(
            (data[:-6], b"preamble\r\n" + data, data + b"--b\r\nepilogue", data * 2, b"", b"--b--", b"--b" * 50_000)
        )
    elif chance < 0.2:
        data = mutated(data, rng)
    label = rng.choice(_TYPES) if rng.random() < wild / 3 else "multipart/form-data; boundary=b"
    head = {"method": "POST", "path": "/v1/images/edits", "headers": [("content-type", label)]}
    return Case("form", data, head, str(seed))
