"""imagewire chat --resume: what is saved of a chat, and how it goes on."""

import contextlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from imagewire.cli import saved_chat
from imagewire.cli.app import app
from imagewire.v1.message_pb2 import Role
from tests.sdk.conftest import Script, scripted


class Chats:
    """A server, and the command's own folder."""

    def __init__(self, target: str, script: Script, state: Path) -> None:
        self.target, self.script, self.state = target, script, state

    def __call__(self, lines: str, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["chat", "--target", self.target, *arguments], input=lines)

    @property
    def files(self) -> list[Path]:
        return sorted((self.state / "imagewire" / "chats").glob("*.jsonl"))

    def sent(self) -> list[str]:
        """The user's words in the last request."""
        return [
            message.content or message.parts[-1].text
            for message in self.script.requests[-1].spec.messages
            if message.role == Role.ROLE_USER
        ]


@pytest.fixture
def chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("IMAGEWIRE_MODEL", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    script = Script()
    with scripted(script) as target:
        yield Chats(target, script, tmp_path / "state")


def test_it_goes_on_with_messages_signatures_model_and_options(chats: Chats) -> None:
    assert chats("A cat\nA mistake\n/undo\n", "-m", "gemini/other", "--size", "2K").exit_code == 0
    ended = chats("Make it blue\n", "--resume")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert chats.sent() == ["A cat", "Make it blue"]
    spec = chats.script.requests[-1].spec
    assert (spec.model, spec.image_config.image_size) == ("gemini/other", "2K")
    text, picture = spec.messages[1].parts
    assert (text.thought_signature, picture.image.data) == (b"s", b"picture" * 100)
    ended = chats("x\n", "--resume", "-m", "gemini/third", "--size", "4K")
    assert ended.exit_code == 0
    assert "-m gemini/third: the chat that --resume goes on with is with gemini/other" in ended.stderr
    spec = chats.script.requests[-1].spec
    assert (spec.model, spec.image_config.image_size, len(spec.messages)) == ("gemini/third", "4K", 5)
    assert len(chats.files) == 1, "it is the same chat"


def test_an_earlier_one_is_named(chats: Chats) -> None:
    chats("A cat\n")
    chats("A dog\n")
    first, second = chats.files
    chats("Blue\n", "--resume", first.stem)
    assert chats.sent() == ["A cat", "Blue"]
    chats("Red\n", "--resume", str(second))
    assert chats.sent() == ["A dog", "Red"]


def test_undo_reaches_into_the_earlier_chat(chats: Chats) -> None:
    chats("A cat\nA dog\n")
    assert chats("/undo\nBlue\n", "--resume").exit_code == 0
    assert chats.sent() == ["A cat", "Blue"]
    chats("Red\n", "--resume")
    assert chats.sent() == ["A cat", "Blue", "Red"], "what was taken back stays so"


def test_save_is_about_the_picture_of_the_earlier_chat(chats: Chats) -> None:
    chats("A cat\nA dog\n")
    ended = chats("/save\n/save copy\n/undo\n/save\n", "--resume")
    dog, cat = Path("a-dog.png").resolve(), Path("a-cat.png").resolve()
    told = [f"it is in {dog}", "saved as copy.png", 'taken back: "A dog"; its files stay', f"it is in {cat}"]
    assert (ended.exit_code, ended.stderr) == (0, "".join(f"imagewire: {words}\n" for words in told))
    assert Path("copy.png").read_bytes() == b"picture" * 100
    cat.unlink()
    ended = chats("/save\n", "--resume")
    assert (ended.exit_code, f"the picture is not in {cat} any more; /save FILE writes it again" in ended.stderr) == (
        2,
        True,
    )
    assert chats("/save again.png\n", "--resume").exit_code == 0
    assert Path("again.png").read_bytes() == b"picture" * 100
    ended = chats("/undo\n/save\n", "--resume")
    assert (ended.exit_code, "/save: there is no picture yet" in ended.stderr) == (2, True)
    assert len(chats.script.requests) == 2, "nothing is drawn for it"


def test_the_file_is_as_documented_and_private(chats: Chats) -> None:
    chats("A cat\n/undo\n")
    (file,) = chats.files
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    head, turn, undo = [json.loads(line) for line in file.read_text().splitlines()]
    assert head == {"imagewire_chat": 1, "model": "gemini/gemini-2.5-flash-image", "options": {}}
    assert [message["role"] for message in turn["turn"]["messages"]] == ["ROLE_USER", "ROLE_ASSISTANT"]
    assert turn["turn"]["files"] == [str(Path("a-cat.png").resolve())]
    assert undo == {"undo": True}


def test_a_line_that_a_crash_cut_is_left_out(chats: Chats) -> None:
    chats("A cat\nA dog\n")
    (file,) = chats.files
    file.write_bytes(file.read_bytes()[:-100])
    resumed = chats("Blue\n", "--resume")
    assert resumed.exit_code == 0
    assert "was cut short, and is not part of the chat: 1 turn(s) are" in resumed.stderr
    assert chats("Red\n", "--resume").exit_code == 0
    assert chats.sent() == ["A cat", "Blue", "Red"]


def test_a_chat_that_another_goes_on_with_is_refused(chats: Chats) -> None:
    chats("A cat\n")
    (file,) = chats.files
    before = file.read_bytes()
    with contextlib.closing(saved_chat.load(None)):
        ended = chats("Blue\n", "--resume")
    assert (ended.exit_code, file.read_bytes()) == (2, before)
    assert "another imagewire chat goes on with it now; leave that one first" in ended.stderr
    assert chats("Blue\n", "--resume").exit_code == 0


def test_a_new_chat_is_locked_too(chats: Chats) -> None:
    made = saved_chat.SavedChat("gemini/third", {})
    made.add("A cat", [], [])
    with contextlib.closing(made):
        assert chats("Blue\n", "--resume").exit_code == 2
    assert chats("Blue\n", "--resume").exit_code == 0


def test_the_oldest_are_removed(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_chat, "_KEPT", 2)
    for words in "A cat", "A dog", "A cow":
        chats(f"{words}\n")
    assert [json.loads(file.read_text().splitlines()[1])["turn"]["words"] for file in chats.files] == ["A dog", "A cow"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"data": "%%%%"}, "turn.messages[1].parts[1].image.data is no base64"),
        ({"data": 5}, "turn.messages[1].parts[1].image.data is no base64"),
        ({"sha256": "QUJD"}, "turn.messages[1].parts[1].image.data does not match its sha256"),
        ({"mime_type": 5}, "it is no turn of a chat"),
    ],
)
def test_a_damaged_picture_is_told_before_anything_is_sent(chats: Chats, changed: dict[str, Any], words: str) -> None:
    chats("A cat\nBlue\n")
    [file] = chats.files
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[2]["turn"]["messages"][1]["parts"][1]["image"] |= changed
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    asked = len(chats.script.requests)
    ended = chats("Red\n", "--resume")
    assert ended.exit_code == 2
    assert f"{file}, line 3: {words}: remove that line and those after it, or begin without --resume" in ended.stderr
    assert len(chats.script.requests) == asked


# what is in the file, arguments, what is told
WRONG: list[tuple[bytes | None, list[str], str]] = [
    (None, ["--resume"], "there is no earlier chat"),
    (None, ["--resume", "nope"], "--resume nope: No such file"),
    (None, ["--resume", "."], "--resume .: . is no file"),
    (None, ["--resume", "/dev/zero"], "is no file"),
    (b"[" * 100_000 + b"\n", ["--resume", "file"], "is no saved chat"),
    (None, ["nope"], "CHAT goes with --resume"),
    (b"", ["--resume", "file"], "is no saved chat"),
    (b"\xff\x00\n", ["--resume", "file"], "is no saved chat"),
    (b"[]\n", ["--resume", "file"], "is no saved chat"),
    (b'{"imagewire_chat": 2}\n', ["--resume", "file"], "is no saved chat"),
    (
        b'{"imagewire_chat": 1, "model": "m", "options": {}}\n{"turn": 1}\n',
        ["--resume", "file"],
        "line 2: it is no turn",
    ),
    (b'{"imagewire_chat": 1, "model": "m", "options": {"x": "y"}}\n', ["--resume", "file"], "--resume: "),
]


@pytest.mark.parametrize(("content", "arguments", "words"), WRONG, ids=[f"{row[0]!r:.40} {row[1]}" for row in WRONG])
def test_what_is_no_chat_is_told(chats: Chats, content: bytes | None, arguments: list[str], words: str) -> None:
    if content is not None:
        Path("file").write_bytes(content)
    ended = chats("A cat\n", *arguments)
    assert (ended.exit_code, words in ended.stderr, chats.script.requests) == (2, True, []), ended.stderr


@pytest.mark.parametrize("word", ["exit", "QUIT", "help", "clear", "bye", "q", "exit()", ":q", "quit;"])
def test_on_a_pipe_a_word_like_a_command_is_an_error(chats: Chats, word: str) -> None:
    ended = chats(f"{word}\n")
    assert (ended.exit_code, chats.script.requests) == (2, [])
    assert f"{word}: looks like a command; commands begin with /" in ended.stderr
