"""Who does the work: this process, worker processes of our own, or any executor.

Each of the three hands out calls and yields what comes back, in the order in which it comes back.
A call never raises: `attempt` turns what goes wrong in it into an `ItemFailure`. What can still
break is the worker itself (killed, out of memory, crashed in a library); our own pool then starts
anew and tries the calls that were under way one by one, so that only the one that really kills its
worker is given up.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from threadpoolctl import threadpool_limits

from xbar_circuit._user_modules import recall, remember
from xbar_circuit.errors import XbarError
from xbar_circuit.runs._forms import encode
from xbar_circuit.runs.items import ItemFailure, generator

__all__ = ["Answers", "Attempt", "Call", "attempt", "here", "in_processes", "through"]

_AHEAD = 2  # calls handed to our own pool for each of its workers
_CHANCES = 2  # tries of a call that was under way when a worker died, with no other running


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What travels to a worker: a function, its arguments, and where its randomness starts."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    seed: int
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What travels back: the value in its stored form, or why there is none."""

    form: Any = None
    failure: ItemFailure | None = None
    seconds: float = 0.0


#: (index of the call, what came of it).
Answers = Generator[tuple[int, Attempt], None, None]


def attempt(call: Call) -> Attempt:
    """Make a call, in whatever process this is.

    BLAS gets one thread: the workers share the machine already, and the last bits of a matrix
    product depend on the number of threads.
    """
    begin = time.perf_counter()
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            rng = generator(call.seed, call.stream)
            form = encode(call.function(rng=rng, **call.arguments))
    except Exception as error:  # noqa: BLE001  a study goes on, and lists what failed
        failure = ItemFailure(
            kind=type(error).__name__, message=str(error), trace=traceback.format_exc()
        )
        return Attempt(failure=failure, seconds=time.perf_counter() - begin)
    return Attempt(form=form, seconds=time.perf_counter() - begin)


def here(calls: Sequence[Call]) -> Answers:
    """Make the calls in this process, one after the other."""
    for k, call in enumerate(calls):
        yield k, attempt(call)


def through(executor: Executor, calls: Sequence[Call]) -> Answers:
    """Make the calls through a given executor, which is left open; it schedules them."""
    futures: dict[Future[Attempt], int] = {}
    try:
        for k, call in enumerate(calls):
            try:
                futures[executor.submit(attempt, call)] = k
            except BrokenExecutor as error:
                yield k, Attempt(failure=_failure(error))
        while futures:
            done, _ = wait(futures, return_when=FIRST_COMPLETED)
            for future in done:
                yield futures.pop(future), _collect(future)
    finally:
        for future in futures:
            future.cancel()


def in_processes(workers: int, calls: Sequence[Call]) -> Answers:
    """Make the calls in worker processes of our own.

    Raises
    ------
    XbarError
        No worker process can import the function.
    """
    waiting = list(range(len(calls)))[::-1]
    probed = False
    while waiting:
        suspects = yield from _until_broken(workers, calls, waiting)
        if suspects and not probed:
            _probe(calls[0].function)
            probed = True
        yield from _one_by_one(calls, suspects)


def _one_by_one(calls: Sequence[Call], suspects: list[int]) -> Answers:
    """Make calls one at a time, so that one that kills its worker is known."""
    waiting, deaths = suspects[::-1], Counter[int]()
    while waiting:
        for k in (yield from _until_broken(1, calls, waiting, ahead=1)):
            deaths[k] += 1
            if deaths[k] < _CHANCES:
                waiting.append(k)
            else:
                yield k, Attempt(failure=_KILLED)


def _probe(function: Callable[..., Any]) -> None:
    """Raise if a new worker process cannot even import the function."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        1, mp_context=context, initializer=recall, initargs=(remember(),)
    ) as pool:
        try:
            pool.submit(_accept, function).result()
        except BrokenExecutor as error:
            raise XbarError(
                "worker processes: got none that can import the calling script and the function,"
                " expected both to be importable; put the script's work under"
                " if __name__ == '__main__': and the function into a module, or set workers=1"
            ) from error


def _accept(function: Callable[..., Any]) -> None:
    """Do nothing with a function that has arrived."""


def _until_broken(
    workers: int, calls: Sequence[Call], waiting: list[int], *, ahead: int = _AHEAD
) -> Generator[tuple[int, Attempt], None, list[int]]:
    """Take calls from the end of `waiting`; return those that were lost when a worker died."""
    os.environ["PYTHONSAFEPATH"] = "1"  # a new Python must not look into the current folder first
    context = multiprocessing.get_context("spawn")
    listen, leash = context.Pipe(duplex=False)
    running: dict[Future[Attempt], int] = {}
    lost: list[int] = []
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin_worker, initargs=(listen, remember())
    )
    try:
        while (waiting and not lost) or running:
            while waiting and not lost and len(running) < ahead * workers:
                k = waiting.pop()
                try:
                    running[pool.submit(attempt, calls[k])] = k
                except BrokenExecutor:
                    lost.append(k)
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                k = running.pop(future)
                if isinstance(future.exception(), BrokenExecutor):
                    lost.append(k)
                else:
                    yield k, _collect(future)
    finally:
        if running:  # interrupted: what is under way is not waited for
            leash.close()
        pool.shutdown(wait=True, cancel_futures=True)
        leash.close()
        listen.close()
    return sorted(lost)


def _collect(future: Future[Attempt]) -> Attempt:
    try:
        return future.result()
    except CancelledError as error:
        return Attempt(failure=_failure(error))
    except Exception as error:  # noqa: BLE001  whatever the executor says of a worker that died
        return Attempt(failure=_failure(error))


def _failure(error: BaseException) -> ItemFailure:
    return ItemFailure(kind=type(error).__name__, message=str(error) or "no message")


_KILLED = ItemFailure(
    kind="WorkerDied",
    message=f"its worker process died, {_CHANCES} times with no other call running: killed, out"
    " of memory, or crashed in a library",
)


def _begin_worker(listen: Connection, modules: tuple[list[str], ...]) -> None:
    """Leave Ctrl-C to the parent, and end when it lets go of the leash, however it ends."""
    recall(modules)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow() -> None:
        with suppress(OSError, EOFError):
            listen.recv()
        os._exit(1)

    threading.Thread(target=follow, daemon=True, name="follows-parent").start()
