"""What a network is made of: by type of operator, what tiles take over and what stays digital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit.network._activation_products import activation_macs, multiplies_activations
from xbar_circuit.network.execution import DigitalMultiplier, walk, zeros_for
from xbar_circuit.network.graph import Network, Node
from xbar_circuit.network.importers._onnx_weights import hidden_weights
from xbar_circuit.network.operators import (
    Affine,
    AnyOperator,
    Array,
    Convolution,
    Dense,
    MatMul,
    MatrixOperator,
    Mean,
    OnnxOperator,
    Recurrent,
    RecurrentOperator,
    TransposedConvolution,
)

__all__ = ["Census", "OperatorCount", "take_census"]

_NAMES: Mapping[type, str] = {
    Affine: "scale and shift",
    Convolution: "Conv",
    Dense: "Gemm, MatMul",
    MatMul: "MatMul of activations",
    Mean: "ReduceMean",
    TransposedConvolution: "ConvTranspose",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCount:
    """All operators of one type.

    Parameters
    ----------
    kind
        The type, by ONNX's name where it has one.
    place
        ``"tiles"``, ``"digital"``, ``"reference"`` (digital, by ONNX's reference) or ``"missing"``.
    count
        How many there are in the network.
    weights
        Numbers that tiles hold, or of the constant matrices that the reference multiplies by.
    macs
        Multiply-accumulates for one sample.
    """

    kind: str
    place: str
    count: int
    weights: int = 0
    macs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The operators of a network.

    Parameters
    ----------
    source
        Where the network comes from.
    rows
        By type: those on tiles first, the most work first.
    shapes
        Of the inputs that the work was counted for, by name.
    stacks
        Whether samples run in batches.
    """

    source: str
    rows: tuple[OperatorCount, ...]
    shapes: Mapping[str, tuple[int, ...]]
    stacks: bool

    @property
    def weights(self) -> int:
        """Numbers that tiles hold."""
        return sum(row.weights for row in self.rows if row.place == "tiles")

    @property
    def digital_weights(self) -> Mapping[str, int]:
        """Numbers of constant matrices that no tile takes, by the type of operator they are in."""
        return {row.kind: row.weights for row in self.rows if row.weights and row.place != "tiles"}

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample, products of activations included."""
        return sum(row.macs for row in self.rows)

    @property
    def tile_share(self) -> float:
        """Share of the multiply-accumulates that tiles do; 0 where there are none."""
        on_tiles = sum(row.macs for row in self.rows if row.place == "tiles")
        return on_tiles / self.macs if self.macs else 0.0

    @property
    def missing(self) -> tuple[str, ...]:
        """Types that are unsupported."""
        return tuple(row.kind for row in self.rows if row.place == "missing")

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data.

        Returns
        -------
        dict
            ``network``, ``shapes``, ``weights``, ``macs``, ``tile_share``, ``missing`` and an entry
            of ``operators`` for each type, with its ``share`` of the multiply-accumulates.
        """
        return {
            "network": self.source,
            "shapes": {name: list(shape) for name, shape in self.shapes.items()},
            "batches": self.stacks,
            "weights": self.weights,
            "digital_weights": dict(self.digital_weights),
            "macs": self.macs,
            "tile_share": self.tile_share,
            "missing": list(self.missing),
            "operators": [
                {
                    "operator": row.kind,
                    "place": row.place,
                    "count": row.count,
                    "weights": row.weights,
                    "macs": row.macs,
                    "share": row.macs / self.macs if self.macs else 0.0,
                }
                for row in self.rows
            ],
        }


def take_census(network: Network) -> Census:
    """Count a network's operators, and their work for one sample of zeros."""
    counter = _Counter(network)
    found: dict[tuple[str, str], OperatorCount] = {}

    def seen(node: Node, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        kind, place = _name(node.operator), _place(node.operator)
        names = [node.name]
        if isinstance(node.operator, RecurrentOperator):
            names = [f"{node.name}.{layer}" for layer in node.operator.layers]
        known = found.get((kind, place), OperatorCount(kind=kind, place=place, count=0))
        sizes = [counter.sizes[name] for name in names if name in counter.sizes]
        found[kind, place] = OperatorCount(
            kind=kind,
            place=place,
            count=known.count + 1,
            weights=known.weights + sum(sizes) + _hidden(node.operator),
            macs=known.macs
            + sum(counter.macs.get(name, 0) for name in names)
            + activation_macs(node.operator, inputs, outputs),
        )

    with np.errstate(all="ignore"):
        walk(network, zeros_for(network), counter, seen=seen)
    places = ("tiles", "digital", "reference")
    rows = sorted(found.values(), key=lambda r: (places.index(r.place), -r.macs, -r.count, r.kind))
    return Census(
        source=network.source,
        rows=tuple(rows),
        shapes={port.name: port.shape for port in network.inputs},
        stacks=network.stacks,
    )


def _name(operator: AnyOperator) -> str:
    if isinstance(operator, OnnxOperator | Recurrent):
        plain = not multiplies_activations(operator) or _hidden(operator)
        words = "" if plain else " of activations"
        return operator.kind + words
    return _NAMES.get(type(operator), type(operator).__name__)


def _hidden(operator: AnyOperator) -> int:
    """Return the weights inside an operator that the reference computes."""
    return hidden_weights(operator.model.tobytes()) if isinstance(operator, OnnxOperator) else 0


def _place(operator: AnyOperator) -> str:
    if isinstance(operator, MatrixOperator | RecurrentOperator):
        return "tiles"
    if isinstance(operator, OnnxOperator) and operator.by_reference:
        return "reference"
    return "digital"


class _Counter(DigitalMultiplier):
    """Multiplies, and counts the work of every layer."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.sizes = {name: int(op.matrices.size) for name, op in network.matrix_nodes}
        self.macs: dict[str, int] = {}

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:
        self.macs[name] = self.macs.get(name, 0) + len(vectors) * self.sizes[name]
        return super().multiply(name, vectors, step=step)
