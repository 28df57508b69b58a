"""Wire-aware programming: conductances whose array, with its wires, realises the wanted matrix.

A device behind long wires gives less current than its conductance promises. Since the transfer
matrix T of any conductances is at hand, they can be chosen so that the *transfer* is what was
wanted. A digit of a weight is the difference of its positive and its negative cells; one sign stays
at g_min, and the cells of the other, on side +, are set alike so that the difference comes out,

    ``g <- g_min + (s D - g_min (p+ - p-)) / p+``,

D the wanted difference and ``p = T / g`` what the array passes of each device now, summed over the
cells of a sign: a Newton step with the diagonal of the Jacobian (the devices change one another's p
a little), which converges linearly. Where g would exceed g_max, the output is scaled down by s < 1
and scaled up digitally. So what strong wires cost after this is signal, not accuracy of the matrix:
the errors of converters, programming and noise then count 1 / s times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._digits import Digits
from xbar_circuit.accelerator._layer import transfers_of
from xbar_circuit.accelerator.mapping import LayerPlan, Mapping

__all__ = ["WireAware", "wire_aware"]

_LEAST_PASSED = 1e-6  # of a device's current: beyond that the array does not work


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAware:
    """Result of wire-aware programming of a mapping.

    Parameters
    ----------
    mapping
        With the new targets, and the outputs' scales.
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

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers alone, to be kept: without what was mapped.

        Returns
        -------
        dict
            ``tiles``: (target conductances [S], scale) of every tile of every layer; the other
            fields by name.
        """
        tiles = [[(tile.target, tile.scale) for tile in plan.tiles] for plan in self.mapping.layers]
        numbers = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "mapping"}
        return {"tiles": tiles, **numbers}

    @classmethod
    def from_dict(cls, mapping: Mapping, content: MappingOf[str, Any]) -> WireAware:
        """Return the result that `to_dict` gave, for the same mapping as before.

        Parameters
        ----------
        mapping
            The mapping that was programmed, as it was before wire-aware programming.
        content
            What `to_dict` returned.

        Returns
        -------
        WireAware
            The result, with the kept targets in the mapping.

        Raises
        ------
        KeyError, ValueError
            `content` is of another mapping.
        """
        layers = [
            replace(
                plan,
                tiles=tuple(
                    replace(tile, target=target, scale=scale)
                    for tile, (target, scale) in zip(plan.tiles, tiles, strict=True)
                ),
            )
            for plan, tiles in zip(mapping.layers, content["tiles"], strict=True)
        ]
        return cls(
            mapping=replace(mapping, layers=tuple(layers)),
            error_by_step=tuple(map(tuple, content["error_by_step"])),
            scale=tuple(content["scale"]),
            mean_scale=tuple(content["mean_scale"]),
            clipped=tuple(content["clipped"]),
        )


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
        A mapped network with the wanted weights.
    iterations
        Maximum number of steps; each costs one reduction of every tile.
    tolerance
        A layer is done when its relative error is below this, or falls no more.
    clipped_share
        Share of the devices of a scale that may stay clipped rather than scale all of them down.
    progress
        Called with the number of tiles after each layer.

    Returns
    -------
    WireAware
        The mapping with the new target conductances [S]; of each layer the relative error of the
        weights after every step, and how far its signal was scaled, from 0 to 1.

    Notes
    -----
    Each output has a scale of its own where weights are scaled by column, otherwise a tile has one;
    the digits of a weight share it.

    >>> import xbar_circuit as xc
    >>> dense = xc.network.operators.Dense(weight=[[1.0, -0.5], [0.25, 1.0]], bias=[0.0, 0.0])
    >>> node = xc.network.Node(name="dense", operator=dense, inputs=("input",))
    >>> network = xc.network.Network(nodes=(node,), input_shape=(2,))
    >>> wires = xc.Wires(row_ohm=50.0, column_ohm=50.0)
    >>> accelerator = xc.Accelerator(rows=4, cols=4, wires=wires)
    >>> found = wire_aware(xc.accelerator.map_network(network, accelerator))
    >>> [f"{error[0]:.2g}" for error in (found.error_before, found.error_after)]
    ['0.005', '6.7e-07']
    """
    steps = checks.count("iterations", iterations)
    share = checks.number("clipped_share", clipped_share, "1", maximum=1.0)
    least = checks.number("tolerance", tolerance, "1")
    layers = []
    for plan in mapping.layers:
        layers.append(_layer(plan, steps, least, share))
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


def _layer(plan: LayerPlan, steps: int, tolerance: float, share: float) -> _Layer:
    a = plan.accelerator
    low, high = a.synapse.g_min_siemens, a.synapse.g_max_siemens
    digits = Digits.of(a.synapse)
    cells = [digits.split(tile.target) for tile in plan.tiles]
    wanted = [np.subtract(*np.moveaxis(one.sum(axis=-1), -1, 0)) for one in cells]
    scales = [np.ones(len(tile.scale)) for tile in plan.tiles]
    errors: list[float] = []
    while True:
        made = transfers_of([a.tile(digits.joined(one)) for one in cells])
        transfers = [digits.split(transfer) for transfer in made]
        errors.append(_error(plan, digits, transfers, scales))
        if len(errors) > steps or errors[-1] <= tolerance or _stalled(errors):
            break
        for j, (transfer, held) in enumerate(zip(transfers, cells, strict=True)):
            now = _pass(transfer, held, low)
            room = _room(wanted[j], now, high - low)
            scales[j] = _scale(room, share, by_column=a.weight_scale == "column")
            rise = _rise(scales[j][:, None] * wanted[j], now)
            cells[j] = np.minimum(high, low + np.broadcast_to(rise[..., None], held.shape))
    tiles = [
        replace(tile, target=digits.joined(held), scale=tile.scale / scale)
        for tile, held, scale in zip(plan.tiles, cells, scales, strict=True)
    ]
    clipped = [float((held >= high * (1.0 - 1e-12)).mean()) for held in cells]
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
    """How digits answer to their conductances now.

    slope : ``dT / dg`` of all cells of a sign together (inputs, outputs, digits, 2).
    rest : ``T+ - T-`` of each digit with all cells at g_min (inputs, outputs, digits) [S].
    """

    slope: FloatArray
    rest: FloatArray


def _pass(transfer: FloatArray, held: FloatArray, low: float) -> _Pass:
    """Take ``T / g`` for the slope; an open device has the mean slope, and T by sneak paths."""
    slope = np.divide(transfer, held, out=np.full_like(held, np.nan), where=held > 0.0)
    mean = 1.0 if np.isnan(slope).all() else float(np.nanmean(slope))
    slope = np.maximum(_LEAST_PASSED, np.nan_to_num(slope, nan=mean))
    least = np.where(held > 0.0, low * slope, transfer).sum(axis=-1)
    return _Pass(slope=slope.sum(axis=-1), rest=least[..., 0] - least[..., 1])


def _room(wanted: FloatArray, now: _Pass, span: float) -> FloatArray:
    """Return the largest scale that each digit's range allows (inputs, outputs, digits)."""
    positive = wanted >= 0.0
    slope = np.where(positive, now.slope[..., 0], now.slope[..., 1])
    most: FloatArray = np.maximum(
        _LEAST_PASSED * span, span * slope + np.where(positive, now.rest, -now.rest)
    )
    return np.divide(most, np.abs(wanted), out=np.ones_like(most), where=wanted != 0.0)


def _scale(room: FloatArray, share: float, *, by_column: bool) -> FloatArray:
    """Return the scale of each output (outputs,), at most 1."""
    if by_column:
        least = np.quantile(room, share, axis=(0, 2), method="lower")
        return np.minimum(1.0, least)
    return np.full(room.shape[1], min(1.0, float(np.quantile(room, share, method="lower"))))


def _rise(wanted: FloatArray, now: _Pass) -> FloatArray:
    """Return how far above g_min the cells of each sign must be for wanted differences."""
    need = wanted - now.rest
    return np.asarray(
        np.stack([np.maximum(need, 0.0), np.maximum(-need, 0.0)], axis=-1) / now.slope
    )


def _error(
    plan: LayerPlan,
    digits: Digits,
    transfers: Sequence[FloatArray],
    scales: Sequence[FloatArray],
) -> float:
    """Return the relative error of the weights that the transfers realise."""
    per_weight = plan.accelerator.synapse.siemens_per_weight
    squares = total = 0.0
    for tile, transfer, scale in zip(plan.tiles, transfers, scales, strict=True):
        sums = transfer.sum(axis=-1)
        found = (sums[..., 0] - sums[..., 1]) @ digits.worth
        found = found * (tile.scale / (scale * per_weight))
        squares += float(((found - tile.weights) ** 2).sum())
        total += float((tile.weights**2).sum())
    return float(np.sqrt(squares / total)) if total > 0.0 else 0.0
