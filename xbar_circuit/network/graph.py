"""A trained network: a directed graph of typed operators, as immutable data.

Nodes are in an order in which every input comes before its use; ``"input"`` is the first input.
What a network computes is defined in `execution`; which of its nodes an accelerator takes over, by
`xbar_circuit.accelerator.mapping`.

Most networks stack: of n samples along the first axis of every input they make n results. Others
(a batch at another axis, a state, a sequence as the first axis) take one sample at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Protocol

from numpy.typing import NDArray

from xbar_circuit._brief import brief
from xbar_circuit.errors import ParameterError
from xbar_circuit.network._feeds import Feeds, feeds_of
from xbar_circuit.network._plan import Step, plan
from xbar_circuit.network.execution import (
    MEMORY_BYTES,
    DigitalMultiplier,
    bytes_of_one,
    run_feeds,
)
from xbar_circuit.network.node import INPUT, Node, Port
from xbar_circuit.network.operators import Array, MatrixOperator, RecurrentOperator

__all__ = ["INPUT", "Network", "Node", "Origin", "Port"]


class Origin(Protocol):
    """Where a network comes from, which makes the same one for other sizes of its inputs."""

    def network(self, shapes: Mapping[str, tuple[int, ...]]) -> Network | None:
        """Return the network for inputs of whole shapes.

        Parameters
        ----------
        shapes
            Of every input by its name, the batch included.

        Returns
        -------
        Network or None
            None where the source declares other shapes.
        """
        ...


@brief(
    lambda self: (
        f"{self.source or 'network'}: {len(self.nodes)} nodes,"
        f" {self.weight_count:,} weights, input {' x '.join(map(str, self.input_shape))}"
    ),
    picture=lambda self: max(
        (node.matrices[0] for _, node in self.matrix_nodes),
        key=lambda matrix: matrix.size,
        default=None,
    ),
)
@dataclass(frozen=True, kw_only=True)
class Network:
    """A network.

    Parameters
    ----------
    nodes
        In an order in which every input comes before its use.
    input_shape
        Shape of one sample of the first input: (channels, height, width), (channels, length) or
        (features,).
    source
        Where the network comes from, for reports.
    input_name
        What the file that it comes from calls its first input.
    input_kind
        Name of the NumPy type of its numbers.
    more_inputs
        The second input and those after it.
    outputs
        Names of the values to return; the last node's unless said.
    stacks
        Whether samples can be stacked along the first axis of every input; then shapes are without
        that axis.
    origin
        Makes the network for other sizes, where its inputs leave them open.

    Raises
    ------
    ParameterError
        No nodes, a name twice, or an input that does not come before its use.
    """

    nodes: tuple[Node, ...]
    input_shape: tuple[int, ...]
    source: str = ""
    input_name: str = INPUT
    input_kind: str = "float32"
    more_inputs: tuple[Port, ...] = ()
    outputs: tuple[str, ...] = ()
    stacks: bool = True
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        known = {INPUT, *(port.value for port in self.more_inputs)}
        if not self.nodes or min(self.input_shape, default=1) < 1:
            raise ParameterError.about(
                "nodes, input_shape",
                got=f"{len(self.nodes)} nodes, input shape {self.input_shape}",
                expected="at least one node and an input with at least one number",
                remedy="give the whole network",
            )
        for node in self.nodes:
            missing = set(node.inputs) - known
            if known.intersection(node.outputs) or missing or not node.inputs:
                raise ParameterError.about(
                    f"nodes[{node.name!r}]",
                    got=f"inputs {node.inputs}, unknown so far: {sorted(missing)}",
                    expected="a new name, and inputs that come before it",
                    remedy="sort the nodes and name each once",
                )
            known.update(node.outputs)
        if not self.outputs:
            object.__setattr__(self, "outputs", (self.nodes[-1].name,))
        unknown = sorted(set(self.outputs) - known)
        if unknown:
            raise ParameterError.about(
                "outputs",
                got=f"{unknown}",
                expected="names of values that the nodes compute",
                remedy="correct the names",
            )

    @property
    def inputs(self) -> tuple[Port, ...]:
        """All inputs, the first one first."""
        first = Port(
            name=self.input_name, value=INPUT, shape=self.input_shape, kind=self.input_kind
        )
        return (first, *self.more_inputs)

    @cached_property
    def matrix_nodes(self) -> tuple[tuple[str, MatrixOperator], ...]:
        """What multiplies by weights, in order: the nodes, and the layers of recurrent ones.

        A recurrent node ``lstm`` has layers ``lstm.input`` and ``lstm.recurrent``.
        """
        found: list[tuple[str, MatrixOperator]] = []
        for node in self.nodes:
            if isinstance(node.operator, MatrixOperator):
                found.append((node.name, node.operator))
            elif isinstance(node.operator, RecurrentOperator):
                layers = node.operator.layers.items()
                found.extend((f"{node.name}.{layer}", dense) for layer, dense in layers)
        return tuple(found)

    @cached_property
    def digital(self) -> DigitalMultiplier:
        """Multiplies in NumPy; what it prepares is kept for later runs."""
        return DigitalMultiplier(self)

    @cached_property
    def plan(self) -> tuple[Step, ...]:
        """The steps in which its nodes are computed."""
        return plan(self.nodes, self.outputs)

    @cached_property
    def sample_bytes(self) -> int:
        """Working memory of one sample [byte]."""
        return bytes_of_one(self)

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what can be made again."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def weight_count(self) -> int:
        """Number of weights that need devices (without biases)."""
        return sum(operator.matrices.size for _, operator in self.matrix_nodes)

    def run(
        self,
        inputs: Mapping[str, NDArray[Any]] | NDArray[Any],
        *,
        memory_bytes: int = MEMORY_BYTES,
        workers: int = 2,
    ) -> list[Array]:
        """Compute the outputs in NumPy, float32.

        Parameters
        ----------
        inputs
            By their name, as in the file: (n, ...) each for a network that stacks samples, else as
            the file declares them; or the one array of a network with one input.
        memory_bytes, workers
            As for `execution.run`.

        Returns
        -------
        list of arrays
            The outputs, in the file's order.

        Raises
        ------
        ParameterError
            Other names than those of the inputs, or the memory does not hold one sample.
        ShapeError
            An array does not fit the network.

        >>> from xbar_circuit.network.operators import Dense
        >>> dense = Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
        >>> node = Node(name="dense", operator=dense, inputs=("input",))
        >>> network = Network(nodes=(node,), input_shape=(2,))
        >>> network.run({"input": [[1.0, 0.5]]})[0].tolist()
        [[1.125, 0.0]]
        """
        network, feeds = self.fed(inputs)
        return run_feeds(network, feeds, memory_bytes=memory_bytes, workers=workers)

    def fed(self, inputs: Mapping[str, NDArray[Any]] | NDArray[Any]) -> tuple[Network, Feeds]:
        """Return the network of the inputs' sizes, and the inputs as samples.

        Parameters
        ----------
        inputs
            By name, or the one array of a network with one input.

        Returns
        -------
        tuple
            The network, made anew where its source leaves sizes open, and the samples by the names
            of their values.

        Raises
        ------
        ParameterError
            Other names than those of the inputs.
        ShapeError
            An array does not fit the network.
        """
        return feeds_of(self, inputs)
