"""Wire-aware programming: conductances whose array, with its wires, realises the wanted matrix.

A device behind long wires gives less current than its conductance promises. Since the transfer
matrix of any conductances is at hand, the conductances can be chosen so that the *transfer* is what
was wanted. The iteration divides out the attenuation that each device sees,
``g <- clip(s * wanted * g / transfer(g))``: a Newton step with the diagonal of the Jacobian, which
dominates as long as one device changes the other devices' share little. Where a conductance would
have to exceed the device's range, the whole tile is scaled down by s and its outputs scaled up
digitally, so that only a chosen share of the devices is clipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from xbar_circuit import checks, nodal
from xbar_circuit.checks import FloatArray
from xbar_circuit.network.mapping import LayerPlan, Mapping, TilePlan

__all__ = ["WireAware", "wire_aware"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAware:
    """What wire-aware programming made of a mapping.

    Parameters
    ----------
    mapping
        With the new targets, and weights per siemens that contain the scale.
    error_before, error_after
        Of each layer, ``||realised - wanted|| / ||wanted||`` of the weights.
    scale
        Of each layer, the smallest s of its tiles; 1 is no loss of signal.
    clipped
        Of each layer, the share of devices at the upper end of their range.
    """

    mapping: Mapping
    error_before: tuple[float, ...]
    error_after: tuple[float, ...]
    scale: tuple[float, ...]
    clipped: tuple[float, ...]


def wire_aware(
    mapping: Mapping,
    *,
    iterations: int = 8,
    clipped_share: float = 1e-3,
    progress: Callable[[int], object] | None = None,
) -> WireAware:
    """Choose conductances for the array with its wires.

    Parameters
    ----------
    mapping
        A mapped network; its weights are what is wanted.
    iterations
        Steps; each costs one reduction of every tile.
    clipped_share
        Share of each tile's devices that may stay clipped rather than scale the tile down.
    progress
        Called with 1 after each tile.

    Notes
    -----
    With analog accumulation all tiles of a layer must share their scale; it is then 1, and what
    does not fit is clipped.
    """
    steps = checks.count("iterations", iterations)
    share = checks.number("clipped_share", clipped_share, "1", maximum=1.0)
    found = []
    with threadpool_limits(limits=1, user_api="blas"):
        for plan in mapping.layers:
            tiles = []
            for tile in plan.tiles:
                tiles.append(_tile(mapping, tile, steps, share))
                if progress is not None:
                    progress(1)
            found.append((plan, tiles))
    return WireAware(
        mapping=replace(mapping, layers=tuple(_layer(plan, tiles) for plan, tiles in found)),
        error_before=tuple(_norm([t.before for t in tiles], plan) for plan, tiles in found),
        error_after=tuple(_norm([t.after for t in tiles], plan) for plan, tiles in found),
        scale=tuple(min(t.scale for t in tiles) for _, tiles in found),
        clipped=tuple(float(np.mean([t.clipped for t in tiles])) for _, tiles in found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    plan: TilePlan
    scale: float
    clipped: float
    before: float
    after: float


def _tile(mapping: Mapping, tile: TilePlan, steps: int, share: float) -> _Tile:
    low, high = mapping.accelerator.cell_range_siemens
    wanted, g, scale = tile.target, tile.target, 1.0
    fixed = mapping.accelerator.accumulation == "analog"
    before = 0.0
    for k in range(steps + 1):
        transfer = nodal.transfer(mapping.crossbar(g))
        after = _error(mapping, tile, transfer, scale)
        if k == 0:
            before = after
        if k == steps:
            break
        passed = np.divide(transfer, g, out=np.ones_like(g), where=g > 0.0)
        asked = wanted / np.maximum(passed, 1e-6)
        if not fixed:
            scale = min(1.0, high / float(np.quantile(asked, 1.0 - share, method="higher")))
        g = np.clip(scale * asked, low, high)
    return _Tile(
        plan=replace(tile, target=g, weight_per_siemens=tile.weight_per_siemens / scale),
        scale=scale,
        clipped=float(np.mean(g >= high * (1.0 - 1e-12))),
        before=before,
        after=after,
    )


def _error(mapping: Mapping, tile: TilePlan, transfer: FloatArray, scale: float) -> float:
    """Return the squared error of the realised weights."""
    pairs = transfer.reshape(len(transfer), -1, mapping.accelerator.slices, 2)
    found = ((pairs[..., 0] - pairs[..., 1]) * tile.weight_per_siemens / scale).sum(axis=-1)
    return float(((found - tile.weights) ** 2).sum())


def _norm(squares: list[float], plan: LayerPlan) -> float:
    wanted = sum(float((tile.weights**2).sum()) for tile in plan.tiles)
    return float(np.sqrt(sum(squares) / wanted)) if wanted > 0.0 else 0.0


def _layer(plan: LayerPlan, tiles: list[_Tile]) -> LayerPlan:
    return replace(plan, tiles=tuple(tile.plan for tile in tiles))
