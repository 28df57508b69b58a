"""Inference on the accelerator: exact wires in every tile, converters, digital rest.

`prepare` reduces every tile once to its transfer matrix; `calibrate` finds the ranges of all
converters on images of a calibration set, layer by layer, each behind the calibrated ones before
it; the result multiplies for `execution.run`.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from xbar_circuit import nodal
from xbar_circuit.checks import FloatArray
from xbar_circuit.network.converters import Converter, calibrated
from xbar_circuit.network.execution import MEMORY_BYTES, batch_size, walk
from xbar_circuit.network.mapping import Mapping
from xbar_circuit.network.operators import Array
from xbar_circuit.network.programming import Conductances
from xbar_circuit.network.readout import CalibratedConverter
from xbar_circuit.network.tiles import AnalogLayer, calibrate_layer

__all__ = ["Analog", "LayerRanges", "Ranges", "calibrate", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRanges:
    """Calibrated converters of one layer: one at the input, one for each conversion group."""

    inputs: Converter
    outputs: tuple[Converter | CalibratedConverter, ...]


#: Calibrated converters by the node's name.
Ranges = MappingOf[str, LayerRanges]


def prepare(mapping: Mapping, conductances: Conductances) -> Conductances:
    """Return the transfer matrix of every tile [S], wires and terminals exact.

    Tiles of one shape are reduced together. BLAS works with one thread here: for matrices of this
    size its threads cost more than they give.
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
    memory_bytes: int = MEMORY_BYTES,
) -> Ranges:
    """Find the range of every converter.

    Parameters
    ----------
    mapping, transfers
        The prepared network.
    images
        Of the calibration set, never the test set.
    memory_bytes
        Limit on the working memory; of large networks only the first images are used that fit.
    """
    count = batch_size(mapping.network, memory_bytes // 3, largest=len(images))
    calibrator = _Calibrator(mapping, transfers)
    with threadpool_limits(limits=1, user_api="blas"):
        walk(mapping.network, np.asarray(images[:count], dtype=np.float32), calibrator)
    return calibrator.ranges


class _Calibrator:
    """A multiplier that finds ranges on its way and works with them at once."""

    def __init__(self, mapping: Mapping, transfers: Conductances) -> None:
        self.ranges: dict[str, LayerRanges] = {}
        self._accelerator = mapping.accelerator
        self._parts = {
            plan.name: (plan, tiles) for plan, tiles in zip(mapping.layers, transfers, strict=True)
        }
        self._inputs: dict[str, Converter] = {}

    def encode(self, name: str, inputs: Array) -> Array:
        bits, percentile = self._accelerator.input_bits, self._accelerator.input_percentile
        self._inputs[name] = calibrated(bits, inputs, percentile)
        return self._layer(name).encode(inputs)

    def multiply(self, name: str, vectors: Array) -> Array:
        outputs = calibrate_layer(self._layer(name), vectors, self._accelerator)
        self.ranges[name] = LayerRanges(inputs=self._inputs[name], outputs=tuple(outputs))
        return self._layer(name, outputs).products(vectors)

    def _layer(
        self, name: str, outputs: Sequence[Converter | CalibratedConverter] | None = None
    ) -> AnalogLayer:
        plan, transfers = self._parts[name]
        return AnalogLayer(
            self._accelerator, plan, transfers, inputs=self._inputs[name], outputs=outputs
        )
