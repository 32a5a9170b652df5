"""A chat in the terminal: its turns, their files, and the commands about them. Reading lines is in `chat`.

Every picture is on disk as soon as it is whole: it is paid for.
"""

import contextlib
import json
import os
import shlex
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from imagewire import Answer, Chat, Image, ImagewireError, Media, user
from imagewire.cli import drawings, report
from imagewire.cli.command_words import looks_like_a_command
from imagewire.cli.exits import invalid
from imagewire.cli.output import files_told, note, put, shortened
from imagewire.cli.preview import Screen
from imagewire.cli.progress import board
from imagewire.cli.rescue import check_writable, told, write_somewhere
from imagewire.cli.saved_chat import SavedChat, SavedTurn
from imagewire.cli.shared_options import picture
from imagewire.files import claimed, fitting, named_after, write_as

HELP = """\
Type what to draw, or what to change. Each picture is saved at once, under a name made from your words.
Enter sends; Alt-Enter starts a new line; pasted text stays together until you press Enter.
/image FILE   show the model a picture with your next message; more than one can be given
/save [FILE]  write the last picture to FILE too; without FILE, say where it is
/undo         take back the pictures given with /image, else the last turn; files stay
/help         this
/exit         leave; so do /quit, Ctrl-D and, on an empty line, Ctrl-C"""


_ALONE = frozenset({"/quit", "/exit", "/help", "/undo"})


@dataclass(slots=True)
class Turn:
    """One turn: what was said, how many messages there were before, and the answer.

    saved: the file of each picture and of other media, by its place in the answer. notes: which are in another folder.
    trouble: why one is not on disk. earlier: what was saved of a turn that is resumed; it has no answer.
    """

    words: str
    before: int
    answer: Answer = field(default_factory=Answer)
    saved: dict[int, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    trouble: OSError | None = None
    earlier: SavedTurn | None = None

    @property
    def image(self) -> Image | None:
        """The answer's picture."""
        return self.answer.image if self.earlier is None else self.earlier.image

    @property
    def files(self) -> list[Path]:
        """The files of pictures, that of the answer's picture first."""
        if self.earlier is not None:
            return [Path(file) for file in self.earlier.files]
        parts = self.answer.parts
        pictures = [at for at in self.saved if parts[at].image is not None]
        return [self.saved[at] for at in sorted(pictures, key=lambda at: parts[at].image is not self.answer.image)]

    @property
    def media(self) -> list[tuple[Path | None, Media]]:
        """What is no picture, each with its file, None where it is elsewhere or could not be written."""
        return [(self.saved.get(at), part.media) for at, part in enumerate(self.answer.parts) if part.media]

    def keep(self, folder: Path, *, whole: bool) -> None:
        """Write each file that is not on disk yet. whole: the answer is, so a draft may be the only picture."""
        for at, part in enumerate(self.answer.parts):
            wanted = part.media or not part.thought or (whole and part.image is self.answer.image)
            file = part.image or part.media
            if file is None or file.uri or at in self.saved or not wanted:
                continue
            name = partial(named_after, self.words, file.mime_type)
            try:
                self.saved[at], elsewhere = write_somewhere(folder, file.data, name)
            except OSError as error:
                self.trouble = error
            else:
                if elsewhere is not None:
                    self.notes.append(told(folder, elsewhere, self.saved[at]))


class Session:
    """A chat and its turns.

    saved: where the chat is saved; its turns are resumed. folder: where pictures go. timeout: seconds for each turn.
    agree: asks a question that a terminal's user answers, None where nobody can answer. elsewhere: what was told of
    files that are in another folder.
    """

    def __init__(
        self,
        chat: Chat,
        saved: SavedChat,
        folder: Path,
        screen: Screen | None,
        *,
        timeout: float,
        as_json: bool,
        agree: Callable[[str], bool] | None,
    ) -> None:
        self._chat, self._saved, self._folder, self._screen = chat, saved, folder, screen
        self._timeout, self._as_json, self._agree = timeout, as_json, agree
        self._turns: list[Turn] = []
        self._given: list[Image] = []
        self.elsewhere: list[str] = []
        for turn in saved.turns:
            self._turns.append(Turn(turn.words, len(chat.messages), earlier=turn))
            chat.messages.extend(turn.messages)

    def take(self, line: str) -> bool:
        """Execute a line. Returns whether the session goes on.

        Raises InvalidRequest for a command that makes no sense; NoPicture, and what a call raises, for a turn that
        failed: then the chat is as it was before. ImagewireError for a picture that came but could not be written.
        """
        command, _, rest = line.partition(" ")
        if looks_like_a_command(line) and not command.startswith("/"):
            self._doubt(line)
            return True
        if command in _ALONE and rest.strip():
            raise invalid(f"{command}: takes no word after it; type {command} alone")
        match command:
            case "/quit" | "/exit":
                return False
            case "/help":
                note(HELP, name="")
            case "/image":
                self._give(rest.strip())
            case "/save":
                self._save(rest.strip())
            case "/undo":
                self._undo()
            case _ if command.startswith("/") and "\n" not in line:
                raise invalid(f"{command}: is no command; /help tells which there are")
            case _:
                self._say(line)
        return True

    def _doubt(self, word: str) -> None:
        """Draw a word that looks like a command only if that is meant."""
        if self._agree is None:
            raise invalid(f"{word}: looks like a command; commands begin with /, such as /exit. Say more to draw it")
        if self._agree(f'Draw "{word}" as a picture? Commands begin with /, such as /exit and /help.'):
            self._say(word)

    def _say(self, words: str) -> None:
        check_writable(self._folder)
        messages = self._chat.messages
        turn, begun = Turn(words, len(messages)), time.monotonic()
        try:
            self._chat.append(user(*self._given, words))
            self._draw(turn)
            self._chat.append(_sound(turn.answer))
        except BaseException:
            # After a failure the chat must be as it was before.
            del messages[turn.before :]
            files = (part.image or part.media for part in turn.answer.parts)
            kept = [*map(str, turn.saved.values()), *(file.uri for file in files if file is not None and file.uri)]
            if kept:
                note(f"saved before that: {', '.join(kept)}")
            raise
        self._given.clear()
        self._turns.append(turn)
        self._saved.add(words, messages[turn.before :], turn.files)
        drawings.add(words, turn.answer, turn.files)
        with files_told(turn.saved.values()):
            self._report(turn, time.monotonic() - begun)

    def _draw(self, turn: Turn) -> None:
        """Draw, and save each picture as soon as it is complete."""
        received, whole = 0, False
        # Another thread writes: Ctrl-C interrupts this one only, and so never the saving of a picture.
        with ThreadPoolExecutor(1) as writer:
            try:
                with board() as lines, lines.task() as progress:
                    for answer, chunk in self._chat.stream(timeout=self._timeout):
                        turn.answer = answer
                        received += len(chunk.data)
                        progress(received)
                        if chunk.image is not None or chunk.media is not None:
                            writer.submit(turn.keep, self._folder, whole=False).result()
                whole = True
            finally:
                writer.submit(turn.keep, self._folder, whole=whole)

    def _report(self, turn: Turn, seconds: float) -> None:
        if self._as_json:
            fields = report.summary(turn.words, turn.answer, turn.files, turn.media)
            put(json.dumps({**fields, "seconds": round(seconds, 3), "notes": turn.notes}))
        else:
            for words in turn.notes:
                note(words)
            if self._screen is not None and turn.files:
                self._screen.show(turn.files[0])
            for line in report.lines(turn.answer, turn.files, turn.media):
                put(line)
        self.elsewhere += turn.notes
        if turn.trouble is not None:
            raise ImagewireError(
                f"{self._folder}: {turn.trouble.strerror}: a picture is not on disk; make room, or /save it elsewhere,"
                " before you leave",
                code="FAILED",
            )

    def _give(self, source: str) -> None:
        if not source:
            raise invalid("/image: which? /image FILE shows the model a picture with your next message")
        local = source if "://" in source or source.startswith("data:") else str(_path(source))
        self._given.append(picture(local, "/image"))
        note(f"{len(self._given)} picture(s) go with your next message")

    def _save(self, wanted: str) -> None:
        drawn = ((turn, image) for turn in reversed(self._turns) if (image := turn.image) is not None)
        turn, image = next(drawn, (None, None))
        if turn is None or image is None:
            raise invalid("/save: there is no picture yet")
        files = turn.files
        if image.uri:
            raise invalid(f"/save: the picture has no bytes here: it is at {image.uri}")
        if not wanted:
            if not files:
                raise invalid("/save: the picture is not on disk yet; /save FILE writes it")
            if not files[0].exists():
                raise invalid(f"/save: the picture is not in {files[0]} any more; /save FILE writes it again")
            note(f"it is in {files[0]}")
            return
        path = _path(wanted)
        if path.is_dir():
            free = write_as(path, image.data, lambda: named_after(turn.words, image.mime_type, path))
        elif wanted.endswith("/"):
            raise invalid(f"/save {wanted}: there is no such folder; make it, or name another")
        else:
            path = fitting(path, image.mime_type)
            if not path.parent.is_dir():
                raise invalid(f"/save {path}: there is no folder {path.parent}; make it, or name another")
            try:
                free = write_as(path.parent, image.data, lambda: claimed(path))
            except FileExistsError:
                raise invalid(f"/save {path}: is there already; name another file") from None
        note(f"saved as {free}")

    def _undo(self) -> None:
        if self._given:
            self._given.clear()
            note("taken back: the pictures for your next message")
        elif self._turns:
            turn = self._turns.pop()
            del self._chat.messages[turn.before :]
            self._saved.undo()
            note(f"taken back: {shortened(turn.words)}; its files stay")
        else:
            raise invalid("/undo: there is nothing to take back")


def _path(typed: str) -> Path:
    """A path as typed, or quoted as for a shell: terminals quote the names of files dropped on them."""
    if "\0" in typed:
        raise invalid("a file's name must not contain a null character")
    as_it_is = Path(os.path.expanduser(typed))  # noqa: PTH111  # Path's fails for a user who is not there
    if as_it_is.exists():
        return as_it_is
    with contextlib.suppress(ValueError):
        words = shlex.split(typed)
        if len(words) == 1 and words[0]:
            return Path(os.path.expanduser(words[0]))  # noqa: PTH111
    return as_it_is


def _sound(answer: Answer) -> Answer:
    """Check that the chat can go on from an answer: it has a picture, or a question. Raises NoPicture."""
    if answer.blocked or not answer.parts or (answer.image is None and answer.native_finish_reason != "STOP"):
        raise report.nothing(answer)
    return answer
