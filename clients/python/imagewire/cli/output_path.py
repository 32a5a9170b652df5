"""Where pictures go: a named file, a folder in which they are named from their prompts, or stdout."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imagewire.cli.exits import invalid
from imagewire.cli.output import shortened
from imagewire.cli.rescue import check_writable, elsewhere
from imagewire.files import beside, claimed, named_after


@dataclass(frozen=True, slots=True)
class OutputPath:
    """folder: where files are made. file: the named one, if any. overwrite: whether it may exist."""

    folder: Path
    file: Path | None = None
    overwrite: bool = False
    stdout: bool = False

    def name(self, prompt: str, mime_type: str) -> Path:
        """Reserve a name for a picture."""
        if self.stdout:
            folder = next(elsewhere(self.folder))
            return named_after(prompt, mime_type, folder)
        if self.file is None:
            return named_after(prompt, mime_type, self.folder)
        if not self.overwrite:
            # It was free when the command started. A file made since is not overwritten.
            try:
                return claimed(self.file)
            except FileExistsError:
                return beside(self.file, mime_type)
        return self.file


@contextmanager
def output_path(output: str | None, *, several: bool, overwrite: bool, as_json: bool) -> Iterator[OutputPath]:
    """Read -o. Raises InvalidRequest for what is impossible, before anything is drawn."""
    if overwrite and (output in {None, "-"} or is_folder(Path(output))):
        raise invalid("--force is for the file that -o names: name one, or leave it out")
    if output == "-":
        if as_json:
            raise invalid("--json and -o - both want stdout: leave one out")
        if several:
            raise invalid("-o - takes one picture: name a folder for several")
        if sys.stdout.isatty():
            raise invalid("-o - would print a picture's bytes into this terminal: redirect stdout, or name a file")
        with tempfile.TemporaryDirectory(prefix="imagewire-") as folder:
            yield OutputPath(Path(folder), stdout=True)
        return
    path = Path(output or ".")
    if is_folder(path):
        yield OutputPath(writable(path))
        return
    if str(output).endswith(os.sep):
        raise invalid(f"-o {output}: there is no such folder; make it, or name another")
    if several:
        raise invalid(f"-o {path}: is one file for several pictures; name a folder that is there")
    # The target of a link is replaced, so files are made beside the target.
    yield OutputPath(writable(_resolved(path).parent), _free(path, overwrite=overwrite), overwrite)


def is_folder(path: Path) -> bool:
    """Whether -o names a folder that is there. Raises InvalidRequest for what can be no path."""
    try:
        return path.is_dir()
    except OSError as error:
        raise invalid(f"-o {shortened(str(path))}: {error.strerror}; name another") from None


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise invalid(f"-o {path}: is a link that leads nowhere; name another") from None


def _free(path: Path, *, overwrite: bool) -> Path:
    if path.exists() and not path.is_file():
        raise invalid(f"-o {path}: is no file; name one, or use -o - and redirect stdout")
    if os.path.lexists(path) and not overwrite:
        raise invalid(f"-o {path}: is there already; name another file, or add --force to overwrite it")
    return path


def writable(folder: Path) -> Path:
    """The folder. Raises InvalidRequest when no file can be made in it."""
    if not folder.is_dir():
        raise invalid(f"-o: there is no folder {folder}; make it, or name another")
    try:
        check_writable(folder)
    except OSError as error:
        raise invalid(f"-o: no file can be made in {folder}: {error.strerror}; name another folder") from None
    return folder
