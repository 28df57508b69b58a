"""A layer that stays digital: in float32, or in whole numbers of a chosen width.

Whole numbers: activations have one scale for the layer, which the calibration set decides, weights
one for each output; both are rounded to ``bits`` with sign and multiplied exactly, as integer
units do (Jacob et al., CVPR 2018, without their zero points).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit.network.operators import Array

__all__ = ["DigitalLayer"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DigitalLayer:
    """A digital layer; made by `of`.

    Parameters
    ----------
    matrices
        (groups, rows, cols); whole numbers times `weight_scale` where there is a width.
    bits
        Width of activations and weights; None is float32.
    input_scale
        What one step of an activation is worth; 1 for float32.
    weight_scale
        What one step of a weight is worth, (groups, 1, cols); 1 for float32.
    """

    matrices: Array
    bits: int | None
    input_scale: float = 1.0
    weight_scale: Array | float = 1.0

    @classmethod
    def of(cls, matrices: Array, bits: int | None, largest: float) -> DigitalLayer:
        """Return the layer of matrices, for activations of up to some magnitude."""
        if bits is None:
            return cls(matrices=np.asarray(matrices, dtype=np.float32), bits=None)
        highest = 2 ** (bits - 1) - 1
        size = np.abs(matrices).max(axis=1, keepdims=True)
        scale = np.where(size > 0.0, size / highest, 1.0)
        return cls(
            matrices=np.rint(matrices / scale).astype(np.float32),
            bits=bits,
            input_scale=(largest or 1.0) / highest,
            weight_scale=scale.astype(np.float32),
        )

    def encode(self, values: Array) -> Array:
        """Return the activations as whole numbers, in float32; as they are without a width."""
        if self.bits is None:
            return values
        highest = np.float32(2 ** (self.bits - 1) - 1)
        codes = np.rint(values * np.float32(1.0 / self.input_scale))
        return np.asarray(np.clip(codes, -highest, highest, out=codes), dtype=np.float32)

    def products(self, codes: Array) -> Array:
        """Return the products (vectors, groups, cols) of codes (vectors, groups, rows)."""
        kind = np.float32 if self.bits is None else np.float64  # whole numbers stay exact
        found = np.matmul(codes.swapaxes(0, 1).astype(kind), self.matrices.astype(kind))
        worth = self.input_scale * self.weight_scale
        if self.bits is not None:
            found = found * worth
        return np.ascontiguousarray(found.swapaxes(0, 1), dtype=np.float32)
