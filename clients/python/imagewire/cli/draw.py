"""imagewire draw: one call for each prompt, a few at a time. Each picture is saved and reported at once."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Annotated

import typer

import imagewire
from imagewire.cli import preview, shared_options
from imagewire.cli.exits import Failure, failure_of, failures_reported, invalid, report_failure
from imagewire.cli.output import note, onto_stdout, put, shortened
from imagewire.cli.output_path import OutputPath, output_path
from imagewire.cli.progress import Board, board

if TYPE_CHECKING:
    from imagewire.cli.drawing import Drawing
    from imagewire.cli.preview import Screen
    from imagewire.options import Options

_AT_ONCE = 4


def draw(
    prompts: Annotated[list[str], typer.Argument(metavar="PROMPT", help="What to draw; - reads one from stdin.")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="A file, a folder, or - for stdout. Default: here, named from the prompt."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite the file that -o names.")] = False,
    number: Annotated[int, typer.Option("-n", min=1, help="How many of each prompt.")] = 1,
    edit: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A picture to edit: a file or a URI. Repeatable.")
    ] = None,
    model: shared_options.Model = "",
    target: shared_options.Target = None,
    aspect_ratio: shared_options.AspectRatio = "",
    size: shared_options.Size = "",
    seed: shared_options.Seed = None,
    service_tier: shared_options.ServiceTier = "",
    output_uri: shared_options.OutputUri = "",
    timeout: shared_options.Timeout = 600.0,
    no_preview: shared_options.NoPreview = False,
    as_json: shared_options.AsJson = False,
) -> None:
    """Draw each PROMPT, or edit pictures by it."""
    with failures_reported(as_json=as_json):
        # Check everything that can be checked here before anything is drawn and charged.
        words = _words(prompts) * number
        options: Options = {
            "aspect_ratio": aspect_ratio,
            "image_size": size,
            "seed": seed,
            "service_tier": service_tier,
            "output_uri": output_uri,
        }
        shared_options.checked(model, words, options)
        if seed is not None and number > 1:
            raise invalid("--seed and -n exclude each other: one seed gives the same picture again")
        if output_uri and output is not None:
            raise invalid("-o and --output-uri exclude each other: a picture is here, or written there")
        several = len(words) > 1
        with output_path(output, several=several, overwrite=force, as_json=as_json) as goal:
            pictures = [shared_options.picture(source, "--edit") for source in edit or ()]
            with shared_options.client(target) as client, board() as lines:

                def one(prompt: str) -> "Drawing":
                    chat = client.chat.create(model, [imagewire.user(*pictures, prompt)], **options)
                    with lines.task(shortened(prompt) if several else "") as progress:
                        return _drawn(chat, prompt, goal, timeout, progress)

                report = _Report(goal, lines, several=several, as_json=as_json)
                try:
                    with _running(client, one, words) as calls:
                        report.screen = preview.screen(wanted=not (no_preview or as_json or goal.stdout))
                        report.take(calls)
                finally:
                    report.report_the_rest()
    if report.failure is not None:
        raise typer.Exit(report.failure.code)


def _words(prompts: Sequence[str]) -> list[str]:
    if prompts.count("-") > 1:
        raise invalid("PROMPT: stdin can be read once, so - stands once")
    try:
        words = [sys.stdin.read().strip() if prompt == "-" else prompt for prompt in prompts]
    except UnicodeError:
        raise invalid("PROMPT: is no UTF-8; convert it first") from None
    if not all(prompt.strip() for prompt in words):
        raise invalid("PROMPT: is empty; say what to draw")
    return words


def _drawn(
    chat: "imagewire.Chat", prompt: str, goal: OutputPath, timeout: float, progress: Callable[[int], None]
) -> "Drawing":
    """Draw, and save the pictures unless they go to stdout. The caller drops what is not saved."""
    from imagewire.cli.drawing import Drawing

    drawing = Drawing(goal.folder, prompt)
    try:
        for answer, chunk in chat.frames(timeout=timeout):
            drawing.take(answer, chunk)
            progress(drawing.bytes)
        if not goal.stdout:
            drawing.save(lambda mime_type: goal.name(prompt, mime_type))
    except BaseException:
        drawing.drop()
        raise
    return drawing


Calls = dict["Future[Drawing]", str]


@contextmanager
def _running(client: "imagewire.Client", one: "Callable[[str], Drawing]", words: Sequence[str]) -> Iterator[Calls]:
    """Run the calls, a few at a time. Leaving before they are done cancels them, up to the provider."""
    # In threads, since Ctrl-C interrupts the main thread only, and so never the saving of a picture.
    pool = ThreadPoolExecutor(_AT_ONCE)
    calls: Calls = {pool.submit(one, prompt): prompt for prompt in words}
    try:
        yield calls
    finally:
        if not all(call.done() for call in calls):
            for call in calls:
                call.cancel()
            client.close()
        pool.shutdown()


class _Report:
    """Reports each drawing as it ends. failure: the first one."""

    def __init__(self, goal: OutputPath, lines: Board, *, several: bool, as_json: bool) -> None:
        self.failure: Failure | None = None
        self.screen: Screen | None = None
        self._goal, self._lines, self._several, self._as_json = goal, lines, several, as_json
        self._unreported: Calls = {}

    def take(self, calls: Calls) -> None:
        """Wait for all of them."""
        self._unreported = dict(calls)
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
            if call.done() and not call.cancelled() and call.exception() is None:
                self._one(call, prompt)

    def _one(self, call: "Future[Drawing]", prompt: str) -> bool:
        """Report a call that has ended. Returns whether the next call would fail as well."""
        if call.cancelled():
            return False
        with self._lines.paused():
            try:
                with call.result() as drawing:
                    self._deliver(drawing)
            except (imagewire.ImagewireError, OSError) as error:
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
            put(json.dumps({**fields, **drawing.timing()}))
        if final is None:
            for line in () if self._as_json else report.others(drawing.answer, drawing.media):
                put(line)
            raise report.nothing(drawing.answer)
        file, image = final
        if self._goal.stdout:
            if file is None:
                raise invalid(f"-o -: the picture has no bytes here: it is at {image.uri}")
            with onto_stdout():
                file.copy(sys.stdout.buffer)
            if drawing.further:
                note(f"{drawing.further} further file(s) not saved: -o - takes one picture")
        else:
            if file is not None and (misnamed := report.misnamed(drawing.saved[0], image)):
                note(misnamed)
            if not self._as_json:
                if self.screen is not None and file is not None:
                    self.screen.show(drawing.saved[0])
                for line in report.lines(drawing.answer, drawing.saved, drawing.media):
                    put(line)
        if drawing.drafts and not self._as_json:
            note(f"{drawing.drafts} draft(s) not saved")
