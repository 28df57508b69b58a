"""Multipliers: what a network asks of one, and the digital reference.

A `Multiplier` computes the matrix products between the digital operators. `DigitalMultiplier` is
NumPy; an accelerator's tiles are another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from xbar_circuit.network._feeds import Feeds
from xbar_circuit.network._plan import Step
from xbar_circuit.network.node import Node, Port
from xbar_circuit.network.operators import Array, MatrixOperator, Operator, RecurrentOperator
from xbar_circuit.network.operators._products import multiply
from xbar_circuit.network.operators.protocol import PreparedMatrix

__all__ = [
    "DigitalMultiplier",
    "Drawing",
    "Graph",
    "InBlocks",
    "Multiplier",
    "Preparing",
    "apply_digitally",
]


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
        """The multiplier that is used by default."""
        ...

    @property
    def plan(self) -> Sequence[Step]:
        """The steps in which the nodes are computed."""
        ...

    @property
    def sample_bytes(self) -> int:
        """Working memory of one sample."""
        ...

    def fed(self, inputs: Array) -> tuple[Graph, Feeds]:
        """Return the inputs as samples, and the graph of their sizes.

        Parameters
        ----------
        inputs
            The one array of a graph with one input.

        Returns
        -------
        tuple
            The graph for inputs of this size, and the samples.
        """
        ...


class Multiplier(Protocol):
    """Computes products, once for a matrix node and batch, or for each step of a sequence."""

    def encode(self, name: str, inputs: Array) -> Array:
        """Return what the hardware makes of a layer's input (its input converters).

        Parameters
        ----------
        name
            Of the layer.
        inputs
            Its input (batch, ...).

        Returns
        -------
        array
            Codes of the same shape.
        """
        ...

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        """Return the products of a layer.

        Parameters
        ----------
        name
            Of the layer.
        vectors
            Encoded vectors (vectors, groups, rows).
        step
            Counts the steps of a sequence.

        Returns
        -------
        array
            (vectors, groups, cols), in the units of the network.
        """
        ...


@runtime_checkable
class Drawing(Multiplier, Protocol):
    """A multiplier that draws random numbers, a stream of its own for each batch."""

    def starting(self, first: int) -> Multiplier:
        """Return the multiplier of a batch.

        Parameters
        ----------
        first
            Number of the batch's first sample.

        Returns
        -------
        Multiplier
            Draws the random numbers of that batch.
        """
        ...


@runtime_checkable
class Preparing(Multiplier, Protocol):
    """A multiplier that must see all vectors of a recurrent layer before the first step."""

    def prepare(self, name: str, vectors: Array) -> None:
        """Look at the vectors of a layer as they would be without any error.

        Parameters
        ----------
        name
            Of the layer.
        vectors
            (vectors, rows) of all steps.
        """
        ...


@runtime_checkable
class InBlocks(Multiplier, Protocol):
    """A multiplier that can take a node's vectors a block after the other."""

    def block(self, name: str) -> Callable[[Array], Array] | None:
        """Return what multiplies blocks of a layer's encoded vectors.

        Parameters
        ----------
        name
            Of the layer.

        Returns
        -------
        callable or None
            Takes (n, groups, rows) and returns (n, groups, cols), which holds until its next call.
            None: all vectors have to come together.
        """
        ...


class DigitalMultiplier:
    """NumPy in float32: the reference."""

    def __init__(self, network: Graph) -> None:
        self._operators = dict(network.matrix_nodes)
        self._matrices: dict[str, Array] = {}
        self._prepared: dict[str, PreparedMatrix] = {}

    def encode(self, name: str, inputs: Array) -> Array:  # noqa: ARG002 (the protocol's)
        """Return the input itself.

        Parameters
        ----------
        name
            Of the layer.
        inputs
            Its input (batch, ...).

        Returns
        -------
        array
            `inputs`.
        """
        return inputs

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:  # noqa: ARG002
        """Return ``vectors @ matrices``.

        Parameters
        ----------
        name
            Of the layer.
        vectors
            (vectors, groups, rows).
        step
            Not looked at.

        Returns
        -------
        array
            (vectors, groups, cols), float32.
        """
        if name not in self._matrices:
            self._matrices[name] = self._operators[name].matrices
        return multiply(vectors, self._matrices[name])

    def whole(self, name: str, operator: MatrixOperator) -> PreparedMatrix | None:
        """Return what computes the whole output of a node, without unfolding all of its input.

        Parameters
        ----------
        name
            Of the layer.
        operator
            What the node computes.

        Returns
        -------
        PreparedMatrix or None
            None where a derived class multiplies in its own way.
        """
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
