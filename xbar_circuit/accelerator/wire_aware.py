"""Wire-aware programming: conductances whose array, with its wires, realises the wanted matrix.

A device behind long wires gives less current than its conductance promises. Since the transfer
matrix T of any conductances is at hand, they can be chosen so that the *transfer* is what was
wanted. A weight is the difference of a pair; of each pair one device stays at g_min, and the other,
on side +, is set so that the difference comes out,

    ``g <- g_min + (s D - g_min (p+ - p-)) / p+``,

D the wanted difference and ``p = T / g`` what the array passes of each device now: a Newton step
with the diagonal of the Jacobian (the devices change one another's p a little), which converges
linearly. Where g would exceed g_max, the column is scaled down by s < 1 and its output scaled up
digitally. So what strong wires cost after this is signal, not accuracy of the matrix: the errors
of converters, programming and noise then count 1 / s times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xbar_circuit import checks
from xbar_circuit.accelerator.inference import prepare
from xbar_circuit.accelerator.mapping import LayerPlan, Mapping, TilePlan
from xbar_circuit.accelerator.tiles import conversion_groups
from xbar_circuit.checks import FloatArray

__all__ = ["WireAware", "wire_aware"]

_LEAST_PASSED = 1e-6  # of a device's current: beyond that the array does not work


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAware:
    """What wire-aware programming made of a mapping.

    Parameters
    ----------
    mapping
        With the new targets, and weights per siemens that contain the scale.
    error_by_step
        Of each layer, ``||realised - wanted|| / ||wanted||`` of the weights: as mapped, and after
        every step.
    scale
        Of each layer, the smallest s of its columns; 1 is no loss of signal.
    mean_scale
        Of each layer, the mean of s over its columns.
    clipped
        Of each layer, the share of devices at the upper end of their range.
    """

    mapping: Mapping
    error_by_step: tuple[tuple[float, ...], ...]
    scale: tuple[float, ...]
    mean_scale: tuple[float, ...]
    clipped: tuple[float, ...]

    @property
    def error_before(self) -> tuple[float, ...]:
        """Of each layer, the error as mapped."""
        return tuple(steps[0] for steps in self.error_by_step)

    @property
    def error_after(self) -> tuple[float, ...]:
        """Of each layer, the error that is left."""
        return tuple(steps[-1] for steps in self.error_by_step)


def wire_aware(
    mapping: Mapping,
    *,
    iterations: int = 12,
    tolerance: float = 1e-5,
    clipped_share: float = 0.0,
    progress: Callable[[int], object] | None = None,
) -> WireAware:
    """Choose conductances for the array with its wires.

    Parameters
    ----------
    mapping
        A mapped network; its weights are what is wanted.
    iterations
        Most steps; each costs one reduction of every tile.
    tolerance
        A layer is done when its relative error is below this, or falls no more.
    clipped_share
        Share of the devices of a scale that may stay clipped rather than scale all of them down.
    progress
        Called with the number of tiles after each layer.

    Notes
    -----
    Each column has a scale of its own where weights are scaled by column, otherwise a tile has one.
    Tiles that add their currents share theirs.
    """
    steps = checks.count("iterations", iterations)
    share = checks.number("clipped_share", clipped_share, "1", maximum=1.0)
    least = checks.number("tolerance", tolerance, "1")
    layers = []
    for plan in mapping.layers:
        layers.append(_layer(mapping, plan, steps, least, share))
        if progress is not None:
            progress(len(plan.tiles))
    return WireAware(
        mapping=replace(mapping, layers=tuple(layer.plan for layer in layers)),
        error_by_step=tuple(tuple(layer.errors) for layer in layers),
        scale=tuple(min(float(scale.min()) for scale in layer.scales) for layer in layers),
        mean_scale=tuple(
            float(np.mean(np.concatenate([scale.ravel() for scale in layer.scales])))
            for layer in layers
        ),
        clipped=tuple(layer.clipped for layer in layers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    plan: LayerPlan
    errors: list[float]
    scales: list[FloatArray]
    clipped: float


def _layer(mapping: Mapping, plan: LayerPlan, steps: int, tolerance: float, share: float) -> _Layer:
    a = mapping.accelerator
    low, high = a.cell_range_siemens
    shapes = [(len(tile.target), -1, a.slices, 2) for tile in plan.tiles]
    pairs = [tile.target.reshape(shape) for tile, shape in zip(plan.tiles, shapes, strict=True)]
    wanted = [pair[..., 0] - pair[..., 1] for pair in pairs]
    scales = [np.ones(pair.shape[1:3]) for pair in pairs]
    groups = conversion_groups(a, plan)
    errors: list[float] = []
    while True:
        flat = tuple(pair.reshape(len(pair), -1) for pair in pairs)
        transfers = [
            transfer.reshape(shape)
            for transfer, shape in zip(prepare(mapping, (flat,))[0], shapes, strict=True)
        ]
        errors.append(_error(plan, transfers, scales))
        if len(errors) > steps or errors[-1] <= tolerance or _stalled(errors):
            break
        passes = [_pass(t, g, low) for t, g in zip(transfers, pairs, strict=True)]
        for members in groups:
            room = [_room(wanted[j], passes[j], high - low) for j in members]
            scale = _scale(np.concatenate(room), share, by_column=a.weight_scale == "column")
            for j in members:
                scales[j] = scale
                pairs[j] = np.minimum(high, low + _rise(scale * wanted[j], passes[j]))
    tiles = [
        replace(
            tile,
            target=pair.reshape(tile.target.shape),
            weight_per_siemens=tile.weight_per_siemens / scale,
        )
        for tile, pair, scale in zip(plan.tiles, pairs, scales, strict=True)
    ]
    clipped = [float((pair >= high * (1.0 - 1e-12)).mean()) for pair in pairs]
    return _Layer(
        plan=replace(plan, tiles=tuple(tiles)),
        errors=errors,
        scales=scales,
        clipped=float(np.mean(clipped)),
    )


def _stalled(errors: Sequence[float]) -> bool:
    """Whether what is left are clipped devices and rounded slices."""
    return len(errors) > 3 and errors[-1] > 0.98 * errors[-2]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """How pairs answer to their conductances now.

    slope : ``dT / dg`` of each device (rows, cols, slices, 2).
    rest : ``T+ - T-`` of each pair with both devices at g_min (rows, cols, slices) [S].
    """

    slope: FloatArray
    rest: FloatArray


def _pass(transfer: FloatArray, pairs: FloatArray, low: float) -> _Pass:
    """Take ``T / g`` for the slope; an open device has the mean slope, and T by sneak paths."""
    slope = np.divide(transfer, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0.0)
    mean = 1.0 if np.isnan(slope).all() else float(np.nanmean(slope))
    slope = np.maximum(_LEAST_PASSED, np.nan_to_num(slope, nan=mean))
    least = np.where(pairs > 0.0, low * slope, transfer)
    return _Pass(slope=slope, rest=least[..., 0] - least[..., 1])


def _room(wanted: FloatArray, now: _Pass, span: float) -> FloatArray:
    """Return the largest scale that each device's range allows (rows, cols, slices)."""
    positive = wanted >= 0.0
    slope = np.where(positive, now.slope[..., 0], now.slope[..., 1])
    most: FloatArray = np.maximum(
        _LEAST_PASSED * span, span * slope + np.where(positive, now.rest, -now.rest)
    )
    return np.divide(most, np.abs(wanted), out=np.ones_like(most), where=wanted != 0.0)


def _scale(room: FloatArray, share: float, *, by_column: bool) -> FloatArray:
    """Return the scale of each column and slice (cols, slices), at most 1."""
    if by_column:
        return np.minimum(1.0, np.quantile(room, share, axis=0, method="lower"))
    return np.full(room.shape[1:], min(1.0, float(np.quantile(room, share, method="lower"))))


def _rise(wanted: FloatArray, now: _Pass) -> FloatArray:
    """Return how far above g_min each device must be for wanted differences."""
    need = wanted - now.rest
    return np.asarray(
        np.stack([np.maximum(need, 0.0), np.maximum(-need, 0.0)], axis=-1) / now.slope
    )


def _error(plan: LayerPlan, transfers: Sequence[FloatArray], scales: Sequence[FloatArray]) -> float:
    """Return the relative error of the weights that the transfers realise."""
    squares = total = 0.0
    for tile, transfer, scale in zip(plan.tiles, transfers, scales, strict=True):
        squares += _square_error(tile, transfer, scale)
        total += float((tile.weights**2).sum())
    return float(np.sqrt(squares / total)) if total > 0.0 else 0.0


def _square_error(tile: TilePlan, transfer: FloatArray, scale: FloatArray) -> float:
    worth = tile.weight_per_siemens / scale
    found = ((transfer[..., 0] - transfer[..., 1]) * worth).sum(axis=-1)
    return float(((found - tile.weights) ** 2).sum())
