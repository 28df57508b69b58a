"""Running a network: one walk over its nodes, independent of what multiplies.

A `Multiplier` computes the matrix products between the digital operators. `DigitalMultiplier` is
NumPy; an accelerator's tiles are another; the one that calibrates converters and the one that
records activations for ngspice are others. None of them needs a second walk.

Samples of a network that stacks are one array; those of any other walk side by side, each digital
operator for each of them, each matrix for all their vectors together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network.node import INPUT, Node, Port
from xbar_circuit.network.operators import Array, MatrixOperator, Operator, RecurrentOperator
from xbar_circuit.network.operators._products import multiply
from xbar_circuit.network.operators.protocol import Prepared

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
    "run",
    "run_feeds",
    "walk",
    "zeros_for",
]

_T = TypeVar("_T")

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
        """Shape of one sample of the first input."""
        ...

    @property
    def inputs(self) -> Sequence[Port]:
        """All inputs."""
        ...

    @property
    def outputs(self) -> Sequence[str]:
        """Names of the values to return."""
        ...

    @property
    def stacks(self) -> bool:
        """Whether samples can be stacked along the first axis."""
        ...

    @property
    def matrix_nodes(self) -> Sequence[tuple[str, MatrixOperator]]:
        """What multiplies by weights, in order."""
        ...

    @property
    def digital(self) -> Multiplier:
        """Who multiplies by default."""
        ...

    @property
    def sample_bytes(self) -> int:
        """Working memory of one sample."""
        ...

    def fed(self, inputs: Array) -> tuple[Graph, Feeds]:
        """Return the array of the one input as samples, and the graph of their sizes."""
        ...


class Multiplier(Protocol):
    """Who multiplies: called once for a matrix node and batch, or for each step of a sequence."""

    def encode(self, name: str, inputs: Array) -> Array:
        """Return what the hardware sees of a layer's input (its input converters)."""
        ...

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        """Return the products (vectors, groups, cols) of encoded (vectors, groups, rows).

        `step` counts the steps of a sequence.
        """
        ...


@runtime_checkable
class Drawing(Multiplier, Protocol):
    """A multiplier that draws random numbers, a stream of its own for each batch."""

    def starting(self, first: int) -> Multiplier:
        """Return the multiplier of the batch that begins with sample `first`."""
        ...


@runtime_checkable
class Preparing(Multiplier, Protocol):
    """A multiplier that must see all vectors of a recurrent layer before the first step."""

    def prepare(self, name: str, vectors: Array) -> None:
        """Look at vectors (vectors, rows) as they would be without any error."""
        ...


@runtime_checkable
class InBlocks(Multiplier, Protocol):
    """A multiplier that can take a node's vectors a block after the other."""

    def block(self, name: str) -> Callable[[Array], Array] | None:
        """Return what multiplies blocks (n, groups, rows) of encoded vectors.

        What it returns holds until its next call. None: all vectors have to come together.
        """
        ...


class DigitalMultiplier:
    """NumPy in float32: the reference."""

    def __init__(self, network: Graph) -> None:
        self._operators = dict(network.matrix_nodes)
        self._matrices: dict[str, Array] = {}
        self._prepared: dict[str, Prepared] = {}

    def encode(self, name: str, inputs: Array) -> Array:  # noqa: ARG002 (the protocol's)
        """Return the input itself."""
        return inputs

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:  # noqa: ARG002
        """Return ``vectors @ matrices``."""
        if name not in self._matrices:
            self._matrices[name] = self._operators[name].matrices
        return multiply(vectors, self._matrices[name])

    def whole(self, name: str, operator: MatrixOperator) -> Prepared | None:
        """Return what computes a node's output, or None where `multiply` is another's."""
        if type(self).multiply is not DigitalMultiplier.multiply:
            return None
        if name not in self._prepared:
            self._prepared[name] = operator.prepared()
        return self._prepared[name]


def apply_digitally(operator: Operator | MatrixOperator | RecurrentOperator, *inputs: Array) -> Any:
    """Return the output of a single operator of any kind, or a tuple of several."""
    if isinstance(operator, MatrixOperator):
        return operator.prepared()(inputs[0])
    if isinstance(operator, RecurrentOperator):
        matrices = {name: dense.matrices[0] for name, dense in operator.layers.items()}
        return operator.unroll(lambda layer, x, _: np.matmul(x, matrices[layer]), *inputs)
    return operator.apply(*inputs)


def walk(
    network: Graph,
    images: Array | Feeds,
    multiplier: Multiplier,
    *,
    seen: Callable[[Node, list[Any], list[Any]], object] | None = None,
) -> dict[str, list[Any]]:
    """Run samples through the network and return its outputs by name.

    Values that no later node reads are dropped on the way.

    Parameters
    ----------
    network
        What to run.
    images
        The inputs, or the array of the one input ``(n, *input_shape)``.
    multiplier
        Who multiplies.
    seen
        Called with every node and its inputs and outputs, of the first sample or of all that are
        stacked.

    Returns
    -------
    dict
        Of each output of the network a list: one array for all samples where they are stacked, else
        one for each.
    """
    feeds = images if isinstance(images, Feeds) else Feeds(arrays={INPUT: images})
    last_use = {name: k for k, node in enumerate(network.nodes) for name in node.inputs}
    last_use |= dict.fromkeys(network.outputs, len(network.nodes))
    values: dict[str, list[Any]] = {
        name: [array] if network.stacks else list(array) for name, array in feeds.arrays.items()
    }
    finished: set[str] = set()  # by the matrix node before them, whose output they overwrite
    for k, node in enumerate(network.nodes):
        if node.name in finished:
            continue
        inputs = [values[name] for name in node.inputs]
        finish = None
        if isinstance(node.operator, MatrixOperator) and seen is None:
            after = network.nodes[k + 1] if k + 1 < len(network.nodes) else node
            overwrite = getattr(after.operator, "overwrite", None)
            if overwrite and after.inputs == (node.name,) and last_use[node.name] == k + 1:
                finish = overwrite
                finished.add(after.name)
        outputs = _visit(node, inputs, multiplier, finish)
        if finish is not None:
            values[after.name] = outputs[0]
            outputs = []
        if seen is not None:
            seen(node, [value[0] for value in inputs], [value[0] for value in outputs])
        found = zip(node.outputs, outputs, strict=finish is None)
        values |= {name: value for name, value in found if last_use.get(name, -1) > k}
        for name in node.inputs:
            if last_use[name] == k:
                values.pop(name, None)
    return {name: values[name] for name in network.outputs}


def _visit(
    node: Node,
    inputs: list[list[Any]],
    multiplier: Multiplier,
    finish: Callable[[Array], Array] | None = None,
) -> list[list[Any]]:
    """Return a node's outputs, each for all samples."""
    operator = node.operator
    if isinstance(operator, MatrixOperator):
        x, sizes = _together(inputs[0], axis=0)
        found = _matrix_output(node.name, operator, x, multiplier, finish)
        return [_apart(found, sizes, axis=0)]
    if isinstance(operator, RecurrentOperator):
        return _visit_recurrent(node, operator, inputs, multiplier)
    several = [operator.apply(*sample) for sample in zip(*inputs, strict=True)]
    if node.more_outputs:
        return [list(one) for one in zip(*several, strict=True)]
    return [several]


def _matrix_output(
    name: str,
    operator: MatrixOperator,
    inputs: Array,
    multiplier: Multiplier,
    finish: Callable[[Array], Array] | None,
) -> Array:
    """Return a matrix node's output, its vectors in blocks where the multiplier can."""
    if isinstance(multiplier, DigitalMultiplier):
        whole = multiplier.whole(name, operator)
        if whole is not None:
            return whole(inputs, finish)
    seen = multiplier.encode(name, inputs)
    product = multiplier.block(name) if isinstance(multiplier, InBlocks) else None
    if product is not None:
        return operator.through(product, seen, finish)
    output = operator.fold(multiplier.multiply(name, operator.unfold(seen)), seen)
    return output if finish is None else finish(output)


def _visit_recurrent(
    node: Node, operator: RecurrentOperator, inputs: list[list[Any]], multiplier: Multiplier
) -> list[list[Any]]:
    """Unroll a recurrent node: all samples are one batch, along the batch's axis."""
    joined = [_together(value, axis=_batch_axis(value[0])) for value in inputs]
    given = [array for array, _ in joined]

    def product(layer: str, vectors: Array, step: int) -> Array:
        name = f"{node.name}.{layer}"
        seen = multiplier.encode(name, vectors)
        products: Array = multiplier.multiply(name, seen[:, None], step=step)[:, 0]
        return products

    if isinstance(multiplier, Preparing):
        matrices = {name: dense.matrices[0] for name, dense in operator.layers.items()}
        kept: dict[str, list[Array]] = {}

        def exact(layer: str, vectors: Array, step: int) -> Array:  # noqa: ARG001
            kept.setdefault(layer, []).append(vectors)
            return np.asarray(np.matmul(vectors, matrices[layer]))

        operator.unroll(exact, *given)
        for layer, vectors in kept.items():
            multiplier.prepare(f"{node.name}.{layer}", np.concatenate(vectors))
    sizes = joined[0][1]
    found = operator.unroll(product, *given)[: len(node.outputs)]
    return [_apart(array, sizes, axis=array.ndim - 2) for array in found]


def _batch_axis(array: Array) -> int:
    """Return the batch's axis of lengths (batch,), or of states and sequences (..., batch, n)."""
    return max(0, array.ndim - 2)


def _together(samples: list[Any], *, axis: int) -> tuple[Any, list[int]]:
    """Join the samples along an axis; return their sizes along it too."""
    if len(samples) == 1:
        return samples[0], []
    return np.concatenate(samples, axis=axis), [sample.shape[axis] for sample in samples]


def _apart(array: Array, sizes: list[int], *, axis: int) -> list[Array]:
    """Undo `_together`."""
    if not sizes:
        return [array]
    return np.split(array, np.cumsum(sizes)[:-1], axis=axis)


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

    def one(start: int) -> list[list[Any]]:
        mine = chosen.starting(start) if isinstance(chosen, Drawing) else chosen
        outputs = walk(network, feeds[start : start + size], mine)
        return [outputs[name] for name in network.outputs]

    parts: list[list[list[Any]]] = []
    with _blas().limit(limits=1):  # our threads, not BLAS's on top of them
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

    >>> import numpy as np
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    return float(np.mean(outputs.reshape(len(outputs), -1).argmax(axis=1) == labels))


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
