"""The limit of open files and connections of this process: as high as allowed."""

import contextlib


def raise_limit() -> None:
    """Raise the soft limit to the hard limit. The usual soft limit, 1024, is for programs that use select()."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows; macOS refuses "unlimited"
        import resource  # noqa: PLC0415

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
