"""From a layer's weights to what its tiles multiply with, each step differentiable.

weights -> shares of the largest -> conductances of the synapses -> (programming and read noise)
-> transfer matrices of the tiles -> effective weights.

Noise and rounding to levels are passed straight through (Y. Bengio et al., arXiv:1308.3432); the
scale, the division among devices and the array itself have their true derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._layer import LayerParts, transfers_of
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import LayerPlan, TilePlan, cut
from xbar_circuit.torch.transfer import differentiable_transfer

__all__ = ["Realised", "TileCut", "realise", "tiles_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileCut:
    """Which of a layer's weights sit in a tile.

    rows, cols : half-open ranges in the layer's flattened inputs and outputs.
    places : (inputs, outputs) in the flattened matrices, 1 more than the place; 0 is no weight.
    """

    rows: tuple[int, int]
    cols: tuple[int, int]
    places: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Realised:
    """What the tiles of a layer hold.

    Parameters
    ----------
    plan
        As `accelerator.map_network` makes it.
    held
        Conductances of each tile, noise included [S].
    targets
        The wanted ones, tensors [S].
    scales
        Of each output of each tile, tensors (outputs,).
    """

    plan: LayerPlan
    held: tuple[FloatArray, ...]
    targets: tuple[Any, ...]
    scales: tuple[Any, ...]

    def conductances(self) -> list[Any]:
        """Return what is held, as tensors with the gradient of the wanted."""
        return [
            target + (torch.from_numpy(held).to(target) - target).detach()
            for target, held in zip(self.targets, self.held, strict=True)
        ]

    def effective(
        self, parts: LayerParts, *, adjoint: str, transfers: tuple[FloatArray, ...] | None = None
    ) -> list[Any]:
        """Return the weights (inputs, outputs) that each tile multiplies with, float64.

        Parameters
        ----------
        parts
            Drivers and read-outs, whose resistances are the terminals'.
        adjoint
            As for `differentiable_transfer`.
        transfers
            Where they are known already [S].
        """
        tiles = [a.tile(g) for a, g in zip(parts.accelerators, self.held, strict=True)]
        values = transfers_of(tiles) if transfers is None else transfers
        devices = self.conductances()
        alike: dict[object, list[int]] = {}
        for k, tile in enumerate(tiles):
            array = tile.loaded
            alike.setdefault((array.shape, array.wires, array.terminals), []).append(k)
        made: dict[int, Any] = {}
        for places in alike.values():
            array = tiles[places[0]].loaded
            stacked = torch.stack([devices[k] for k in places])
            if array.cell.loads_row:
                stacked = differentiable_transfer(
                    stacked,
                    wires=array.wires,
                    terminals=array.terminals,
                    adjoint=adjoint,
                    known=np.stack([values[k] for k in places]),
                )
            made.update(zip(places, stacked, strict=True))
        synapse = self.plan.accelerator.synapse
        signs = torch.tensor(np.outer(synapse.drive, synapse.significance))
        high, wide = signs.shape
        found = []
        for k in range(len(tiles)):
            blocks = made[k].reshape(made[k].shape[0] // high, high, made[k].shape[1] // wide, wide)
            sums = torch.einsum("irjc,rc->ij", blocks, signs.to(blocks))
            found.append(sums * (self.scales[k] / synapse.siemens_per_weight))
        return found


def tiles_of(accelerator: Accelerator, shape: tuple[int, int, int]) -> tuple[TileCut, ...]:
    """Return how matrices of a shape (groups, rows, cols) are cut into tiles."""
    numbers = 1.0 + np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    return tuple(
        TileCut(rows=rows, cols=cols, places=torch.from_numpy(places.astype(np.int64)))
        for rows, cols, places in cut(accelerator, numbers)
    )


def realise(
    name: str,
    matrices: Any,
    accelerator: Accelerator,
    cuts: tuple[TileCut, ...],
    *,
    largest: float,
    rng: np.random.Generator | None,
) -> Realised:
    """Return a layer's matrices on their tiles.

    Parameters
    ----------
    name
        Of the layer.
    matrices
        Tensor (groups, rows, cols).
    accelerator, cuts
        What holds which of them.
    largest
        Magnitude of the largest weight of all layers, for ``weight_scale="global"``.
    rng
        Draws programming and read noise by the accelerator's statistics; None draws none.
    """
    groups, rows, cols = matrices.shape
    exact = matrices.double()
    flat = torch.cat([exact.new_zeros(1), exact.reshape(-1)])
    whole = exact.abs().amax()
    if accelerator.weight_scale == "global":
        whole = torch.full_like(whole, largest)
    plans, held, targets, scales = [], [], [], []
    for one in cuts:
        weights = flat[one.places.to(flat.device)]
        scale = _scale(accelerator.weight_scale, weights.abs(), whole)
        target = _Conductance.apply(weights / scale, accelerator.synapse)
        wanted = target.detach().cpu().numpy()
        plans.append(
            TilePlan(
                rows=one.rows,
                cols=one.cols,
                weights=weights.detach().cpu().numpy(),
                target=wanted,
                scale=scale.detach().cpu().numpy(),
            )
        )
        statistics = accelerator.statistics
        if statistics is not None and rng is not None:
            wanted = statistics.program(wanted, rng=rng).read(0.0, rng=rng)
        held.append(wanted)
        targets.append(target)
        scales.append(scale)
    plan = LayerPlan(
        name=name, accelerator=accelerator, groups=groups, rows=rows, cols=cols, tiles=tuple(plans)
    )
    return Realised(plan=plan, held=tuple(held), targets=tuple(targets), scales=tuple(scales))


def _scale(kind: str, magnitude: Any, whole: Any) -> Any:
    """Return the weight of each output that becomes the largest conductance (outputs,)."""
    if kind == "column":
        scale = magnitude.amax(dim=0)
    elif kind == "tile":
        scale = magnitude.amax().expand(magnitude.shape[1])
    else:
        scale = whole.expand(magnitude.shape[1])
    return torch.where(scale > 0.0, scale, torch.ones_like(scale))


class _Conductance(torch.autograd.Function):  # type: ignore[misc]  # torch is not typed here
    """Conductances of synapses; a cell of one sign rises with weights of its sign."""

    @staticmethod
    def forward(ctx: Any, weights: Any, synapse: Any) -> Any:
        ctx.save_for_backward(weights)
        ctx.synapse = synapse
        return torch.from_numpy(synapse.conductance(weights.detach().cpu().numpy())).to(weights)

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: Any) -> Any:
        (weights,) = ctx.saved_tensors
        synapse = ctx.synapse
        signs = torch.tensor(np.sign(np.outer(synapse.drive, synapse.significance))).to(gradient)
        high, wide = signs.shape
        inputs, outputs = weights.shape
        blocks = gradient.reshape(inputs, high, outputs, wide)
        rising = torch.einsum("irjc,rc->ij", blocks, torch.clamp(signs, min=0.0))
        falling = torch.einsum("irjc,rc->ij", blocks, torch.clamp(signs, max=0.0))
        span = synapse.g_max_siemens - synapse.g_min_siemens
        return torch.where(weights >= 0.0, rising, falling) * span, None
