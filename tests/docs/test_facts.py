"""What the pages state is what the code says."""

import re
import tomllib
from typing import Any

from typer.testing import CliRunner

import imagewire
from imagewire import errors, kept_errors
from imagewire.cli.app import app
from imagewire.cli.exits import EPILOG, Exit
from imagewire_server.core.access.keys import Access
from imagewire_server.core.call import Call
from tests.docs.pages import ROOT, blocks


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def table(*rows: list[str]) -> str:
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])


def test_the_models_are_the_servers() -> None:
    models: list[dict[str, Any]] = tomllib.loads(
        (ROOT / "service/imagewire_server/providers/google/models.toml").read_text()
    )["model"]

    def listed(model: dict[str, Any], name: str) -> str:
        return ", ".join(model[name]) or "none" if name in model else "-"

    known = table(
        ["Model", "Also called", "`image_size`", "`aspect_ratio`", "Pictures to edit"],
        *[
            [
                f"`{model['id']}`",
                ", ".join(f"`{alias}`" for alias in model.get("aliases", ())),
                listed(model, "image_sizes"),
                listed(model, "aspect_ratios"),
                str(model.get("max_input_images", "-")),
            ]
            for model in models
        ],
    )
    prices = table(
        ["Model", "Prompt", "Text", "Picture", "Tokens of a picture"],
        *[
            [
                f"`{model['id']}`",
                *(f"{price:.2f}" for price in model["price"]),
                ", ".join(f"{size}: {tokens}" for size, tokens in model["image_tokens"].items()),
            ]
            for model in models
        ],
    )
    assert all(model["service_tiers"] == {"flex": 0.5} for model in models)
    assert known in page("models.md"), known
    assert prices in page("models.md"), prices


def tree(kind: type[Exception], before: str = "") -> list[str]:
    lines = []
    all_kinds = {**vars(errors), **vars(kept_errors)}.values()
    kinds = [known for known in all_kinds if isinstance(known, type) and known.__base__ is kind]
    for below in kinds:
        last = below is kinds[-1]
        lines.append(f"{before}{'└' if last else '├'}── {below.__name__}")
        lines += tree(below, before + ("    " if last else "│   "))
    return lines


def test_the_errors_are_the_clients() -> None:
    (drawn,) = [block.code for block in blocks(page("python-errors.md")) if not block.language]
    names = [re.sub(r"(\w)  .*", r"\1", line) for line in drawn.splitlines()]
    assert names == ["ImagewireError", *tree(imagewire.ImagewireError)]
    assert drawn in (errors.__doc__ or "")


def test_the_exit_codes_are_the_commands() -> None:
    told = re.findall(r"^  (\d+) +(.+)$", EPILOG, re.MULTILINE)
    assert [int(code) for code, _ in told] == list(Exit)
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page("cli.md"), re.MULTILINE)
    assert rows == told


def test_the_reference_has_every_public_name() -> None:
    named = re.findall(r"^::: imagewire\.(\w+)$", page("reference.md"), re.MULTILINE)
    assert sorted(named) == sorted(set(imagewire.__all__) - {"__version__"})


def flowing(name: str) -> str:
    return " ".join(page(name).split())


async def test_who_has_what_was_drawn_with_an_earlier_key() -> None:
    same = "also after another key took its place"
    assert all(same in flowing(name) for name in ("rest.md", "keep.md", "threat-model.md"))
    access = Access("one")
    first, second = (Call(headers=[("x-api-key", key)]) for key in ("one", "two"))
    await access.intercept(first)
    access.use("two", "")
    await access.intercept(second)
    assert first.caller == second.caller


def test_n_and_a_time_of_the_answer_cache_exclude_each_other() -> None:
    assert "`--cache-ttl` with a time and `-n` above 1 exclude each other" in flowing("cli.md")
    ended = CliRunner().invoke(app, ["draw", "A cat", "-n", "2", "--cache-ttl", "3600"])
    assert (ended.exit_code, "--cache-ttl and -n exclude each other" in ended.output) == (Exit.INVALID, True)
