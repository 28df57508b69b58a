"""Where branches of a network meet, and what constants do to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit.network.operators._windows import (
    channels_last,
    last_to_second,
    second_to_last,
)
from xbar_circuit.network.operators.protocol import Array

__all__ = ["Add", "Affine", "Concat", "MatMul", "Mul"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """The sum of its inputs, broadcast as in NumPy."""

    def apply(self, *inputs: Array) -> Array:
        """Return ``a + b + ...``.

        Parameters
        ----------
        inputs
            One array or more that broadcast.

        Returns
        -------
        array
            Of the shape that they broadcast to.
        """
        total = inputs[0]
        for other in inputs[1:]:
            total = total + other
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Mul:
    """The product of its inputs, broadcast as in NumPy."""

    def apply(self, *inputs: Array) -> Array:
        """Return ``a * b``.

        Parameters
        ----------
        inputs
            Two arrays that broadcast.

        Returns
        -------
        array
            Of the shape that they broadcast to.
        """
        return inputs[0] * inputs[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine:
    """``x * scale + shift`` with constants: a batch normalisation left over, or a constant operand.

    Parameters
    ----------
    scale, shift
        Broadcast to one sample's shape, without the batch.
    """

    scale: Array
    shift: Array

    def apply(self, *inputs: Array) -> Array:
        """Return ``x * scale + shift``.

        Parameters
        ----------
        inputs
            One array (batch, ...).

        Returns
        -------
        array
            Of the shape that it broadcasts to, float32.
        """
        x, scale, shift = inputs[0], self.scale, self.shift
        found = x if scale.size == 1 and scale.flat[0] == 1.0 else x * scale
        if shift.size > 1 or shift.flat[0] != 0.0:
            own = found is not x and found.dtype == np.float32 and shift.size == 1
            found = np.add(found, shift, out=found if own else None)
        return np.asarray(found, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat:
    """All inputs one after another along one axis."""

    axis: int

    def apply(self, *inputs: Array) -> Array:
        """Return the inputs joined along `axis`.

        Parameters
        ----------
        inputs
            One array or more, equal but for the length of that axis.

        Returns
        -------
        array
            As long along `axis` as all of them together.
        """
        if self.axis == 1 and all(channels_last(one) for one in inputs):
            return last_to_second(np.concatenate([second_to_last(one) for one in inputs], axis=-1))
        return np.concatenate(inputs, axis=self.axis)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatMul:
    """The matrix product of two activations, as in NumPy; it has no weights and stays digital."""

    def apply(self, *inputs: Array) -> Array:
        """Return ``a @ b``.

        Parameters
        ----------
        inputs
            Two arrays (..., n, k) and (..., k, m).

        Returns
        -------
        array
            (..., n, m).
        """
        return np.asarray(np.matmul(inputs[0], inputs[1]))
