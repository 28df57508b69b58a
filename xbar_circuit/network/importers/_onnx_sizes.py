"""How large the tensors of an ONNX file would become, found out before they are made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._loading import PLAIN_BYTES, check_size
from xbar_circuit.network.importers._onnx_node import OnnxNode

__all__ = ["check_growth", "check_padding", "check_sample"]


def check_sample(shape: Sequence[int]) -> None:
    """Refuse a tensor that nobody's memory holds, before it is made.

    Raises
    ------
    ValueError
        In float32 it would be larger than `PLAIN_BYTES`.
    """
    check_size(f"a tensor of shape {tuple(shape)}", 4 * math.prod(shape), PLAIN_BYTES)


def check_growth(kind: str, given: Sequence[NDArray[Any] | None]) -> None:
    """Refuse constants that a few bytes of the file would expand to more than memory holds.

    Raises
    ------
    ValueError
        They would.
    """
    values = [np.ravel(value) for value in given if value is not None]
    if len(values) != len(given):
        return
    if kind in {"ConstantOfShape", "Expand"}:
        check_sample([max(1, int(size)) for size in values[-1]])
    elif kind == "Tile":
        check_size("a tile", values[0].nbytes * math.prod(map(int, values[1])), PLAIN_BYTES)
    elif kind == "Range" and len(values) == 3:
        start, limit, step = (float(value[0]) for value in values)
        check_size("a range", int(8 * abs((limit - start) / step)), PLAIN_BYTES)
    elif kind in {"Pad", "Resize", "Upsample"} and len(values) > 1:
        numbers = [float(number) for value in values[1:] for number in value]
        grown = values[0].nbytes * math.prod(max(1.0, abs(number)) for number in numbers)
        check_size("a grown tensor", int(min(grown, 2.0**62)), PLAIN_BYTES)


def check_padding(node: OnnxNode) -> None:
    """Refuse padding that makes a sample larger than memory.

    Raises
    ------
    ValueError
        It would.
    """
    pads = node.attributes.get("pads") or (
        np.ravel(node.constants[1]).tolist() if node.kind == "Pad" and 1 in node.constants else []
    )
    for sample in node.samples:
        room, half = list(sample.shape), len(pads) // 2
        for axis in range(min(half, len(room))):
            room[-1 - axis] += abs(int(pads[half - 1 - axis])) + abs(int(pads[-1 - axis]))
        check_sample(room)
