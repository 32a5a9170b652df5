"""One call of `draw` or `get`: its pictures are saved as they come, and noted."""

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import imagewire
from imagewire._grpc.status import MAY_BE_CHARGED, NOTHING_CHARGED
from imagewire.cli import drawings
from imagewire.cli.drawing import Drawing
from imagewire.cli.output import shortened
from imagewire.cli.output_path import OutputPath
from imagewire.cli.progress import Update
from imagewire.cli.unfinished import Unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable


class Asks(NamedTuple):
    """How each call is made. Times in seconds; cache_ttl: None for the server's setting."""

    timeout: float
    cache_ttl: float | None = None


def drawn(
    chat: "imagewire.Chat", prompt: str, goal: OutputPath, asks: Asks, begun: Unfinished, progress: Update
) -> Drawing:
    """Draw, save the pictures, and note that there is nothing to resume. See `saved`.

    On a server that keeps nothing, it is drawn without a request_id; then nothing can be resumed.
    """

    def ask(request_id: str) -> Drawing:
        growing = chat.frames(timeout=asks.timeout, request_id=request_id, cache_ttl=asks.cache_ttl)
        sent = "" if begun.earlier else request_id
        return saved(growing, prompt, goal, progress, call=begun.request_id, request_id=sent)

    begun.clear()
    try:
        try:
            drawing = ask(begun.request_id)
        except (imagewire.KeepOff, imagewire.StoreUnavailable):
            if begun.earlier:  # it may have been paid for
                raise
            begun.done()
            drawing = ask("")
        begun.done()
    except imagewire.ImagewireError as error:
        if begun.earlier and _tells_nothing(error):
            error.add_note(
                "it stays unfinished: repeat --resume later; without it, the picture is drawn and paid for anew"
            )
        elif not _may_be_resumed(error):
            begun.done()
            if isinstance(error, imagewire.Cancelled):
                error.add_note(f"{shortened(prompt)}: {NOTHING_CHARGED}")
        raise
    finally:
        begun.release()
    drawings.add(prompt, drawing.answer, drawing.files)
    return drawing


def saved(
    growing: "Iterable[tuple[imagewire.Answer, imagewire.Chunk]]",
    prompt: str,
    goal: OutputPath,
    progress: Update,
    *,
    call: str = "",
    request_id: str = "",
) -> Drawing:
    """Take an answer, and save its pictures unless they go to stdout. The caller drops what is not saved.

    call: see PartFile. request_id: what finds the answer if the call fails before anything of it has come.
    """
    drawing = Drawing(goal.folder, prompt, temporary=goal.stdout, call=call)
    try:
        for answer, chunk in growing:
            drawing.take(answer, chunk)
            progress(drawing.received)
        if not goal.stdout:
            drawing.save(lambda mime_type: goal.name(prompt, mime_type))
    except BaseException as error:
        # A picture that came as a whole is paid for, whatever broke off after it.
        with contextlib.suppress(OSError):
            drawing.save(lambda mime_type: goal.name(prompt, mime_type), whole=False)
        for words in (*(f"saved before that: {path}" for path in drawing.saved), *drawing.notes):
            error.add_note(words)
        finishes = "the same command with --resume, or `imagewire get {}`, finishes it"
        if drawing.answer.expires and (_may_be_resumed(error) or isinstance(error, OSError)):
            error.add_note(f"the server keeps it: {finishes.format(drawing.answer.id)}")
        elif request_id and not drawing.answer.id and MAY_BE_CHARGED in str(error):
            error.add_note(f"it may be drawn and charged all the same: {finishes.format(request_id)}")
        drawing.drop()
        raise
    return drawing


def _may_be_resumed(error: BaseException) -> bool:
    """Whether the picture may be drawn, or be drawn still, although the call failed."""
    lost = imagewire.Unavailable | imagewire.DeadlineExceeded | imagewire.Cancelled
    return isinstance(error, lost) and not error.retryable  # else nothing was drawn


def _tells_nothing(error: BaseException) -> bool:
    """Whether the call failed before the server looked for what an earlier call drew."""
    lost = imagewire.Unavailable | imagewire.DeadlineExceeded | imagewire.Cancelled
    refused = imagewire.RateLimited | imagewire.Unauthenticated | imagewire.PermissionDenied | imagewire.KeepOff
    return isinstance(error, lost | refused)
