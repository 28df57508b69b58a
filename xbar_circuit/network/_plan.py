"""In which steps a network's nodes are computed, and which values are dropped after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xbar_circuit.network.node import Node
from xbar_circuit.network.operators import Convolution, MatrixOperator
from xbar_circuit.network.operators._following import Following

__all__ = ["Step", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A node, with those that follow it in the cache.

    Parameters
    ----------
    node
        The node.
    following
        What is done to its output at once; None for nothing.
    outputs
        Names of the values that come out, "" where nobody reads one.
    dropped
        Values that no later step reads.
    """

    node: Node
    following: Following | None
    outputs: tuple[str, ...]
    dropped: tuple[str, ...]


def plan(
    nodes: Sequence[Node], outputs: Sequence[str], *, together: bool = True
) -> tuple[Step, ...]:
    """Return the steps of a network.

    Parameters
    ----------
    nodes
        In an order in which every input comes before its use.
    outputs
        Names of the values to keep.
    together
        Whether what follows a matrix product may be done with it.
    """
    last_use = {name: k for k, node in enumerate(nodes) for name in node.inputs}
    last_use |= dict.fromkeys(outputs, len(nodes))
    steps: list[Step] = []
    k = 0
    while k < len(nodes):
        node = nodes[k]
        chain = _chain(nodes, k, last_use) if together else []
        end = chain[-1] if chain else node
        last = k + len(chain)
        steps.append(
            Step(
                node=node,
                following=Following([one.operator for one in chain]) if chain else None,
                outputs=tuple(n if last_use.get(n, -1) > last else "" for n in end.outputs),
                dropped=tuple({name for name in node.inputs if last_use[name] == k}),
            )
        )
        k = last + 1
    return tuple(steps)


def _chain(nodes: Sequence[Node], k: int, last_use: Mapping[str, int]) -> list[Node]:
    """Return the nodes after a matrix node that can be done with it: each alone reads the last."""
    operator, chain = nodes[k].operator, list[Node]()
    if not isinstance(operator, MatrixOperator):
        return chain
    axes = len(operator.stride) if isinstance(operator, Convolution) else 0
    name = nodes[k].name
    for place, after in enumerate(nodes[k + 1 :], k + 1):
        alone = after.inputs == (name,) and last_use[name] == place
        if not alone or not Following.suits(after.operator, [n.operator for n in chain], axes=axes):
            break
        chain.append(after)
        name = after.name
    return chain
