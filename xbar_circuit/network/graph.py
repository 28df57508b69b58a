"""A trained network: a small directed graph of typed operators, as immutable data.

Nodes stand in an order in which every input comes before its use; ``"input"`` is the image. What a
network computes is told by `execution`; which of its nodes an accelerator takes over, by
`xbar_circuit.accelerator.mapping`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import MEMORY_BYTES, run
from xbar_circuit.network.node import INPUT, Node
from xbar_circuit.network.operators import Array, MatrixOperator

__all__ = ["INPUT", "Network", "Node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network with one input and one output, which is its last node.

    Parameters
    ----------
    nodes
        In an order in which every input comes before its use.
    input_shape
        Shape of one sample: (channels, height, width), (channels, length) or (features,).
    source
        Where the network comes from, for reports.
    input_name
        What the file that it comes from calls its input.

    Raises
    ------
    ParameterError
        No nodes, a name twice, or an input that does not come before its use.
    """

    nodes: tuple[Node, ...]
    input_shape: tuple[int, ...]
    source: str = ""
    input_name: str = INPUT

    def __post_init__(self) -> None:
        known = {INPUT}
        if not self.nodes or min(self.input_shape, default=0) < 1:
            raise ParameterError.about(
                "nodes, input_shape",
                got=f"{len(self.nodes)} nodes, input shape {self.input_shape}",
                expected="at least one node and an input with at least one number",
                remedy="give the whole network",
            )
        for node in self.nodes:
            missing = set(node.inputs) - known
            if node.name in known or missing or not node.inputs:
                raise ParameterError.about(
                    f"nodes[{node.name!r}]",
                    got=f"inputs {node.inputs}, unknown so far: {sorted(missing)}",
                    expected="a new name, and inputs that come before it",
                    remedy="sort the nodes and name each once",
                )
            known.add(node.name)

    @property
    def matrix_nodes(self) -> tuple[tuple[str, MatrixOperator], ...]:
        """The nodes that multiply by weights, in order."""
        return tuple(
            (node.name, node.operator)
            for node in self.nodes
            if isinstance(node.operator, MatrixOperator)
        )

    @property
    def weight_count(self) -> int:
        """Number of weights that need devices (without biases)."""
        return sum(operator.matrices.size for _, operator in self.matrix_nodes)

    def run(
        self,
        inputs: Mapping[str, NDArray[Any]],
        *,
        memory_bytes: int = MEMORY_BYTES,
        workers: int = 2,
    ) -> list[Array]:
        """Compute the outputs in NumPy, float32.

        Parameters
        ----------
        inputs
            By their name, as in the file: (n, *input_shape).
        memory_bytes, workers
            As for `execution.run`.

        Returns
        -------
        list of arrays
            The one output, (n, ...).

        Raises
        ------
        ParameterError
            Other names than that of the input.
        ShapeError
            The array does not fit the network.
        """
        return [run(self, self.only_input(inputs), memory_bytes=memory_bytes, workers=workers)]

    def only_input(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the array of the network's input.

        Raises
        ------
        ParameterError
            Other names than that of the input.
        """
        if set(inputs) != {self.input_name}:
            raise ParameterError.about(
                "inputs",
                got=f"the names {sorted(inputs)}",
                expected=f"one array, of the name {self.input_name!r}",
                remedy="name it as the network's file does",
            )
        return inputs[self.input_name]
