"""The load generator, a process of its own: a job a line on stdin, its outcome a line on stdout."""

import asyncio
import dataclasses
import itertools
import json
import sys
import time

import uvloop

from bench.job import Caller, Job, Outcome, Timing
from bench.load_http import HttpCaller
from bench.processes import cpu_seconds
from bench.scan import Wrong

_ENOUGH_ERRORS = 20


async def run(job: Job) -> Outcome:
    """Do a job. Raises Wrong where the first answers are wrong already."""
    callers = [_caller(job) for _ in range(job.callers)]
    try:
        if job.warmup:
            await callers[0].check()
            for _ in range(job.warmup):
                await asyncio.gather(*(caller.call() for caller in callers))
        return await _measured(job, callers)
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))


def _caller(job: Job) -> Caller:
    if job.protocol == "http":
        return HttpCaller(job)
    from bench.load_grpc import GrpcCaller  # noqa: PLC0415  # a peer without gRPC needs none of it

    return GrpcCaller(job)


async def _measured(job: Job, callers: list[Caller]) -> Outcome:
    timings: list[Timing] = []
    errors: list[str] = []
    begun_calls = itertools.count()
    before = cpu_seconds(job.pid) if job.pid else {}
    begun = time.perf_counter()

    async def loop(caller: Caller) -> None:
        while len(errors) < _ENOUGH_ERRORS:
            if next(begun_calls) >= job.requests and time.perf_counter() - begun >= job.seconds:
                return
            try:
                timings.append(await caller.call())
            except (Wrong, OSError) as error:
                errors.append(str(error) or type(error).__name__)

    try:
        async with asyncio.timeout(job.limit):
            await asyncio.gather(*(loop(caller) for caller in callers))
        finished = True
    except TimeoutError:
        finished = False
    seconds = time.perf_counter() - begun
    after = cpu_seconds(job.pid) if job.pid else {}
    spent = [seconds - before.get(pid, 0.0) for pid, seconds in after.items()] or [0.0]
    whole = sorted(timing.whole for timing in timings)
    first = sorted(timing.first for timing in timings)
    return Outcome(
        requests=len(timings),
        errors=len(errors),
        error=errors[0] if errors else "",
        seconds=seconds,
        cpu=sum(spent),
        p50=_part(whole, 0.5),
        p99=_part(whole, 0.99),
        first_p50=_part(first, 0.5),
        finished=finished,
    )


def _part(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def main() -> None:
    """The command."""
    for line in sys.stdin:
        try:
            said = dataclasses.asdict(uvloop.run(run(Job(**json.loads(line)))))
        except (Wrong, OSError, ValueError, KeyError) as error:
            said = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
