"""The limit of open files and connections of this process: as high as allowed."""

import contextlib

# The most that macOS takes, where its hard limit says "unlimited".
_MACOS = 10240


def raise_limit() -> None:
    """Raise the soft limit to the hard limit. The usual soft limit, 1024, is for programs that use select()."""
    with contextlib.suppress(ImportError):  # not on Windows
        import resource  # noqa: PLC0415

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        for wanted in (hard, max(soft, _MACOS)):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return
