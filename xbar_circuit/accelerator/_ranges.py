"""Ranges: what a calibration set makes of the parts, layer by layer, each behind the ones before.

A chip's drivers and read-outs have programmable ranges: a gain, a window, a full scale. Here each
layer's activations are laid upon its driver's range, and each tile's currents upon its read-out's,
by a percentile of the magnitudes that occur; zeros do not count. What was decided is kept in the
parts themselves, so a tile measured in ngspice has the ranges that the network runs with. A circuit
whose range is fixed keeps it: the drivers of its tile are lowered instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.accelerator._digital_layer import DigitalLayer
from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.accelerator._layer import AnalogLayer, LayerParts, encoded, transfers_of
from xbar_circuit.accelerator._programming import Conductances
from xbar_circuit.accelerator.mapping import LayerPlan, Mapping
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import DigitalMultiplier
from xbar_circuit.network.operators import Array
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.tile import Tile, compile_tile
from xbar_circuit.tile._nonlinear import Correction, fit

__all__ = ["Calibrator"]

_FITTED_TILES = 3  # of a layer, whose currents the correction of nonlinear cells is fitted to
_FITTED_INPUTS = 16  # vectors it is fitted to
_NEGATIVE = 1e-6  # of the range: what counts as one more than rounding


class Calibrator:
    """A multiplier that finds the ranges on its way, and works with them at once.

    Parameters
    ----------
    mapping
        The network on its accelerators.
    conductances
        Of every tile right after programming [S].
    seed
        Of the converters' mismatch.
    celsius
        Temperature while the ranges are set [degree Celsius]; None is that of the parts.

    Attributes
    ----------
    parts, transfers
        Of each layer on tiles, by its name, once it has multiplied.
    digital
        Of each digital layer, by its name.
    constants
        Of each layer on tiles, see `AnalogLayer`.
    """

    def __init__(
        self,
        mapping: Mapping,
        conductances: Conductances,
        *,
        seed: int = 0,
        celsius: float | None = None,
    ) -> None:
        self._seed, self._celsius = seed, celsius
        self._numbers = {plan.name: k for k, plan in enumerate(mapping.layers)}
        self.parts: dict[str, LayerParts] = {}
        self.transfers: dict[str, tuple[FloatArray, ...]] = {}
        self.digital: dict[str, DigitalLayer] = {}
        self.constants: dict[str, tuple[tuple[float, Array], ...]] = {}
        self._mapping = mapping
        self._exact = DigitalMultiplier(mapping.network)
        self._held = {
            plan.name: held for plan, held in zip(mapping.layers, conductances, strict=True)
        }
        self._plans = {plan.name: plan for plan in mapping.layers}
        self._matrices = {name: op.matrices for name, op in mapping.network.matrix_nodes}
        self._inputs: dict[str, tuple[float, bool]] = {}
        self._ready: dict[str, AnalogLayer | DigitalLayer] = {}

    def prepare(self, name: str, vectors: Array) -> None:
        """Decide the ranges of a recurrent layer by the vectors of all steps (vectors, rows)."""
        if name not in self._ready:
            self.multiply(name, self.encode(name, vectors)[:, None])
            plan = self._plans.get(name)
            self._ready[name] = (
                self.digital[name]
                if plan is None
                else AnalogLayer(
                    plan,
                    self.parts[name],
                    self._held[name],
                    self.transfers[name],
                    celsius=self._celsius,
                )
            )

    def encode(self, name: str, inputs: Array) -> Array:
        """Return a layer's input codes, by ranges that these inputs decide."""
        if name in self._ready:
            return self._ready[name].encode(inputs)
        if name in self._mapping.digital:
            bits = self._mapping.digital[name]
            largest = _percentile(inputs, self._mapping.accelerator.input_percentile)
            self.digital[name] = DigitalLayer.of(self._matrices[name], bits, largest)
            return self.digital[name].encode(inputs)
        own = self._plans[name].accelerator
        scale = _percentile(inputs, own.input_percentile) or 1.0
        signed = bool((inputs < -_NEGATIVE * scale).any())
        self._inputs[name] = scale, signed
        return encoded(own.driver.with_sign(signed), inputs, scale)

    def multiply(self, name: str, vectors: Array, *, step: int = 0) -> Array:  # noqa: ARG002
        """Return a layer's products, by ranges that its currents decide."""
        if name in self._ready:
            return self._ready[name].products(vectors)
        if name in self.digital:
            return self.digital[name].products(vectors)
        plan, held = self._plans[name], self._held[name]
        scale, signed = self._inputs[name]
        own = plan.accelerator.changed(driver=plan.accelerator.driver.with_sign(signed))
        flat = vectors.reshape(len(vectors), -1)
        drives = [flat[:, slice(*tile.rows)] for tile in plan.tiles]
        tiles = [own.tile(g, celsius=self._celsius) for g in held]
        transfers = transfers_of(tiles)
        correction = self._correction(plan, tiles, transfers, drives)
        ranged = tuple(
            _ranged(own, tile, transfer, drive, correction)
            for tile, transfer, drive in zip(tiles, transfers, drives, strict=True)
        )
        final = [a.tile(g, celsius=self._celsius) for a, g in zip(ranged, held, strict=True)]
        if any(a.loaded.terminals != b.loaded.terminals for a, b in zip(final, tiles, strict=True)):
            transfers = transfers_of(final)  # a range may be a feedback resistor
        self.transfers[name] = transfers
        parts = LayerParts(
            input_scale=scale,
            accelerators=ranged,
            converters=self._drawn(name, final),
            correction=correction,
        )
        if correction is not None:
            parts = self._with_gain(plan, parts, vectors)
        self.parts[name] = parts
        layer = AnalogLayer(plan, parts, held, transfers, celsius=self._celsius)
        self.constants[name] = layer.constants
        return layer.products(vectors)

    def _drawn(self, name: str, tiles: Sequence[Tile]) -> tuple[tuple[Converter, ...], ...]:
        """Return the converters of each tile, drawn by its generator; empty if all are alike."""
        mismatch = dict(self._plans[name].accelerator.mismatch)
        if not mismatch:
            return ()
        found = []
        for j, tile in enumerate(tiles):
            rng = np.random.default_rng((self._seed, self._numbers[name], j, 0, 1))
            drawn = tile.readout.drawn(rng, tile.converters, **mismatch)
            found.append(drawn.samples or ())
        return tuple(found)

    @staticmethod
    def _correction(
        plan: LayerPlan,
        tiles: Sequence[Tile],
        transfers: Sequence[FloatArray],
        drives: Sequence[Array],
    ) -> Correction | None:
        """Fit the correction of a layer to some of its tiles and inputs."""
        if plan.accelerator.synapse.cell.linear:
            return None
        highest = tiles[0].driver.highest
        busy = _most_driven(np.concatenate(drives, axis=1), _FITTED_INPUTS)
        step = max(1, -(-len(tiles) // _FITTED_TILES))
        return fit(
            [
                (tiles[j], transfers[j], drives[j][busy].astype(np.float64) / highest)
                for j in range(0, len(tiles), step)
            ]
        )

    def _with_gain(self, plan: LayerPlan, parts: LayerParts, vectors: Array) -> LayerParts:
        """Return the parts with the factor by which products have their exact size."""
        few = vectors[_most_driven(vectors.reshape(len(vectors), -1), 10 * _FITTED_INPUTS)]
        layer = AnalogLayer(
            plan,
            parts,
            self._held[plan.name],
            self.transfers[plan.name],
            celsius=self._celsius,
        )
        got = layer.products(few).astype(np.float64)
        step = parts.input_scale / parts.accelerators[0].driver.highest
        exact = self._exact.multiply(plan.name, few * np.float32(step)).astype(np.float64)
        power = float((got * got).sum())
        gain = float((got * exact).sum()) / power if power > 0.0 else 1.0
        return replace(parts, gain=gain)


def _ranged(
    own: Hardware,
    tile: Tile,
    transfer: FloatArray,
    drive: Array,
    correction: Correction | None,
) -> Hardware:
    """Return the accelerator with the ranges that the currents of one tile ask for."""
    currents = compile_tile(tile, transfer=transfer, correction=correction).currents(drive)
    seen = np.concatenate([part.ravel() for part in currents])
    most = _percentile(seen, own.output_percentile)
    if most == 0.0:
        return own  # nothing flows: any range will do
    signed = bool((seen < -_NEGATIVE * most).any())
    if signed and own.readout.converter.bits == 1:
        raise ParameterError.about(
            "readout.converter.bits",
            got=1,
            expected="at least 2 for currents of both signs",
            remedy="give the converter another bit, or inputs that are not negative",
        )
    if not own.readout.circuits:
        return own.changed(readout=own.readout.ranged(-most if signed else 0.0, most))
    converter = tile.warm_readout.converter
    low, high = tile.fast_model.range_ampere(converter.input_low, converter.input_high)
    room = min(high, -low) if signed else high
    volt = own.driver.full_scale_volt * min(1.0, room / most)
    return own.changed(driver=own.driver.with_full_scale(volt))


def _percentile(values: Array, percentile: float) -> float:
    """Return a percentile of the magnitudes, zeros left out; 0 where nothing is left."""
    magnitude = np.abs(values[values != 0.0])
    return float(np.percentile(magnitude, percentile)) if magnitude.size else 0.0


def _most_driven(vectors: Array, count: int) -> list[int]:
    """Return places of vectors from all over a set: in turn a stretch's fullest, and its middle."""
    total = np.abs(vectors).sum(axis=1)
    stretches = np.array_split(np.arange(len(vectors)), min(count, len(vectors)))
    return [
        int(part[total[part].argmax()] if k % 2 == 0 else part[len(part) // 2])
        for k, part in enumerate(stretches)
    ]
