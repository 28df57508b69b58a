"""Operators that move numbers and compute nothing; the batch stays the first axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit.network.operators.matrix import Pads, pad_axes
from xbar_circuit.network.operators.protocol import Array

__all__ = ["Flatten", "Identity", "Pad", "Reshape", "Transpose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Nothing happens (a dropout at inference)."""

    def apply(self, *inputs: Array) -> Array:
        """Return the input itself."""
        return inputs[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten:
    """All axes but the batch become one."""

    def apply(self, *inputs: Array) -> Array:
        """Return (batch, features)."""
        return inputs[0].reshape(len(inputs[0]), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape:
    """A new shape of each sample; one axis may be -1."""

    shape: tuple[int, ...]

    def apply(self, *inputs: Array) -> Array:
        """Return (batch, *shape)."""
        shape = list(self.shape)
        if -1 in shape:
            known = math.prod(size for size in shape if size != -1)
            shape[shape.index(-1)] = math.prod(inputs[0].shape[1:]) // max(known, 1)
        return inputs[0].reshape(len(inputs[0]), *shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transpose:
    """The axes in another order; `order[0]` is 0, the batch."""

    order: tuple[int, ...]

    def apply(self, *inputs: Array) -> Array:
        """Return the transposed array."""
        return np.ascontiguousarray(inputs[0].transpose(self.order))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """A constant border; one (before, after) pair for every axis but the batch."""

    padding: Pads
    value: float = 0.0

    def apply(self, *inputs: Array) -> Array:
        """Return the padded array."""
        return pad_axes(inputs[0], ((0, 0), *self.padding), self.value)
