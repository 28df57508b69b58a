"""Activations: elementwise, digital, and the softmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit

from xbar_circuit.network.operators.protocol import Array

__all__ = [
    "Clip",
    "Erf",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "LogSoftmax",
    "Prelu",
    "Relu",
    "Sigmoid",
    "Softmax",
    "Tanh",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relu:
    """``max(x, 0)``."""

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``max(x, 0)``.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.

        >>> Relu().apply(np.array([-1.0, 2.0], dtype=np.float32)).tolist()
        [0.0, 2.0]
        """
        return np.maximum(inputs[0], np.float32(0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakyRelu:
    """``x`` where positive, else ``slope * x``."""

    slope: float

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``x`` where positive, else ``slope * x``.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.
        """
        return np.where(inputs[0] < 0.0, np.float32(self.slope) * inputs[0], inputs[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prelu:
    """``x`` where positive, else ``slope * x``; the slope broadcasts to one sample's shape."""

    slope: Array

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``x`` where positive, else ``slope * x``.

        Parameters
        ----------
        inputs
            One array (batch, ...), to whose shape the slope broadcasts.

        Returns
        -------
        array
            Of the same shape.
        """
        return np.where(inputs[0] < 0.0, self.slope * inputs[0], inputs[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """``min(max(x, low), high)``."""

    low: float
    high: float

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``min(max(x, low), high)``.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.
        """
        result: Array = np.clip(inputs[0], np.float32(self.low), np.float32(self.high))
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class HardSigmoid:
    """``min(max(slope * x + offset, 0), 1)``."""

    slope: float = 0.2
    offset: float = 0.5

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``min(max(slope * x + offset, 0), 1)``.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.
        """
        line = np.float32(self.slope) * inputs[0]
        line += np.float32(self.offset)
        result: Array = np.clip(line, np.float32(0.0), np.float32(1.0), out=line)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class HardSwish:
    """``x * HardSigmoid(x)`` with slope 1/6 and offset 1/2."""

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``x * HardSigmoid(x)``.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.
        """
        share = HardSigmoid(slope=1.0 / 6.0).apply(inputs[0])
        return np.multiply(inputs[0], share, out=share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sigmoid:
    """``1 / (1 + exp(-x))``, without overflow, exact also where it is nearly 0."""

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``1 / (1 + exp(-x))``.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.
        """
        return np.asarray(expit(inputs[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tanh:
    """``tanh(x)``."""

    def apply(self, *inputs: Array) -> Array:
        """Return the activation, ``tanh(x)``.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.
        """
        return np.tanh(inputs[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Erf:
    """The error function, of which a GELU is made."""

    def apply(self, *inputs: Array) -> Array:
        """Return the error function.

        Parameters
        ----------
        inputs
            One array of any shape.

        Returns
        -------
        array
            Of the same shape.
        """
        return np.asarray(erf(inputs[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """``exp(x) / sum(exp(x))`` along one axis, or over several together."""

    axis: int | tuple[int, ...] = -1

    def apply(self, *inputs: Array) -> Array:
        """Return ``exp(x) / sum(exp(x))``, without overflow.

        Parameters
        ----------
        inputs
            One array with that axis, or those axes.

        Returns
        -------
        array
            Of the same shape; sums to 1 along `axis`.
        """
        powers = np.exp(inputs[0] - inputs[0].max(axis=self.axis, keepdims=True))
        result: Array = powers / powers.sum(axis=self.axis, keepdims=True)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSoftmax:
    """``x - log(sum(exp(x)))`` along one axis, or over several together."""

    axis: int | tuple[int, ...] = -1

    def apply(self, *inputs: Array) -> Array:
        """Return ``x - log(sum(exp(x)))``, without overflow.

        Parameters
        ----------
        inputs
            One array with that axis, or those axes.

        Returns
        -------
        array
            Of the same shape: natural logarithms of what a softmax gives.
        """
        shifted = inputs[0] - inputs[0].max(axis=self.axis, keepdims=True)
        result: Array = shifted - np.log(np.exp(shifted).sum(axis=self.axis, keepdims=True))
        return result
