"""Layers that are the array, with the parameters and names of the torch layers that they replace.

While a layer is trained its weights sit in tiles anew at every step, with noise drawn anew, and
the array, the drivers and the read-outs are those of inference: what comes out is what
`accelerator.AnalogLayer` computes, and the gradient is that of the same product without rounding.
Of a programmed chip a layer only infers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xbar_circuit.accelerator._layer import AnalogLayer, LayerParts, encoded, transfers_of
from xbar_circuit.accelerator._ranges import Calibrator
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.network.execution import Multiplier
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import Convolution, Dense, MatrixOperator
from xbar_circuit.torch._matrix import Realised, TileCut, realise, tiles_of

__all__ = [
    "KINDS",
    "CrossbarConv1d",
    "CrossbarConv2d",
    "CrossbarLayer",
    "CrossbarLinear",
    "LayerTiles",
]


@dataclass(slots=True, kw_only=True, eq=False)
class LayerTiles:
    """What a layer knows of the array that it is.

    Parameters
    ----------
    name
        Of the layer in its network.
    accelerator
        Whose tiles they are.
    adjoint
        As for `differentiable_transfer`.
    rng
        Draws noise while the layer is trained; None draws none.
    layers
        All layers of the network, for scales that they share.
    bits
        Width of a layer that is a digital one of whole numbers; None is one on tiles.
    parts
        Ranges that were fixed; None takes those of each batch.
    multiplier
        Who multiplies of a programmed chip; None is the layer itself.
    """

    name: str
    accelerator: Accelerator
    adjoint: str
    rng: np.random.Generator | None
    layers: list[CrossbarLayer] = field(default_factory=list)
    bits: int | None = None
    parts: LayerParts | None = None
    fixing: bool = False
    multiplier: Multiplier | None = None
    cuts: tuple[TileCut, ...] | None = None

    @property
    def exact(self) -> bool:
        """Whether drivers and read-outs are, so that a product is one with a matrix."""
        a = self.accelerator
        plain = a.driver.exact and a.readout.converter.exact and a.model is None
        return plain and not a.readout.circuits and not a.thermal_noise


class CrossbarLayer(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """What linear and convolutional layers share."""

    tiles: LayerTiles
    weight: Any
    bias: Any

    @classmethod
    def of(cls, layer: Any, tiles: LayerTiles) -> CrossbarLayer:
        """Return a layer with the parameters, hooks and mode of a torch layer."""
        made = cls.__new__(cls)
        made.__dict__.update(layer.__dict__)
        made.__dict__["tiles"] = tiles
        tiles.layers.append(made)
        return made

    def matrices(self) -> Any:
        """Return the weights as (groups, rows, cols)."""
        raise NotImplementedError

    def operator(self) -> MatrixOperator:
        """Return the layer as an operator of a digital network."""
        raise NotImplementedError

    def unfold(self, x: Any) -> Any:
        """Return the vectors (vectors, groups, rows) that inputs are multiplied as."""
        raise NotImplementedError

    def fold(self, products: Any, x: Any) -> Any:
        """Return products (vectors, groups, cols) plus bias in the shape of the layer's outputs."""
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        """Return what the tiles make of the inputs."""
        tiles = self.tiles
        if tiles.multiplier is not None:
            return self._inferred(x, tiles.multiplier)
        if tiles.bits:
            vectors = self.unfold(x)
            return self.fold(torch.einsum("ngr,grc->ngc", vectors, self.matrices()), x)
        held = self.realised()
        own = tiles.accelerator
        if tiles.exact:
            parts = LayerParts(input_scale=1.0, accelerators=(own,) * len(held.held))
            effective = held.effective(parts, adjoint=tiles.adjoint)
            return self.fold(self._product(held, effective, self.unfold(x)), x)
        values = x.detach().cpu().numpy().astype(np.float32)
        operator = self.operator()
        parts, codes, products, transfers = self._by_tiles(held, values, operator)
        driver = parts.accelerators[0].driver
        seen = torch.from_numpy(codes * np.float32(parts.input_scale / driver.highest)).to(x)
        least = parts.input_scale * driver.lowest / driver.highest
        limited = x if driver.exact else x.clamp(least, parts.input_scale)
        effective = held.effective(parts, adjoint=tiles.adjoint, transfers=transfers)
        linear = self._product(held, effective, self.unfold(_Through.apply(limited, seen)))
        return self.fold(_Through.apply(linear, torch.from_numpy(products).to(linear)), x)

    def realised(self) -> Realised:
        """Return the weights on their tiles, with noise if one is drawn."""
        tiles = self.tiles
        matrices = self.matrices()
        if tiles.cuts is None:
            tiles.cuts = tiles_of(tiles.accelerator, tuple(matrices.shape))
        largest = 1.0
        if tiles.accelerator.weight_scale == "global":
            largest = max(float(layer.weight.detach().abs().max()) for layer in tiles.layers)
        return realise(
            tiles.name,
            matrices,
            tiles.accelerator,
            tiles.cuts,
            largest=largest,
            rng=tiles.rng if self.training else None,
        )

    def _by_tiles(self, held: Realised, values: Any, operator: MatrixOperator) -> Any:
        """Return the parts with their ranges, the codes, the products and the transfers."""
        name, own = self.tiles.name, self.tiles.accelerator
        if self.tiles.parts is not None and not self.tiles.fixing:
            parts = self.tiles.parts
            tiles = [a.tile(g) for a, g in zip(parts.accelerators, held.held, strict=True)]
            transfers = transfers_of(tiles)
            codes = encoded(parts.accelerators[0].driver, values, parts.input_scale)
            layer = AnalogLayer(held.plan, parts, held.held, transfers)
            products = layer.products(operator.unfold(codes), stream=self._stream(layer))
            return parts, codes, products, transfers
        node = Node(name=name, operator=operator, inputs=(INPUT,))
        network = Network(nodes=(node,), input_shape=values.shape[1:] or (1,))
        mapping = Mapping(network=network, accelerator=own, layers=(held.plan,))
        finder = Calibrator(mapping, (held.held,))
        codes = finder.encode(name, values)
        products = finder.multiply(name, operator.unfold(codes))
        if self.tiles.fixing:
            self.tiles.parts = finder.parts[name]
        return finder.parts[name], codes, products, finder.transfers[name]

    def _stream(self, layer: AnalogLayer) -> tuple[int, ...] | None:
        """Return what names the random numbers of noisy parts while the layer is trained."""
        if not (layer.noisy and self.training) or self.tiles.rng is None:
            return None
        return (int(self.tiles.rng.integers(2**63)),)

    def _product(self, held: Realised, effective: list[Any], vectors: Any) -> Any:
        """Return the products (vectors, groups, cols) with effective weights."""
        plan = held.plan
        flat = vectors.reshape(len(vectors), -1)
        columns: dict[tuple[int, int], Any] = {}
        for tile, weights in zip(plan.tiles, effective, strict=True):
            part = flat[:, slice(*tile.rows)] @ weights.to(flat)
            before = columns.get(tile.cols)
            columns[tile.cols] = part if before is None else before + part
        whole = torch.cat([columns[cols] for cols in sorted(columns)], dim=1)
        return whole.reshape(len(flat), plan.groups, plan.cols)

    def _inferred(self, x: Any, multiplier: Multiplier) -> Any:
        """Return what a programmed chip makes of the inputs, without a gradient."""
        values = x.detach().cpu().numpy().astype(np.float32)
        operator = self.operator()
        codes = multiplier.encode(self.tiles.name, values)
        products = multiplier.multiply(self.tiles.name, operator.unfold(codes))
        return torch.from_numpy(np.ascontiguousarray(operator.fold(products, values))).to(x)

    def _bias_or_zeros(self) -> Any:
        """Return the bias as an array."""
        if self.bias is not None:
            return self.bias.detach().cpu().numpy()
        return np.zeros(self.weight.shape[0], dtype=np.float32)


class CrossbarLinear(CrossbarLayer, nn.Linear):  # type: ignore[misc]
    """A ``torch.nn.Linear`` that computes on the array."""

    def matrices(self) -> Any:
        """Return the weights as one group (1, inputs, outputs)."""
        return self.weight.T[None]

    def operator(self) -> Dense:
        """Return the dense operator."""
        weight = self.weight.detach().cpu().numpy().T
        return Dense(weight=weight, bias=self._bias_or_zeros())

    def unfold(self, x: Any) -> Any:
        """Return every vector of the last axis."""
        return x.reshape(-1, 1, x.shape[-1])

    def fold(self, products: Any, x: Any) -> Any:
        """Return the outputs in the leading shape of the inputs."""
        result = products[:, 0]
        if self.bias is not None:
            result = result + self.bias
        return result.reshape(*x.shape[:-1], -1)


class _Convolution(CrossbarLayer):
    """What convolutions over one and two axes share."""

    def matrices(self) -> Any:
        """Return the weights as (groups, inputs, outputs)."""
        weight = self.weight
        grouped = weight.reshape(self.groups, weight.shape[0] // self.groups, -1)
        return grouped.transpose(1, 2)

    def operator(self) -> Convolution:
        """Return the operator of a convolution, without its borders."""
        return Convolution(
            weight=self.weight.detach().cpu().numpy(),
            bias=self._bias_or_zeros(),
            stride=tuple(self.stride),
            padding=((0, 0),) * len(self.stride),
            dilation=tuple(self.dilation),
            groups=self.groups,
        )

    def forward(self, x: Any) -> Any:
        """Return what the tiles make of the inputs; one sample needs no batch axis."""
        axes = len(self.stride)
        batched = x if x.ndim == axes + 2 else x[None]
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        around = self._reversed_padding_repeated_twice
        if any(around):
            batched = functional.pad(batched, around, mode=mode)
        found = super().forward(batched)
        return found if x.ndim == axes + 2 else found[0]

    def unfold(self, x: Any) -> Any:
        """Return the patches of all places."""
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
        """Return the feature maps."""
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


class _Through(torch.autograd.Function):  # type: ignore[misc]
    """A value with the gradient of another: rounding passed straight through."""

    @staticmethod
    def forward(ctx: Any, x: Any, value: Any) -> Any:  # noqa: ARG004  of the protocol
        return value

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:  # noqa: ARG004
        return gradient, None
