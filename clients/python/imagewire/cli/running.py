"""Runs calls, a few at a time, each of which makes a Drawing; each is reported at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from imagewire.cli.drawing_report import Calls, DrawingReport
from imagewire.cli.exits import Failure
from imagewire.cli.output import shortened
from imagewire.cli.output_path import OutputPath
from imagewire.cli.progress import Update, board

if TYPE_CHECKING:
    import imagewire
    from imagewire.cli.drawing import Drawing

_AT_ONCE = 4
_Asked = TypeVar("_Asked")


def run(
    client: "imagewire.Client",
    asked: "Sequence[tuple[str, _Asked]]",
    one: "Callable[[str, _Asked, Update], Drawing]",
    goal: OutputPath,
    *,
    previewed: bool,
    as_json: bool,
) -> Failure | None:
    """Run `one` for each label and what belongs to it, and report each. Returns the first failure."""
    several = len(asked) > 1

    def call(label: str, about: _Asked) -> "Drawing":
        with lines.task(shortened(label) if several else "") as progress:
            return one(label, about, progress)

    with board() as lines:
        report = DrawingReport(goal, lines, several=several, as_json=as_json)
        try:
            with _running(client, asked, call) as calls:
                report.take(calls, previewed=previewed and not (as_json or goal.stdout))
        finally:
            report.report_the_rest()
    return report.failure


@contextmanager
def _running(
    client: "imagewire.Client", asked: "Sequence[tuple[str, _Asked]]", call: "Callable[[str, _Asked], Drawing]"
) -> Iterator[Calls]:
    """Run the calls, a few at a time. Leaving before they are done cancels them, up to the server."""
    # In threads, since Ctrl-C interrupts the main thread only, and so never the saving of a picture.
    pool = ThreadPoolExecutor(_AT_ONCE)
    calls: Calls = {pool.submit(call, label, about): label for label, about in asked}
    try:
        yield calls
    finally:
        if not all(each.done() for each in calls):
            for each in calls:
                each.cancel()
            client.close()
        pool.shutdown()
