"""The variables that a file refers to: those of the process, and those under LiteLLM's `environment_variables`."""

from collections.abc import Iterable, Iterator, Mapping

from imagewire_server.config.notices import Notices
from imagewire_server.config.source import FROM_ENV, Node


class References(Mapping[str, str]):
    """What `os.environ/NAME` stands for. The process's variables come first, as in LiteLLM.

    resolve: whether variables are looked up; if not, each stands for its own reference.
    """

    def __init__(self, environ: Mapping[str, str], *, resolve: bool) -> None:
        self._environ = environ
        self.resolves = resolve
        self.of_file: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name in self._environ:
            return self._environ[name]
        return self.of_file[name] if self.resolves or name in self.of_file else FROM_ENV + name

    def __contains__(self, name: object) -> bool:
        return not self.resolves or name in self._environ or name in self.of_file

    def __iter__(self) -> Iterator[str]:
        return iter({**self.of_file, **self._environ})

    def __len__(self) -> int:
        return len({**self.of_file, **self._environ})

    def add(self, section: Node, notices: Notices) -> None:
        """Read `environment_variables`."""
        for key, value in section.pairs("environment_variables"):
            if value.is_null or value.is_unresolved or (value.reference and value.reference not in self):
                continue  # LiteLLM does not set it
            text = value.text(key.text)
            self.of_file[key.text] = text
            if self._environ.get(key.text, text) != text:
                notices.add(f"{key.where}: {key.text} in the file replaces the environment's {key.text}")

    def tell_unused(self, referred: Iterable[str], others: Iterable[str], notices: Notices) -> None:
        """Add a warning for each of the file's variables that nothing reads. referred: those that the file refers to,
        also where that is not read, which is told on its own. others: those that are read by name.
        """
        used = {*referred, *others}
        for name in self.of_file:
            if name not in used:
                notices.not_used(f"environment_variables.{name}")


class Unneeded(Mapping[str, str]):
    """The same variables, where those that are not set do not matter: each stands for its own reference."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        return self._environ[name] if name in self._environ else FROM_ENV + name

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)
