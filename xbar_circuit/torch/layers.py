"""Layers that are the array, in place of torch's own, with their parameters and names."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn import functional

from xbar_circuit.network.operators import Convolution, Dense
from xbar_circuit.torch.array_layer import CrossbarLayer

__all__ = ["KINDS", "CrossbarConv1d", "CrossbarConv2d", "CrossbarLinear"]


class CrossbarLinear(CrossbarLayer, nn.Linear):  # type: ignore[misc]
    """A ``torch.nn.Linear`` that computes on the array."""

    def matrices(self) -> Any:
        """Return the weights as one matrix.

        Returns
        -------
        torch.Tensor
            (1, inputs, outputs).
        """
        return self.weight.T[None]

    def operator(self) -> Dense:
        """Return the dense operator.

        Returns
        -------
        Dense
            With the present weights and bias, without their gradient.
        """
        weight = self.weight.detach().cpu().numpy().T
        return Dense(weight=weight, bias=self._bias_or_zeros())

    def unfold(self, x: Any) -> Any:
        """Return every vector of the last axis.

        Parameters
        ----------
        x
            (..., inputs).

        Returns
        -------
        torch.Tensor
            (vectors, 1, inputs).
        """
        return x.reshape(-1, 1, x.shape[-1])

    def fold(self, products: Any, x: Any) -> Any:
        """Return the outputs in the leading shape of the inputs.

        Parameters
        ----------
        products
            (vectors, 1, outputs).
        x
            The inputs (..., inputs).

        Returns
        -------
        torch.Tensor
            (..., outputs), with the bias.
        """
        result = products[:, 0]
        if self.bias is not None:
            result = result + self.bias
        return result.reshape(*x.shape[:-1], -1)


class _Convolution(CrossbarLayer):
    """What convolutions over one and two axes share."""

    def matrices(self) -> Any:
        """Return the weights as matrices.

        Returns
        -------
        torch.Tensor
            (groups, in / groups * kernel, out / groups).
        """
        weight = self.weight
        grouped = weight.reshape(self.groups, weight.shape[0] // self.groups, -1)
        return grouped.transpose(1, 2)

    def operator(self) -> Convolution:
        """Return the operator of a convolution, without its borders: `forward` has added them.

        Returns
        -------
        Convolution
            With the present weights and bias, without their gradient.
        """
        return Convolution(
            weight=self.weight.detach().cpu().numpy(),
            bias=self._bias_or_zeros(),
            stride=tuple(self.stride),
            padding=((0, 0),) * len(self.stride),
            dilation=tuple(self.dilation),
            groups=self.groups,
        )

    def forward(self, x: Any) -> Any:
        """Return what the tiles make of the inputs.

        Parameters
        ----------
        x
            (batch, channels, ``*sizes``), or one sample without the batch axis.

        Returns
        -------
        torch.Tensor
            (batch, out_channels, ``*positions``), without the batch axis where `x` has none.
        """
        axes = len(self.stride)
        batched = x if x.ndim == axes + 2 else x[None]
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        around = self._reversed_padding_repeated_twice
        if any(around):
            batched = functional.pad(batched, around, mode=mode)
        found = super().forward(batched)
        return found if x.ndim == axes + 2 else found[0]

    def unfold(self, x: Any) -> Any:
        """Return the patches of all positions.

        Parameters
        ----------
        x
            (batch, channels, ``*sizes``) with borders.

        Returns
        -------
        torch.Tensor
            (batch * positions, groups, in / groups * kernel).
        """
        image = x if x.ndim == 4 else x[:, :, None]
        ones = (1,) * (2 - len(self.stride))
        patches = functional.unfold(
            image,
            (*ones, *self.kernel_size),
            dilation=(*ones, *self.dilation),
            stride=(*ones, *self.stride),
        )
        return patches.transpose(1, 2).reshape(-1, self.groups, patches.shape[1] // self.groups)

    def fold(self, products: Any, x: Any) -> Any:
        """Return the feature maps.

        Parameters
        ----------
        products
            (batch * positions, groups, out / groups).
        x
            The inputs that were unfolded.

        Returns
        -------
        torch.Tensor
            (batch, out_channels, ``*positions``), with the bias.
        """
        sizes = [
            (size - reach * (kernel - 1) - 1) // step + 1
            for size, kernel, reach, step in zip(
                x.shape[2:], self.kernel_size, self.dilation, self.stride, strict=True
            )
        ]
        flat = products.reshape(len(x), *sizes, -1)
        if self.bias is not None:
            flat = flat + self.bias
        return flat.movedim(-1, 1)


class CrossbarConv1d(_Convolution, nn.Conv1d):  # type: ignore[misc]
    """A ``torch.nn.Conv1d`` that computes on the array."""


class CrossbarConv2d(_Convolution, nn.Conv2d):  # type: ignore[misc]
    """A ``torch.nn.Conv2d`` that computes on the array."""


#: What replaces what; classes derived from these are not replaced.
KINDS: dict[type, type[CrossbarLayer]] = {
    nn.Linear: CrossbarLinear,
    nn.Conv1d: CrossbarConv1d,
    nn.Conv2d: CrossbarConv2d,
}
