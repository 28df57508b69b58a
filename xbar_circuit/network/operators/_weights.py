"""What operators with weights share: their arrays as they are kept, and borders of zeros."""

from __future__ import annotations

import numpy as np

from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.network.operators.protocol import Array

__all__ = ["Pads", "freeze_weights", "pad_axes"]

#: Numbers before and after each axis.
Pads = tuple[tuple[int, int], ...]


def pad_axes(array: Array, pads: Pads, value: float) -> Array:
    """Pad with a constant, or return the array itself where there is nothing to pad."""
    if not any(before or after for before, after in pads):
        return array
    shape = [size + sum(pair) for size, pair in zip(array.shape, pads, strict=True)]
    padded = np.empty_like(array, shape=shape)  # channels stay last where they are
    padded.fill(value)
    inner = tuple(
        slice(before, before + size) for size, (before, _) in zip(array.shape, pads, strict=True)
    )
    padded[inner] = array
    return padded


def freeze_weights(operator: object, names: tuple[str, ...]) -> None:
    """Copy the weights of a frozen operator to read-only float32."""
    for name in names:
        array = np.array(getattr(operator, name), dtype=np.float32)
        if array.size == 0:
            raise ShapeError.about(
                name,
                got=f"shape {array.shape}",
                expected="at least one number",
                remedy="check the trained weights",
            )
        if not np.isfinite(array).all():
            raise ParameterError.about(
                name,
                got=f"{int((~np.isfinite(array)).sum())} entries that are not finite",
                expected="finite numbers",
                remedy="check the trained weights",
            )
        array.flags.writeable = False
        object.__setattr__(operator, name, array)
