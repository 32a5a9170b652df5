"""Progress on a terminal's stderr: the time while a model thinks, then bytes as they arrive. Nothing on a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Update = Callable[[int], None]


class Board:
    """One line for each running call. It is safe to use from threads."""

    def __init__(self, progress: "Progress | None") -> None:
        self._progress = progress

    @contextmanager
    def task(self, label: str = "") -> Iterator[Update]:
        """A call's line. Yields a function that takes the number of bytes so far."""
        progress = self._progress
        if progress is None:
            yield lambda received: None
            return
        before = f"{label}: " if label else ""
        task = progress.add_task(f"{before}waiting for the model", total=None)

        def update(received: int) -> None:
            if received:
                progress.update(task, description=f"{before}receiving", completed=received)

        try:
            yield update
        finally:
            progress.remove_task(task)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Remove the lines, so that something else can be printed."""
        if self._progress is None:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


@contextmanager
def board() -> Iterator[Board]:
    """Show the lines while calls run. They are removed afterwards."""
    # Not left to rich: with FORCE_COLOR it takes a pipe for a terminal.
    if not sys.stderr.isatty():
        yield Board(None)
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    # Prompts are not markup. rich must not redirect stdout, which is for results.
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with progress:
        yield Board(progress)
