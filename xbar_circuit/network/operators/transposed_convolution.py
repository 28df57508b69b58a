"""The transposed convolution: every input pixel, times the kernels, is added to the output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ShapeError
from xbar_circuit.network.operators._weights import Pads, freeze_weights, pad_axes
from xbar_circuit.network.operators.protocol import Array, MatrixOperator

__all__ = ["TransposedConvolution"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransposedConvolution(MatrixOperator):
    """A convolution backwards: every input pixel adds its kernel to the output (``ConvTranspose``).

    Parameters
    ----------
    weight
        (in_channels, out_channels / groups, *kernel).
    bias
        (out_channels,).
    stride, dilation
        One step for each spatial axis.
    cut
        Pixels cut off the sum before and after each spatial axis; negative ones are added as zeros.
    groups
        Channel groups.
    """

    weight: Array
    bias: Array
    stride: tuple[int, ...]
    cut: Pads
    dilation: tuple[int, ...]
    groups: int = 1

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        freeze_weights(self, ("weight", "bias"))
        axes = self.weight.ndim - 2
        if (
            axes not in (1, 2, 3)
            or {len(self.stride), len(self.cut), len(self.dilation)} != {axes}
            or min(self.stride + self.dilation + (self.groups,)) < 1
            or self.weight.shape[0] % self.groups
            or self.bias.shape != (self.weight.shape[1] * self.groups,)
        ):
            raise ShapeError.about(
                "weight, bias, stride, cut, dilation, groups",
                got=f"shapes {self.weight.shape} and {self.bias.shape}, stride {self.stride},"
                f" cut {self.cut}, dilation {self.dilation}, groups {self.groups}",
                expected="weight (in, out / groups, *kernel) over one to three axes, one stride,"
                " dilation and pair of cuts per axis, groups that divide the inputs",
                remedy="check the attributes of the node",
            )

    @property
    def matrices(self) -> Array:
        """The weights as (groups, in / groups, out / groups * kernel)."""
        grouped = self.weight.reshape(self.groups, self.weight.shape[0] // self.groups, -1)
        return np.ascontiguousarray(grouped)

    def unfold(self, inputs: Array) -> Array:
        """Return every pixel's channels.

        Parameters
        ----------
        inputs
            (batch, channels, ``*sizes``).

        Returns
        -------
        array
            (batch * positions, groups, in / groups).

        Raises
        ------
        ShapeError
            Other channels or axes.
        """
        axes = len(self.stride)
        if inputs.ndim != axes + 2 or inputs.shape[1] != self.weight.shape[0]:
            raise ShapeError.about(
                "inputs",
                got=f"shape {inputs.shape}",
                expected=f"(batch, {self.weight.shape[0]}, ...) with {axes} spatial axes",
                remedy="check the layer before this convolution",
            )
        last = np.moveaxis(inputs, 1, -1)
        return last.reshape(-1, self.groups, self.weight.shape[0] // self.groups)

    def fold(self, products: Array, inputs: Array) -> Array:
        """Return the feature maps from the products of the pixels.

        Parameters
        ----------
        products
            (batch * positions, groups, out / groups * kernel).
        inputs
            The input that was unfolded.

        Returns
        -------
        array
            (batch, out_channels, ``*positions``).
        """
        kernel = self.weight.shape[2:]
        sizes = inputs.shape[2:]
        axes = len(sizes)
        channels = self.bias.size
        parts = products.reshape(len(inputs), *sizes, channels, *kernel)
        whole = [
            (n - 1) * s + (k - 1) * d + 1
            for n, k, s, d in zip(sizes, kernel, self.stride, self.dilation, strict=True)
        ]
        total = np.zeros((len(inputs), channels, *whole), dtype=np.float32)
        for offset in np.ndindex(*kernel):
            window = tuple(
                slice(o * d, o * d + (n - 1) * s + 1, s)
                for o, d, n, s in zip(offset, self.dilation, sizes, self.stride, strict=True)
            )
            part = parts[(slice(None),) * (axes + 2) + offset]
            total[(slice(None), slice(None), *window)] += np.moveaxis(part, -1, 1)
        kept = tuple(
            slice(max(0, before), size - max(0, after))
            for size, (before, after) in zip(whole, self.cut, strict=True)
        )
        grown = tuple((max(0, -before), max(0, -after)) for before, after in self.cut)
        cut = pad_axes(total[(slice(None), slice(None), *kept)], ((0, 0), (0, 0), *grown), 0.0)
        return np.ascontiguousarray(cut + self.bias.reshape(-1, *(1,) * axes))

    def with_matrices(self, matrices: NDArray[Any]) -> TransposedConvolution:
        """Return the layer with other weights.

        Parameters
        ----------
        matrices
            (groups, in / groups, out / groups * kernel).

        Returns
        -------
        TransposedConvolution
            With the same bias and settings.
        """
        return replace(self, weight=matrices.reshape(self.weight.shape).astype(np.float32))
