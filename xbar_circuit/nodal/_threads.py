"""Threads: ours, each on its own piece, instead of BLAS's on every small product.

The reduction of an array and Newton on a batch are made of thousands of products too small for a
parallel BLAS, whose threads wait for each other at each of them: on a busy machine that costs far
more than it gains. So BLAS is held to one thread meanwhile, and pieces that do not depend on each
other go to as many threads as BLAS would have taken. The environment (``OMP_NUM_THREADS``) and
threadpoolctl rule both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

__all__ = ["crew", "spread", "threads"]

T = TypeVar("T")
R = TypeVar("R")


class _Hold:
    """How many callers hold BLAS to one thread, and what it was set to before."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.holders = 0
        self.before: list[int] = []


_HOLD = _Hold()


@lru_cache(maxsize=1)
def _libraries() -> list[Any]:
    """Return the controllers of the BLAS libraries that are loaded."""
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


@contextmanager
def threads() -> Iterator[int]:
    """Hold BLAS to one thread and yield how many threads to use instead.

    Whoever comes while another holds it gets 1; the last to leave gives BLAS its threads back.
    """
    with _HOLD.lock:
        first = _HOLD.holders == 0
        _HOLD.holders += 1
        if first:
            _HOLD.before = [int(library.get_num_threads() or 1) for library in _libraries()]
            for library, count in zip(_libraries(), _HOLD.before, strict=True):
                if count > 1:
                    library.set_num_threads(1)
        count = max(_HOLD.before, default=1) if first else 1
    try:
        yield count
    finally:
        with _HOLD.lock:
            _HOLD.holders -= 1
            if _HOLD.holders == 0:
                for library, before in zip(_libraries(), _HOLD.before, strict=True):
                    if before > 1:
                        library.set_num_threads(before)


def spread(work: Callable[[T], R], pieces: Sequence[T], count: int) -> list[R]:
    """Return ``[work(piece) for piece in pieces]``, done by `count` threads."""
    with crew(count if len(pieces) > 1 else 1) as share:
        return share(work, pieces)


@contextmanager
def crew(count: int) -> Iterator[Callable[[Callable[[T], R], Sequence[T]], list[R]]]:
    """Yield `spread` for `count` threads that stay, where work is shared out many times."""
    if count <= 1:
        yield lambda work, pieces: [work(piece) for piece in pieces]
        return
    with ThreadPoolExecutor(count) as pool:
        yield lambda work, pieces: list(pool.map(work, pieces))
