"""Serves with several workers: the process that reads the configuration for them, and watches them."""

import asyncio
import gc
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from imagewire_server.config.callers import check_counting
from imagewire_server.config.file_content import content
from imagewire_server.config.keys import check_kept
from imagewire_server.config.load import Config
from imagewire_server.config.show import check_serves
from imagewire_server.config.transport_security import files
from imagewire_server.core.access.tokens import opened as opened_tokens
from imagewire_server.core.tls import Certificate
from imagewire_server.process.supervisor import Workers, reserve
from imagewire_server.providers.registry import provider_configs

_log = structlog.get_logger("imagewire")


async def watch(given: Config, number: int, path: Path | None, text: bytes, read: Callable[[bytes], Config]) -> int:
    """Run workers with a configuration, which was read from `text`; return the exit code."""

    def tell(config: Config) -> None:
        for words in config.warnings:
            _log.warning(words)

    check_serves(given, provider_configs())
    check_counting(given, number)
    tell(given)
    if (tls := files(given.settings)) is not None:
        await asyncio.to_thread(Certificate, tls)  # else each worker would say what is wrong
    async with opened_tokens(given.issuers):
        pass  # the same
    gc.enable()
    grpc = reserve(given.settings.grpc)
    rest = None if given.settings.rest == "off" else reserve(given.settings.rest)
    admin = None if given.settings.admin == "off" else reserve(given.settings.admin)
    served = ["--grpc", grpc.address, *(["--rest", rest.address] if rest else ["--no-rest"]), "--workers", str(number)]
    served += ["--admin", admin.address if admin else "off", *([] if given.settings.ui else ["--no-ui"])]
    # Workers read the file and the environment, but not the flags of this process.
    for name, value in {**(tls.by_setting if tls else {}), "plaintext": given.settings.plaintext}.items():
        served += [f"--{name.replace('_', '-')}", value]
    arguments = [] if path is None else ["--config", str(path)]
    command = [sys.executable, "-m", "imagewire_server", "serve", *arguments, *served]
    latest = given

    def reread() -> bytes:
        nonlocal latest
        new = b"" if path is None else content(path)
        made = read(new)
        check_serves(made, provider_configs())
        check_kept(latest, made)
        check_counting(made, number)
        tell(made)
        latest = made
        return new

    try:
        told = {name: each.address for name, each in (("rest", rest), ("admin", admin)) if each}
        names = list(dict.fromkeys(deployment.name for deployment in given.deployments))
        settings = given.settings
        workers = Workers(
            command,
            number,
            len(given.deployments) + len(given.callers),
            text=text,
            reread=reread,
            drain_delay=settings.drain_delay,
            drain_grace=settings.drain_grace,
        )
        return await workers.run(grpc=grpc.address, **told, models=names)
    finally:
        for reserved in (grpc, rest, admin):
            if reserved is not None:
                reserved.held.close()
