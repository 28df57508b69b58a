"""Inference on the accelerator: exact wires in every tile, converters, digital rest.

`prepare` reduces every tile once to its transfer matrix; `calibrate` finds the ranges of all
converters on images of a calibration set, layer by layer, each behind the calibrated ones before
it; the result multiplies for `execution.run`.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from xbar_circuit import nodal
from xbar_circuit.accelerator.converters import Converter, calibrated
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.accelerator.nonlinear import Correction, fit, moments
from xbar_circuit.accelerator.programming import Conductances
from xbar_circuit.accelerator.readout import CalibratedConverter
from xbar_circuit.accelerator.tiles import AnalogLayer, calibrate_layer
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import MEMORY_BYTES, Digital, batch_size, walk
from xbar_circuit.network.operators import Array

__all__ = ["Analog", "LayerRanges", "Ranges", "calibrate", "prepare"]

_FITTED_TILES = 3  # of a layer, whose currents the correction of nonlinear cells is fitted to
_FITTED_INPUTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRanges:
    """What a layer was calibrated to.

    inputs, outputs : converters, one at the input, one for each conversion group.
    correction : of nonlinear cells; None for linear ones.
    """

    inputs: Converter
    outputs: tuple[Converter | CalibratedConverter, ...]
    correction: Correction | None = None


#: Calibrated converters by the node's name.
Ranges = MappingOf[str, LayerRanges]


def prepare(mapping: Mapping, conductances: Conductances) -> Conductances:
    """Return the transfer matrix of every tile [S], wires and terminals exact.

    Nonlinear cells count with their zero-bias conductance; `calibrate` finds the rest. Tiles of
    one shape are reduced together.
    """
    a = mapping.accelerator
    places = [(k, j) for k, layer in enumerate(conductances) for j in range(len(layer))]
    by_shape: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for k, j in places:
        by_shape.setdefault(conductances[k][j].shape, []).append((k, j))
    found: dict[tuple[int, int], FloatArray] = {}
    with threadpool_limits(limits=1, user_api="blas"):
        for members in by_shape.values():
            stack = np.stack([conductances[k][j] for k, j in members])
            stack = stack if a.cell.linear else a.cell.zero_bias_conductance(stack)
            transfers = nodal.transfer_tiles(stack, wires=a.wires, terminals=a.loaded_terminals)
            found.update(zip(members, transfers, strict=True))
    return tuple(
        tuple(found[k, j] for j in range(len(layer))) for k, layer in enumerate(conductances)
    )


class Analog:
    """The multiplier of `execution.run` that uses the tiles.

    Parameters
    ----------
    mapping
        The network on its accelerator.
    transfers
        Of every tile [S], from `prepare`.
    ranges
        The calibrated converters.
    gains
        Digital factors of each tile's columns, ``[layer][tile]`` of (cols,); None is 1.
    """

    def __init__(
        self,
        mapping: Mapping,
        transfers: Conductances,
        ranges: Ranges,
        *,
        gains: Sequence[Sequence[FloatArray]] | None = None,
    ) -> None:
        self.layers = {
            plan.name: AnalogLayer(
                mapping.accelerator,
                plan,
                transfers[k],
                inputs=ranges[plan.name].inputs,
                outputs=ranges[plan.name].outputs,
                gains=None if gains is None else gains[k],
                correction=ranges[plan.name].correction,
            )
            for k, plan in enumerate(mapping.layers)
        }

    def encode(self, name: str, inputs: Array) -> Array:
        """Return the input codes of a node."""
        return self.layers[name].encode(inputs)

    def multiply(self, name: str, vectors: Array) -> Array:
        """Return the products of the tiles of a node."""
        return self.layers[name].products(vectors)


def calibrate(
    mapping: Mapping,
    transfers: Conductances,
    images: Array,
    *,
    conductances: Conductances | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Ranges:
    """Find the range of every converter, and the correction of nonlinear cells.

    Parameters
    ----------
    mapping, transfers
        The prepared network.
    images
        Of the calibration set, never the test set.
    conductances
        Of every tile [S]; only nonlinear cells need them.
    memory_bytes
        Limit on the working memory; of large networks only the first images are used that fit.

    Raises
    ------
    ParameterError
        Nonlinear cells without conductances.
    """
    if conductances is None and not mapping.accelerator.cell.linear:
        raise ParameterError.about(
            "conductances",
            got="None for nonlinear cells",
            expected="those that the transfers were prepared from",
            remedy="calibrate(mapping, transfers, images, conductances=conductances)",
        )
    count = max(1, batch_size(mapping.network, memory_bytes // 3, largest=len(images)))
    calibrator = _Calibrator(mapping, transfers, conductances)
    with threadpool_limits(limits=1, user_api="blas"):
        walk(mapping.network, np.asarray(images[:count], dtype=np.float32), calibrator)
    return calibrator.ranges


class _Calibrator:
    """A multiplier that finds ranges on its way and works with them at once."""

    def __init__(
        self, mapping: Mapping, transfers: Conductances, conductances: Conductances | None
    ) -> None:
        self.ranges: dict[str, LayerRanges] = {}
        self._mapping = mapping
        self._accelerator = mapping.accelerator
        self._exact = Digital(mapping.network)
        self._held = conductances
        self._corrections: dict[str, Correction] = {}
        self._parts = {
            plan.name: (plan, tiles) for plan, tiles in zip(mapping.layers, transfers, strict=True)
        }
        self._inputs: dict[str, Converter] = {}

    def encode(self, name: str, inputs: Array) -> Array:
        bits, percentile = self._accelerator.input_bits, self._accelerator.input_percentile
        self._inputs[name] = calibrated(bits, inputs, percentile)
        return self._layer(name).encode(inputs)

    def multiply(self, name: str, vectors: Array) -> Array:
        if self._held is not None and not self._accelerator.cell.linear:
            self._corrections[name] = self._correct(name, vectors, self._held)
        outputs = calibrate_layer(self._layer(name), vectors, self._accelerator)
        self.ranges[name] = LayerRanges(
            inputs=self._inputs[name],
            outputs=tuple(outputs),
            correction=self._corrections.get(name),
        )
        return self._layer(name, outputs).products(vectors)

    def _correct(self, name: str, vectors: Array, held: Conductances) -> Correction:
        """Fit the correction of a layer to some of its tiles and inputs."""
        k = next(k for k, plan in enumerate(self._mapping.layers) if plan.name == name)
        plan, transfers = self._parts[name]
        inputs = self._inputs[name]
        flat = vectors.reshape(len(vectors), -1)
        chosen = flat[_busy(flat, _FITTED_INPUTS)]
        volts = moments(self._accelerator, chosen.astype(np.float64), inputs.highest)
        some = range(0, len(plan.tiles), max(1, -(-len(plan.tiles) // _FITTED_TILES)))
        found = fit(
            self._accelerator,
            [
                (
                    self._mapping.crossbar(held[k][j]),
                    transfers[j],
                    volts[:, slice(*plan.tiles[j].rows)],
                )
                for j in some
            ],
        )
        self._corrections[name] = found
        few = vectors[_busy(flat, 10 * _FITTED_INPUTS)]
        got = self._layer(name).products(few).astype(np.float64)
        exact = self._exact.multiply(name, few * np.float32(inputs.step)).astype(np.float64)
        power = float((got * got).sum())
        return replace(found, gain=float((got * exact).sum()) / power if power > 0.0 else 1.0)

    def _layer(
        self, name: str, outputs: Sequence[Converter | CalibratedConverter] | None = None
    ) -> AnalogLayer:
        plan, transfers = self._parts[name]
        return AnalogLayer(
            self._accelerator,
            plan,
            transfers,
            inputs=self._inputs[name],
            outputs=outputs,
            correction=self._corrections.get(name),
        )


def _busy(vectors: Array, count: int) -> list[int]:
    """Return places of vectors from all over a set: in turn a stretch's fullest, and its middle."""
    total = np.abs(vectors).sum(axis=1)
    stretches = np.array_split(np.arange(len(vectors)), min(count, len(vectors)))
    return [
        int(part[total[part].argmax()] if k % 2 == 0 else part[len(part) // 2])
        for k, part in enumerate(stretches)
    ]
