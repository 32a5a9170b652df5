"""Reports each drawing as its call ends: the picture and its facts, or what went wrong."""

import json
import sys
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import imagewire
from imagewire.cli import drawings, preview
from imagewire.cli.exits import Exit, Failure, failure_of, invalid, report_failure
from imagewire.cli.output import STDOUT, files_told, note, onto_stdout, put
from imagewire.cli.output_path import OutputPath
from imagewire.cli.progress import Board

if TYPE_CHECKING:
    from concurrent.futures import Future

    from imagewire.cli.drawing import Drawing
    from imagewire.cli.preview import Screen

Calls = dict["Future[Drawing]", str]


class DrawingReport:
    """Reports each drawing as it ends. failure: the first one."""

    def __init__(self, goal: OutputPath, lines: Board, *, several: bool, as_json: bool) -> None:
        self.failure: Failure | None = None
        self._screen: Screen | None = None
        self._goal, self._lines, self._several, self._as_json = goal, lines, several, as_json
        self._unreported: Calls = {}
        self._stdout_failed = False

    def take(self, calls: Calls, *, previewed: bool) -> None:
        """Wait for all of them. previewed: whether pictures are shown in a terminal."""
        self._unreported = dict(calls)
        # It may wait for the terminal, and Ctrl-C may come meanwhile.
        self._screen = preview.screen(wanted=previewed)
        # Not with concurrent.futures.as_completed: a signal inside it may leave a future's lock held for ever.
        ended: SimpleQueue[Future[Drawing]] = SimpleQueue()
        for call in calls:
            call.add_done_callback(ended.put)
        while self._unreported:
            try:
                # With a time-out: Python may handle a signal that came just before the wait only after it.
                call = ended.get(timeout=0.2)
            except Empty:
                continue
            if self._one(call, self._unreported.pop(call)):
                self._give_up()

    def report_the_rest(self) -> None:
        """Report what was saved although the command was interrupted."""
        for call, prompt in self._unreported.items():
            if not call.done() or call.cancelled():
                continue
            if (error := call.exception()) is None:
                self._one(call, prompt)
            for words in getattr(error, "__notes__", ()):
                note(words)

    def _one(self, call: "Future[Drawing]", prompt: str) -> bool:
        """Report a call that has ended. Returns whether the next call would fail as well."""
        if call.cancelled():
            return False
        with self._lines.paused():
            try:
                with call.result() as drawing, files_told(drawing.files, already=self._stdout_failed):
                    self._deliver(drawing)
                    self._elsewhere(drawing, prompt)
            except (imagewire.ImagewireError, OSError) as error:
                self._stdout_failed |= isinstance(error, OSError) and error.filename == STDOUT
                failure = failure_of(error)
                self.failure = self.failure or failure
                report_failure(failure, as_json=self._as_json, about=prompt if self._several else "")
                everyones = (
                    imagewire.Unauthenticated,
                    imagewire.PermissionDenied,
                    imagewire.NotFound,
                    imagewire.Unavailable,
                    OSError,
                )
                return isinstance(error, everyones)
        return False

    def _elsewhere(self, drawing: "Drawing", prompt: str) -> None:
        """Fail, if a file is not where it was wanted. What is drawn is reported all the same, and goes on."""
        if not drawing.notes:
            return
        failure = Failure(Exit.FAILED, "; ".join(drawing.notes))
        self.failure = self.failure or failure
        if self._as_json:
            report_failure(failure, as_json=True, about=prompt if self._several else "")

    def _give_up(self) -> None:
        """Start no further call."""
        given_up = sum(call.cancel() for call in self._unreported if not call.cancelled())
        if given_up and not self._as_json:
            note(f"{given_up} more not begun")

    def _deliver(self, drawing: "Drawing") -> None:
        """Print the picture, or say where it is."""
        from imagewire.cli import report

        final = drawing.final()
        if self._as_json:
            fields = report.summary(drawing.prompt, drawing.answer, drawing.saved, drawing.media)
            put(json.dumps({**fields, **drawing.timing(), "notes": drawing.notes}))
        if final is None:
            for line in () if self._as_json else report.others(drawing.answer, drawing.media):
                put(line)
            raise report.nothing(drawing.answer)
        file, image = final
        if self._goal.stdout:
            if file is None:
                raise invalid(f"-o -: the picture has no bytes here: it is at {image.uri}")
            try:
                with onto_stdout():
                    file.copy(sys.stdout.buffer)
            except OSError as error:
                drawing.keep_for(error)
                drawings.rescued(drawing.answer.id, drawing.saved)
                for words in drawing.notes:
                    note(words)
                raise
            if drawing.further:
                note(f"{drawing.further} further file(s) not saved: -o - takes one picture")
        else:
            if file is not None and (misnamed := report.misnamed(drawing.saved[0], image)):
                note(misnamed)
            if not self._as_json:
                for words in drawing.notes:
                    note(words)
                if self._screen is not None and file is not None:
                    self._screen.show(drawing.saved[0])
                for line in report.lines(drawing.answer, drawing.saved, drawing.media):
                    put(line)
        if drawing.drafts and not self._as_json:
            note(f"{drawing.drafts} draft(s) not saved")
