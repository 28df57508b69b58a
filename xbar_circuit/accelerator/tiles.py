"""Tiles at work: what the converters of one layer make of its inputs.

Every tile is its exact transfer matrix, wires and terminals included: ``current = volts @
transfer`` [S]. The rest is arithmetic with codes. All scale factors are folded into the matrices
beforehand, so that a product costs one matrix product, one rounding and one sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from xbar_circuit.accelerator.converters import Converter, calibrated
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.mapping import LayerPlan, TilePlan
from xbar_circuit.accelerator.nonlinear import Correction, places
from xbar_circuit.accelerator.readout import CalibratedConverter
from xbar_circuit.checks import FloatArray
from xbar_circuit.network.operators import Array

__all__ = ["AnalogLayer", "calibrate_layer", "conversion_groups", "pair_difference"]


class AnalogLayer:
    """The tiles and converters of one layer.

    Parameters
    ----------
    accelerator, plan
        Description and mapping.
    transfers
        Of each tile (rows, columns) [S].
    inputs
        The input converter of the layer.
    outputs
        The column converter of each conversion group (a tile, or tiles that add their currents);
        None until calibrated.
    gains
        Digital factor of each tile's columns (cols,), such as a drift compensation; None is 1.
    correction
        Of nonlinear cells; None for linear ones.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        plan: LayerPlan,
        transfers: Sequence[FloatArray],
        *,
        inputs: Converter,
        outputs: Sequence[Converter | CalibratedConverter] | None = None,
        gains: Sequence[FloatArray] | None = None,
        correction: Correction | None = None,
    ) -> None:
        self.inputs = inputs
        self.correction = correction
        self._accelerator = accelerator
        self._plan = plan
        self._serial = accelerator.input_coding == "bit serial"
        self._volt_per_code = accelerator.read_volt / (1.0 if self._serial else inputs.highest)
        self._groups = conversion_groups(accelerator, plan)
        self._outputs = outputs
        self._matrices: list[list[Array]] = []
        self._extra: list[list[Array]] = []
        self._steps: list[float] = []
        self._factors: list[Array] = []
        for k, members in enumerate(self._groups):
            step = 1.0 if outputs is None else outputs[k].step
            scale = self._volt_per_code / step
            self._steps.append(step)
            self._matrices.append(
                [(self._split(transfers[j]) * scale).astype(np.float32) for j in members]
            )
            if correction is not None:
                extra = [correction.surplus_matrix(transfers[j]) for j in members]
                self._extra.append([_by_sign(accelerator, b).astype(np.float32) for b in extra])
            gain = 1.0 if gains is None else gains[members[0]][:, None]
            gain = gain if correction is None else gain * correction.gain
            worth = plan.tiles[members[0]].weight_per_siemens * gain
            factor = worth.T * (step * inputs.step / self._volt_per_code)
            self._factors.append(factor.astype(np.float32))

    def encode(self, values: Array) -> Array:
        """Return the input codes of activations, same shape."""
        return self.inputs.round(values * np.float32(1.0 / self.inputs.step))

    def currents(self, codes: Array) -> Iterator[tuple[int, Array]]:
        """Yield (group, currents in steps of its converter), one for each group and plane of bits.

        Currents have shape (vectors, slices * columns of a slice).
        """
        for _, plane in self._planes(codes):
            for k, members in enumerate(self._groups):
                yield k, self._add(k, members, plane)

    def products(self, codes: Array) -> Array:
        """Return the products (vectors, groups, cols) of input codes (vectors, groups, rows)."""
        plan = self._plan
        flat = codes.reshape(len(codes), -1)
        result = np.zeros((len(codes), plan.groups * plan.cols), dtype=np.float32)
        for worth, plane in self._planes(flat):
            for k, members in enumerate(self._groups):
                scaled = self._add(k, members, plane)
                if self._outputs is not None:
                    scaled = self._outputs[k].round(scaled)
                start, stop = plan.tiles[members[0]].cols
                result[:, start:stop] += self._weigh(scaled, self._factors[k] * worth)
        return result.reshape(len(codes), plan.groups, plan.cols)

    def volts(self, codes: Array, tile: TilePlan) -> FloatArray:
        """Return the voltages that a tile's rows see for input codes (vectors, groups, rows) [V].

        With bit-serial inputs, those of the most significant bit.
        """
        *_, (_, plane) = self._planes(codes)
        return plane[:, slice(*tile.rows)].astype(np.float64) * self._volt_per_code

    def _planes(self, codes: Array) -> Iterator[tuple[np.float32, Array]]:
        """Yield what is applied to the rows at one time, and what it is worth."""
        flat = codes.reshape(len(codes), -1)
        if not self._serial:
            yield np.float32(1.0), flat
            return
        magnitude, sign = np.abs(flat).astype(np.int32), np.sign(flat)
        for bit in range(int(self.inputs.highest).bit_length()):
            yield np.float32(2**bit), (((magnitude >> bit) & 1) * sign).astype(np.float32)

    def _add(self, group: int, members: Sequence[int], plane: Array) -> Array:
        total: Array | None = None
        for member, j in enumerate(members):
            part = self._read(group, member, plane[:, slice(*self._plan.tiles[j].rows)])
            total = part if total is None else np.add(total, part, out=total)
        return total if total is not None else plane

    def _read(self, group: int, member: int, plane: Array) -> Array:
        """Return the currents of one tile in steps of its converter."""
        straight: Array = plane @ self._matrices[group][member]
        if self.correction is None:
            return straight
        volts = plane * np.float32(self._volt_per_code)
        if self._accelerator.input_coding == "pulse width":  # the whole voltage, for a while
            shape = volts / np.float32(self._accelerator.read_volt)
        else:
            shape = self.correction.surplus(volts)
        step = np.float32(self._steps[group])
        straight = straight * step
        bent = straight + shape @ self._extra[group][member]
        place = _by_sign(self._accelerator, places(straight.shape[1])[None])[0]
        ampere = self.correction.currents(straight, bent, place.astype(np.float32))
        currents: Array = (ampere / step).astype(np.float32, copy=False)
        if self._accelerator.subtraction == "analog":
            halves = currents.reshape(len(currents), self._accelerator.slices, 2, -1)
            currents = (halves[:, :, 0] - halves[:, :, 1]).reshape(len(currents), -1)
        return currents

    def _split(self, transfer: FloatArray) -> FloatArray:
        """Order columns; only linear columns may be subtracted beforehand."""
        if self._accelerator.subtraction == "analog" and self.correction is None:
            ordered = pair_difference(self._accelerator, transfer).transpose(0, 2, 1)
            return ordered.reshape(len(transfer), -1)
        return _by_sign(self._accelerator, transfer)

    def _weigh(self, codes: Array, factor: Array) -> Array:
        """Subtract the columns of each pair and add the slices, each at its worth."""
        slices, width = factor.shape
        if self._accelerator.subtraction == "digital":
            halves = codes.reshape(len(codes), slices, 2, width)
            codes = halves[:, :, 0] - halves[:, :, 1]
        if slices == 1:
            result: Array = codes.reshape(len(codes), width) * factor[0]
        else:
            result = (codes.reshape(len(codes), slices, width) * factor).sum(axis=1)
        return result


def calibrate_layer(
    layer: AnalogLayer, codes: Array, accelerator: Accelerator
) -> list[Converter | CalibratedConverter]:
    """Return a column converter for each conversion group of an uncalibrated layer.

    Its range ends at the accelerator's percentile of the currents that `codes` cause.

    Raises
    ------
    ParameterError
        A calibrated read-out that cannot be used, or one bit for currents of both signs.
    """
    seen: dict[int, list[Array]] = {}
    for group, currents in layer.currents(codes):
        seen.setdefault(group, []).append(currents.ravel())
    ideal = [
        calibrated(accelerator.output_bits, np.concatenate(parts), accelerator.output_percentile)
        for _, parts in sorted(seen.items())
    ]
    model = accelerator.readout
    if model is None:
        return list(ideal)
    return [CalibratedConverter.fitted(model, converter) for converter in ideal]


def pair_difference(accelerator: Accelerator, transfer: FloatArray) -> FloatArray:
    """Return positive less negative column of every pair (rows, cols, slices) [S]."""
    pairs = transfer.reshape(len(transfer), -1, accelerator.slices, 2)
    difference: FloatArray = pairs[..., 0] - pairs[..., 1]
    return difference


def _by_sign(accelerator: Accelerator, transfer: FloatArray) -> FloatArray:
    """Order columns slice by slice: all positive ones, then all negative ones."""
    pairs = transfer.reshape(len(transfer), -1, accelerator.slices, 2)
    return pairs.transpose(0, 2, 3, 1).reshape(len(transfer), -1)


def conversion_groups(accelerator: Accelerator, plan: LayerPlan) -> list[list[int]]:
    """Return the tiles whose currents meet before a converter."""
    if accelerator.accumulation == "digital":
        return [[j] for j in range(len(plan.tiles))]
    groups: dict[tuple[int, int], list[int]] = {}
    for j, tile in enumerate(plan.tiles):
        groups.setdefault(tile.cols, []).append(j)
    return list(groups.values())
