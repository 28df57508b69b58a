"""Running a network: samples in batches through its nodes, within a limit of memory.

Multipliers are in `_multiplier`, the walk over the nodes in `_walk`. All of them share that one
walk: NumPy, an accelerator's tiles, the one that calibrates converters, the one that records
activations for ngspice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network._multiplier import (
    DigitalMultiplier,
    Drawing,
    Graph,
    Multiplier,
    Preparing,
    apply_digitally,
)
from xbar_circuit.network._walk import walk
from xbar_circuit.network.operators import Array

__all__ = [
    "MEMORY_BYTES",
    "DigitalMultiplier",
    "Drawing",
    "Graph",
    "Multiplier",
    "Preparing",
    "accuracy",
    "apply_digitally",
    "batch_size",
    "bytes_of_one",
    "right_answers",
    "run",
    "run_feeds",
    "walk",
    "zeros_for",
]

_T = TypeVar("_T")

#: Default limit on the working memory of a run [byte].
MEMORY_BYTES = 2 * 1024**3


def run(
    network: Graph,
    images: Array,
    multiplier: Multiplier | None = None,
    *,
    memory_bytes: int = MEMORY_BYTES,
    workers: int = 2,
    progress: Callable[[int], object] | None = None,
) -> Array:
    """Run samples through a network with one input and return its first output (n, ...).

    Parameters
    ----------
    network
        What to run.
    images
        (n, ``*input_shape``), normalised as the network was trained.
    multiplier
        Computes the matrix products; NumPy by default.
    memory_bytes
        Limit on the working memory; images stream through in batches that respect it.
    workers
        Threads, each with a batch of its own. The result does not depend on it.
    progress
        Called with the number of images done, batch by batch.

    Returns
    -------
    numpy.ndarray
        First output (n, ...), float32; (n, classes) of logits for a classifier.

    Raises
    ------
    ShapeError
        The images do not fit the network.
    ParameterError
        Not one image fits into the memory.

    >>> from xbar_circuit.network import fashion_mnist_lenet5, fashion_mnist_test
    >>> run(fashion_mnist_lenet5(), fashion_mnist_test().images[:2]).argmax(axis=1)
    array([9, 2])
    """
    network, feeds = network.fed(images)
    found = run_feeds(
        network,
        feeds,
        multiplier,
        memory_bytes=memory_bytes,
        workers=workers,
        progress=progress,
    )
    return found[0]


def run_feeds(
    network: Graph,
    feeds: Feeds,
    multiplier: Multiplier | None = None,
    *,
    memory_bytes: int = MEMORY_BYTES,
    workers: int = 2,
    progress: Callable[[int], object] | None = None,
) -> list[Array]:
    """Run samples through a network and return all its outputs; arguments as for `run`.

    Raises
    ------
    ParameterError
        Not one sample fits into the memory.
    """
    workers = checks.count("workers", workers)
    chosen = multiplier if multiplier is not None else network.digital
    size, workers = 1, workers if len(feeds) > 1 else 1
    if len(feeds) > 1 or network.stacks:
        size = batch_size(network, memory_bytes // workers)
        if size == 0:  # one image at a time, then
            workers, size = 1, batch_size(network, memory_bytes)
    if size == 0:
        raise ParameterError.about(
            "memory_bytes",
            got=f"{memory_bytes:,} for the work",
            expected="room for one image",
            remedy="raise the limit (--memory, or memory_bytes)",
        )

    starting = getattr(chosen, "starting", None)  # of a `Drawing`, without the cost of a protocol

    def one(start: int) -> list[list[Any]]:
        mine = chosen if starting is None else starting(start)
        outputs = walk(network, feeds[start : start + size], mine)
        return [outputs[name] for name in network.outputs]

    parts: list[list[list[Any]]] = []
    with _one_blas_thread():  # our threads, not BLAS's on top of them
        for start, part in zip(
            range(0, len(feeds), size),
            _in_order(one, range(0, len(feeds), size), workers),
            strict=True,
        ):
            parts.append(part)
            if progress is not None:
                progress(min(size, len(feeds) - start))
    found = [[array for part in parts for array in part[k]] for k in range(len(network.outputs))]
    if feeds.whole:
        return [arrays[0] for arrays in found]
    return [np.concatenate(a) if feeds.joined else np.stack(a) for a in found]


def accuracy(outputs: Array, labels: NDArray[np.integer]) -> float:
    """Return the share of samples whose largest output is the label's.

    Parameters
    ----------
    outputs
        (n, classes).
    labels
        (n,) of the right classes.

    Returns
    -------
    float
        The share, from 0 to 1.

    Raises
    ------
    ShapeError
        Not one label for each sample.

    >>> import numpy as np
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    return float(np.mean(right_answers(outputs, labels)))


def right_answers(outputs: Array, labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return of which samples the largest output is the label's (n,); arguments as `accuracy`.

    Raises
    ------
    ShapeError
        Not one label for each sample.
    """
    classes = np.asarray(labels)
    if classes.shape != (len(outputs),):
        raise ShapeError.about(
            "labels",
            got=f"shape {classes.shape} for {len(outputs)} samples",
            expected=f"one class for each sample, ({len(outputs)},)",
            remedy="give the classes of these inputs; labels.ravel() removes axes of size 1",
        )
    return np.asarray(outputs.reshape(len(outputs), -1).argmax(axis=1) == classes)


def batch_size(network: Graph, memory_bytes: int, *, largest: int = 64) -> int:
    """Return how many images at once stay below a limit; small batches stay in the cache too.

    0 where not one does.

    Counts the patches of the hungriest node twice and its products six times (currents of both
    signs, codes, copies), and the inputs and outputs of all matrix nodes once.
    """
    return int(min(memory_bytes // network.sample_bytes, largest))


def bytes_of_one(network: Graph) -> int:
    """Return the working memory of one sample, as `batch_size` counts it."""
    meter = _Meter(network)
    walk(network, zeros_for(network), meter)
    return meter.peak + meter.kept


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    """Return the loaded BLAS libraries: to look for them takes longer than a small network."""
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread, where it has more."""
    if all((library.get_num_threads() or 1) == 1 for library in _blas().lib_controllers):
        yield
        return
    with _blas().limit(limits=1):
        yield


def zeros_for(network: Graph) -> Feeds:
    """Return one sample of zeros for every input."""
    arrays = {p.value: np.zeros((1, *p.shape), dtype=p.kind) for p in network.inputs}
    return Feeds(arrays=arrays, joined=network.stacks)


class _Meter(DigitalMultiplier):
    """Multiplies and measures [byte]."""

    def __init__(self, network: Graph) -> None:
        super().__init__(network)
        self.peak = self.kept = 1

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        products = super().multiply(name, vectors, step=step)
        self.peak = max(self.peak, 2 * vectors.nbytes + 6 * products.nbytes)
        self.kept += vectors.nbytes + products.nbytes
        return products


def _in_order(function: Callable[[int], _T], starts: range, workers: int) -> Iterator[_T]:
    """Map over threads, at most two tasks a thread in flight, results in order."""
    if workers == 1:
        yield from map(function, starts)
        return
    with ThreadPoolExecutor(workers) as pool:
        rest = iter(starts)
        queue = [pool.submit(function, start) for start in islice(rest, 2 * workers)]
        while queue:
            yield queue.pop(0).result()
            queue.extend(pool.submit(function, start) for start in islice(rest, 1))
