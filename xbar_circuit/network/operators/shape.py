"""Operators that move numbers and compute nothing; the batch stays the first axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.network.operators._weights import Pads, pad_axes
from xbar_circuit.network.operators.protocol import Array

__all__ = [
    "PADDING_MODES",
    "Cast",
    "Constant",
    "Flatten",
    "Identity",
    "Pad",
    "Reshape",
    "Transpose",
]

#: How a border can be filled.
PADDING_MODES = ("constant", "edge", "reflect", "wrap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Nothing happens (a dropout at inference)."""

    def apply(self, *inputs: Array) -> Array:
        """Return the input itself.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            The same array.
        """
        return inputs[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The same numbers in another type; floating point is cut to whole numbers.

    kind : name of the NumPy type.
    """

    kind: str

    def apply(self, *inputs: Array) -> Array:
        """Return the numbers in another type.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape, in the type `kind`.
        """
        with np.errstate(invalid="ignore"):  # NaN and what is out of range become something
            return inputs[0].astype(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constant:
    """A value that does not depend on the input, where a node or an output needs one."""

    value: NDArray[Any]

    def apply(self, *inputs: Array) -> Array:  # noqa: ARG002 (the protocol's)
        """Return the value, whatever comes in.

        Parameters
        ----------
        inputs
            Not looked at.

        Returns
        -------
        array
            `value`.
        """
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten:
    """All axes but the batch become one."""

    def apply(self, *inputs: Array) -> Array:
        """Return each sample as a vector.

        Parameters
        ----------
        inputs
            One array (batch, ...).

        Returns
        -------
        array
            (batch, features).
        """
        return inputs[0].reshape(len(inputs[0]), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape:
    """A new shape of each sample; one axis may be -1."""

    shape: tuple[int, ...]

    def apply(self, *inputs: Array) -> Array:
        """Return each sample in the new shape.

        Parameters
        ----------
        inputs
            One array (batch, ...).

        Returns
        -------
        array
            (batch, ``*shape``), where an axis of -1 takes what is left.
        """
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
        """Return the array with its axes in the new order.

        Parameters
        ----------
        inputs
            One array with as many axes as `order`.

        Returns
        -------
        array
            Its axis k is axis ``order[k]`` of the input; contiguous.
        """
        return np.ascontiguousarray(inputs[0].transpose(self.order))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """A border around each sample.

    Parameters
    ----------
    padding
        One (before, after) pair for every axis but the batch; a negative number cuts off.
    value
        Of a constant border.
    mode
        ``"constant"``, ``"edge"``, ``"reflect"`` or ``"wrap"``, as in ``numpy.pad``.
    """

    padding: Pads
    value: float = 0.0
    mode: str = "constant"

    def __post_init__(self) -> None:
        checks.choice("mode", self.mode, PADDING_MODES)

    def apply(self, *inputs: Array) -> Array:
        """Return the array with its border.

        Parameters
        ----------
        inputs
            One array (batch, ...) with an axis for each pair of `padding`.

        Returns
        -------
        array
            Each axis longer by its pair; shorter where that is negative.
        """
        pairs = ((0, 0), *self.padding)
        cut = tuple(
            slice(max(0, -b), size - max(0, -a))
            for size, (b, a) in zip(inputs[0].shape, pairs, strict=True)
        )
        kept, grown = inputs[0][cut], tuple((max(0, b), max(0, a)) for b, a in pairs)
        if self.mode == "constant":
            return pad_axes(kept, grown, self.value)
        for axis, (size, pair) in enumerate(zip(kept.shape, grown, strict=True)):
            if any(pair):
                kept = np.take(kept, _bordered(size, pair, self.mode), axis=axis)
        return kept


@lru_cache(maxsize=64)
def _bordered(size: int, pair: tuple[int, int], mode: str) -> NDArray[np.intp]:
    """Return which of the numbers along an axis stands where, with the border."""
    return np.pad(np.arange(size), pair, mode=mode)  # type: ignore[call-overload,no-any-return]  # a name
