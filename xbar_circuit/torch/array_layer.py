"""What all layers on tiles share: how their products and gradients come from the array.

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

from xbar_circuit.accelerator._layer import AnalogLayer, LayerParts, encoded, transfers_of
from xbar_circuit.accelerator._ranges import Calibrator
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.network.execution import Multiplier
from xbar_circuit.network.graph import INPUT, Network, Node
from xbar_circuit.network.operators import MatrixOperator
from xbar_circuit.torch._matrix import Realised, TileCut, realise, tiles_of

__all__ = ["CrossbarLayer", "LayerTiles"]


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
        Multiplier of a programmed chip; None is the layer itself.
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
        """Return a layer on tiles in place of a torch layer.

        Parameters
        ----------
        layer
            The torch layer.
        tiles
            Of the new layer, which is added to `tiles.layers`.

        Returns
        -------
        CrossbarLayer
            With the same parameters (shared, not copied), hooks and mode.
        """
        made = cls.__new__(cls)
        made.__dict__.update(layer.__dict__)
        made.__dict__["tiles"] = tiles
        tiles.layers.append(made)
        return made

    def matrices(self) -> Any:
        """Return the weights as matrices.

        Returns
        -------
        torch.Tensor
            (groups, rows, cols), with the gradient of the layer's weight.
        """
        raise NotImplementedError

    def operator(self) -> MatrixOperator:
        """Return the layer as an operator of a digital network.

        Returns
        -------
        MatrixOperator
            With the present weights and bias, without their gradient.
        """
        raise NotImplementedError

    def unfold(self, x: Any) -> Any:
        """Return the vectors that are multiplied by the matrices.

        Parameters
        ----------
        x
            Inputs of the layer, with a batch axis.

        Returns
        -------
        torch.Tensor
            (vectors, groups, rows).
        """
        raise NotImplementedError

    def fold(self, products: Any, x: Any) -> Any:
        """Return the outputs of the layer from its products.

        Parameters
        ----------
        products
            (vectors, groups, cols).
        x
            The inputs that were unfolded.

        Returns
        -------
        torch.Tensor
            Products plus bias, in the shape of the layer's outputs.
        """
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        """Return what the tiles make of the inputs.

        Parameters
        ----------
        x
            As the torch layer takes them.

        Returns
        -------
        torch.Tensor
            The outputs of the torch layer, with the gradient of the same product without rounding;
            of a programmed chip, without a gradient.
        """
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
        """Return the weights on their tiles.

        Returns
        -------
        Realised
            Conductances of every tile [S], with noise while the layer is trained, if one is drawn.
        """
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


class _Through(torch.autograd.Function):  # type: ignore[misc]
    """A value with the gradient of another: rounding passed straight through."""

    @staticmethod
    def forward(ctx: Any, x: Any, value: Any) -> Any:  # noqa: ARG004  of the protocol
        return value

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:  # noqa: ARG004
        return gradient, None
