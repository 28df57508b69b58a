"""Running a network: one walk over its nodes, whoever multiplies.

A `Multiplier` computes the matrix products between the digital operators. `DigitalMultiplier` is
NumPy; an accelerator's tiles are another; the one that calibrates converters and the one that
records activations for ngspice are others. None of them needs a second walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network.node import INPUT, Node
from xbar_circuit.network.operators import Array, MatrixOperator, Operator

__all__ = [
    "MEMORY_BYTES",
    "DigitalMultiplier",
    "Drawing",
    "Graph",
    "Multiplier",
    "accuracy",
    "apply_digitally",
    "batch_size",
    "run",
    "walk",
]

#: Default limit on the working memory of a run [byte].
MEMORY_BYTES = 2 * 1024**3


class Graph(Protocol):
    """What can be run: a `Network`."""

    @property
    def nodes(self) -> Sequence[Node]:
        """In an order in which every input comes before its use."""
        ...

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        ...

    @property
    def matrix_nodes(self) -> Sequence[tuple[str, MatrixOperator]]:
        """The nodes that multiply by weights, in order."""
        ...


class Multiplier(Protocol):
    """Who multiplies: called once for each matrix node and batch of images."""

    def encode(self, name: str, inputs: Array) -> Array:
        """Return what the hardware sees of a node's input (its input converters)."""
        ...

    def multiply(self, name: str, vectors: Array) -> Array:
        """Return the products (vectors, groups, cols) of encoded (vectors, groups, rows)."""
        ...


@runtime_checkable
class Drawing(Multiplier, Protocol):
    """A multiplier that draws random numbers, a stream of its own for each batch."""

    def starting(self, first: int) -> Multiplier:
        """Return the multiplier of the batch that begins with sample `first`."""
        ...


class DigitalMultiplier:
    """NumPy in float32: the reference."""

    def __init__(self, network: Graph) -> None:
        self._matrices = {name: op.matrices for name, op in network.matrix_nodes}

    def encode(self, name: str, inputs: Array) -> Array:  # noqa: ARG002 (the protocol's)
        """Return the input itself."""
        return inputs

    def multiply(self, name: str, vectors: Array) -> Array:
        """Return ``vectors @ matrices``."""
        return _multiply(vectors, self._matrices[name])


def apply_digitally(operator: Operator | MatrixOperator, *inputs: Array) -> Array:
    """Return the output of a single operator of either kind."""
    if isinstance(operator, MatrixOperator):
        products = _multiply(operator.unfold(inputs[0]), operator.matrices)
        return operator.fold(products, inputs[0])
    return operator.apply(*inputs)


def _multiply(vectors: Array, matrices: Array) -> Array:
    """Multiply (vectors, groups, rows) by (groups, rows, cols)."""
    if len(matrices) == 1:
        products: Array = (vectors[:, 0] @ matrices[0])[:, None]
    else:
        products = np.matmul(vectors.swapaxes(0, 1), matrices).swapaxes(0, 1)
    return products


def walk(network: Graph, images: Array, multiplier: Multiplier) -> dict[str, Array]:
    """Run one batch through the network and return the output of the last node, by its name.

    Outputs that no later node reads are dropped on the way.
    """
    last_use = {name: k for k, node in enumerate(network.nodes) for name in node.inputs}
    values = {INPUT: images}
    for k, node in enumerate(network.nodes):
        inputs = [values[name] for name in node.inputs]
        operator = node.operator
        if isinstance(operator, MatrixOperator):
            seen = multiplier.encode(node.name, inputs[0])
            products = multiplier.multiply(node.name, operator.unfold(seen))
            values[node.name] = operator.fold(products, seen)
        else:
            values[node.name] = operator.apply(*inputs)
        for name in node.inputs:
            if last_use[name] == k:
                values.pop(name, None)
    return values


def run(
    network: Graph,
    images: Array,
    multiplier: Multiplier | None = None,
    *,
    memory_bytes: int = MEMORY_BYTES,
    workers: int = 2,
    progress: Callable[[int], object] | None = None,
) -> Array:
    """Run images through a network and return its outputs (n, ...).

    Parameters
    ----------
    network
        What to run.
    images
        (n, *input_shape), normalised as the network was trained.
    multiplier
        Who multiplies; NumPy unless said otherwise.
    memory_bytes
        Limit on the working memory; images stream through in batches that respect it.
    workers
        Threads, each with a batch of its own. The result does not depend on it.
    progress
        Called with the number of images done, batch by batch.

    Raises
    ------
    ShapeError
        The images do not fit the network.
    ParameterError
        Not one image fits into the memory.
    """
    images = np.asarray(images, dtype=np.float32)
    if images.shape[1:] != network.input_shape or len(images) == 0:
        raise ShapeError.about(
            "images",
            got=f"shape {images.shape}",
            expected=f"(n, {', '.join(map(str, network.input_shape))}), n >= 1",
            remedy="reshape the images as the network was trained",
        )
    workers = checks.count("workers", workers)
    chosen = multiplier if multiplier is not None else DigitalMultiplier(network)
    size = batch_size(network, memory_bytes // workers)
    if size == 0:  # one image at a time, then
        workers, size = 1, batch_size(network, memory_bytes)
    if size == 0:
        raise ParameterError.about(
            "memory_bytes",
            got=f"{memory_bytes:,} for the work",
            expected="room for one image",
            remedy="raise the limit",
        )

    def one(start: int) -> Array:
        mine = chosen.starting(start) if isinstance(chosen, Drawing) else chosen
        outputs = walk(network, images[start : start + size], mine)
        return outputs[network.nodes[-1].name]

    parts = []
    with threadpool_limits(limits=1, user_api="blas"):  # our threads, not BLAS's on top of them
        for part in _in_order(one, range(0, len(images), size), workers):
            parts.append(part)
            if progress is not None:
                progress(len(part))
    return np.concatenate(parts)


def accuracy(outputs: Array, labels: NDArray[np.integer]) -> float:
    """Return the share of samples whose largest output is the label's."""
    return float(np.mean(outputs.reshape(len(outputs), -1).argmax(axis=1) == labels))


def batch_size(network: Graph, memory_bytes: int, *, largest: int = 64) -> int:
    """Return how many images at once stay below a limit; small batches stay in the cache too.

    0 where not one does.

    Counts the patches of the hungriest node twice and its products six times (currents of both
    signs, codes, copies), and the inputs and outputs of all matrix nodes once.
    """
    meter = _Meter(network)
    walk(network, np.zeros((1, *network.input_shape), dtype=np.float32), meter)
    return int(min(memory_bytes // (meter.peak + meter.kept), largest))


class _Meter(DigitalMultiplier):
    """Multiplies and measures [byte]."""

    def __init__(self, network: Graph) -> None:
        super().__init__(network)
        self.peak = self.kept = 1

    def multiply(self, name: str, vectors: Array) -> Array:
        products = super().multiply(name, vectors)
        self.peak = max(self.peak, 2 * vectors.nbytes + 6 * products.nbytes)
        self.kept += vectors.nbytes + products.nbytes
        return products


def _in_order(function: Callable[[int], Array], starts: range, workers: int) -> Iterator[Array]:
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
