"""The folder of a local store: which file is where, and which processes use it."""

import contextlib
import fcntl
import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from imagewire_server.core.store.local import secret_file

_SOME = 256 * 1024  # bytes that a disk takes that is not full


class Folder:
    """The paths. The folder is made, for its user alone. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "answers.sqlite"
        self._logs, self._parts, self._objects = path / "logs", path / "parts", path / "objects"
        self._owners = path / "owners"
        self.make()

    def make(self) -> None:
        """Make what of it is missing. Raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self._logs, self._parts, self._objects, self._owners):
            folder.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Make what is missing, and let none of those that share it do so meanwhile. Raises OSError."""
        self.make()
        with (self.path / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.database.exists():
                for end in "-wal", "-shm":  # SQLite would take them for those of the next database
                    self.database.with_name(self.database.name + end).unlink(missing_ok=True)
            yield

    def secret(self, known: bytes = b"") -> bytes:
        """Random bytes, the same for all that use the folder. known: what they were. Raises WrongSecret and OSError."""
        return secret_file.read(self.path / "secret", self.new_part(), known)

    def log(self, completion_id: str) -> Path:
        """The events of a large answer."""
        return self._logs / completion_id

    def part(self, completion_id: str, number: int) -> Path:
        """A file of an answer, while it is not whole."""
        return self._parts / f"{completion_id}.{number}"

    def new_part(self) -> Path:
        """A picture that is uploaded."""
        return self.upload(f"upload-{secrets.token_hex(16)}")

    def upload(self, name: str) -> Path:
        """A picture that is uploaded, by its name."""
        return self._parts / name

    def object(self, sha256: bytes) -> Path:
        """A whole file, by its hash."""
        name = sha256.hex()
        return self._objects / name[:2] / name

    def keep_object(self, part: Path, sha256: bytes) -> None:
        """Make a part an object."""
        target = self.object(sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        part.replace(target)

    def read_object(self, sha256: bytes, offset: int, size: int) -> bytes:
        """Bytes of an object, fewer only at its end."""
        with io.FileIO(self.object(sha256)) as file:
            return os.pread(file.fileno(), size, offset)

    def has_object(self, sha256: bytes) -> bool:
        """Whether an object's file is there, with the bytes that it is named by."""
        try:
            with io.FileIO(self.object(sha256)) as file:
                return hashlib.file_digest(file, "sha256").digest() == sha256
        except FileNotFoundError:
            return False

    def remove(self, completion_id: str) -> None:
        """Remove what an answer has beside its objects."""
        self.log(completion_id).unlink(missing_ok=True)
        # Not by their numbers: some of them are objects by now.
        for part in self._parts.glob(f"{completion_id}.*"):
            part.unlink(missing_ok=True)

    def try_to_write(self) -> None:
        """Raise OSError where the disk takes nothing."""
        file = self.new_part()
        try:
            file.write_bytes(bytes(_SOME))
        finally:
            file.unlink(missing_ok=True)

    def leftovers(self) -> Iterator[tuple[Path, str]]:
        """The logs and parts that there are, each with the name of what it belongs to."""
        for folder in (self._logs, self._parts):
            for file in folder.iterdir():
                yield file, file.name.partition(".")[0]

    def objects(self) -> Iterator[tuple[Path, bytes]]:
        """The objects that there are, each with its hash."""
        for folder in self._objects.iterdir():
            for file in folder.iterdir():
                yield file, bytes.fromhex(file.name)

    def owner(self) -> "Owner":
        """A new owner of answers: this process, as long as it lives."""
        return Owner(self._owners / secrets.token_hex(16))

    def is_alive(self, owner: str) -> bool:
        """Whether an owner's process lives."""
        file = self._owners / owner
        return _is_locked(file, forget=True)

    def forget_owners(self) -> None:
        """Remove the files of owners whose processes ended: without a file an owner does not live either."""
        for file in self._owners.iterdir():
            self.is_alive(file.name)

    def is_read(self, completion_id: str) -> bool:
        """Whether a large answer is still read by who had it drawn: its log is locked by `hold`."""
        return _is_locked(self.log(completion_id), forget=False)


def hold(log: io.FileIO) -> None:
    """Have `is_read` be true until the log is closed, by whatever end of the process."""
    fcntl.flock(log, fcntl.LOCK_SH)


def _is_locked(file: Path, *, forget: bool) -> bool:
    """Whether a file is locked. forget: remove it otherwise."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if forget:
            file.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class Owner:
    """A lock that its process holds until it ends, in whatever way. name: what others know it by."""

    def __init__(self, file: Path) -> None:
        self.name = file.name
        self._file = file
        while True:
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            # Another process may have found it before it was locked, and removed it.
            if _is_same(self._descriptor, file):
                return
            os.close(self._descriptor)

    @property
    def is_there(self) -> bool:
        """Whether others can see that it lives."""
        return _is_same(self._descriptor, self._file)

    @property
    def is_removed(self) -> bool:
        """Whether its file was removed. Needs no disk: the system has the answer in memory."""
        return os.fstat(self._descriptor).st_nlink == 0

    def end(self) -> None:
        """Give the lock back."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
        os.close(self._descriptor)


def _is_same(descriptor: int, file: Path) -> bool:
    """Whether an open file is still the one of its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False
