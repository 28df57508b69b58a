"""What follows a matrix product and can be done while its output is in the cache.

Activations that do not fall, such as a ReLU, and the bias of a channel commute with the largest
value of a window, also after rounding: the pooling goes first, and leaves less to do. Several
activations that cut off are one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from xbar_circuit.network.operators._windows import last_to_second, second_to_last, window_kernels
from xbar_circuit.network.operators.activation import Clip, Relu
from xbar_circuit.network.operators.pooling import MaxPool
from xbar_circuit.network.operators.protocol import AnyOperator, Array

__all__ = ["Following"]


class Following:
    """Operators after a matrix product, each the only reader of what comes before it.

    Parameters
    ----------
    operators
        In their order; at most one pooling.
    """

    def __init__(self, operators: Sequence[AnyOperator] = ()) -> None:
        self._pool = next((one for one in operators if isinstance(one, MaxPool)), None)
        low, high = -math.inf, math.inf
        for one in operators:
            if isinstance(one, Relu | Clip):
                least, most = (0.0, math.inf) if isinstance(one, Relu) else (one.low, one.high)
                low, high = (min(max(end, least), most) for end in (low, high))
        self._low, self._high = np.float32(low), np.float32(high)
        self._cuts = low > -math.inf or high < math.inf

    @staticmethod
    def suits(operator: AnyOperator, before: Sequence[AnyOperator], *, axes: int) -> bool:
        """Return whether an operator can follow those before it.

        Parameters
        ----------
        operator
            The next one.
        before
            Those that follow already.
        axes
            Spatial axes of the product's output, maps (n, channels, *axes); 0 where it is another.
        """
        if isinstance(operator, MaxPool):
            pooled = any(isinstance(one, MaxPool) for one in before)
            return axes == len(operator.kernel) and operator.inside and not pooled
        return isinstance(operator, Relu | Clip)

    def counts(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Return the size along the spatial axes of maps after the pooling."""
        return size if self._pool is None else self._pool.counts(size)

    def whole(self, output: Array) -> Array:
        """Return a whole output, which nobody else needs, after the operators."""
        if self._pool is not None:
            output = self._pool.apply(output)
        return self._cut(output)

    def of_blocks(self, size: tuple[int, ...], bias: Array) -> Callable[[Array, Array], None]:
        """Return what does the operators to blocks of a convolution's products, one after another.

        It takes the products (n, *size, channels), contiguous, and what to fill in (n, *counts,
        channels), both with the channels last.

        Parameters
        ----------
        size
            Of the maps along their spatial axes.
        bias
            (channels,), to add.
        """
        kernels, pool = window_kernels(), self._pool
        low, high = self._low, self._high
        if kernels is None or (pool is not None and len(size) > 2):
            return lambda products, out: self._blocks_plain(products, bias, out)
        if pool is None:
            flat_one = (-1, len(bias))
            return lambda products, out: kernels.finish(
                products.reshape(flat_one), bias, low, high, out.reshape(flat_one)
            )
        flat = len(size) == 1
        steps = [(1, *one) if flat else one for one in (pool.kernel, pool.stride, pool.dilation)]

        def pooled(products: Array, out: Array) -> None:
            if flat:
                products, out = products[:, None], out[:, None]
            kernels.finish_pooled(products, *steps, bias, low, high, out)

        return pooled

    def _blocks_plain(self, products: Array, bias: Array, out: Array) -> None:
        if self._pool is not None:
            products = second_to_last(self._pool.apply(last_to_second(products)))
        np.add(products, bias, out=out)
        self._cut(out)

    def _cut(self, values: Array) -> Array:
        return np.clip(values, self._low, self._high, out=values) if self._cuts else values
