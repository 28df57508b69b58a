"""A node of a network, and the network's inputs: what computes, and where its values come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from xbar_circuit.network.operators import MatrixOperator, Operator, RecurrentOperator

__all__ = ["INPUT", "Node", "Port"]

#: What nodes call the network's own first input.
INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator of a network.

    Parameters
    ----------
    name
        Unique within the network; also that of its first output.
    operator
        What it computes.
    inputs
        Names of the values that it reads, or ``"input"``.
    more_outputs
        Names of the second output and those after it.
    """

    name: str
    operator: Operator | MatrixOperator | RecurrentOperator
    inputs: tuple[str, ...]
    more_outputs: tuple[str, ...] = field(default=())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its values."""
        return (self.name, *self.more_outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input of a network.

    Parameters
    ----------
    name
        As the file calls it.
    value
        As nodes call it.
    shape
        Of one sample: of a network that stacks its samples along axis 0, without that axis.
    kind
        Name of the NumPy type of its numbers.
    """

    name: str
    value: str
    shape: tuple[int, ...]
    kind: str = "float32"
