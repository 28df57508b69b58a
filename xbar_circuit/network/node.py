"""A node of a network: an operator, and where its inputs come from."""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit.network.operators import MatrixOperator, Operator

__all__ = ["INPUT", "Node"]

#: What nodes call the network's own input.
INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator of a network.

    Parameters
    ----------
    name
        Unique within the network.
    operator
        What it computes.
    inputs
        Names of the nodes that it reads, or ``"input"``.
    """

    name: str
    operator: Operator | MatrixOperator
    inputs: tuple[str, ...]
