"""How many files and connections this process may have open: as many as it may ask for."""

import contextlib


def raise_limit() -> None:
    """Raise the limit to the hard one. The usual soft one, 1024, is for programs that use select()."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows; macOS refuses "unlimited"
        import resource  # noqa: PLC0415

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
