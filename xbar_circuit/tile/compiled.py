"""A tile compiled: what a whole network multiplies with, in single precision.

All that is linear is folded into one matrix beforehand: the driver's volt a code, the array with
its wires and all resistances, pairs that meet before a converter, the line of the amplifier, and
the converter's LSB. What is left of a read is one matrix product, a rounding and a sum. The codes
are those of :meth:`Tile.mvm`; an input that lies within rounding (about 1e-5 LSB) of a threshold
may fall on its other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit._scratch import Scratch
from xbar_circuit.errors import ShapeError
from xbar_circuit.peripherals.drivers import WordLines
from xbar_circuit.tile._conversion import converted
from xbar_circuit.tile._nonlinear import CorrectedArray, Correction
from xbar_circuit.tile._quantiser import Quantiser
from xbar_circuit.tile._rounding import Rounding
from xbar_circuit.tile.noise import ReadNoise
from xbar_circuit.tile.tile import Tile

__all__ = ["CompiledTile", "compile_tile"]

Reals = NDArray[Any]


def compile_tile(
    tile: Tile, *, transfer: ArrayLike | None = None, correction: Correction | None = None
) -> CompiledTile:
    """Return the compiled form of a tile.

    Parameters
    ----------
    tile
        Any tile; limited buffers, and nonlinear cells without a correction, are solved by Newton
        for every input.
    transfer
        Transfer of ``tile.loaded`` (rows, cols) [S], where it is known already; None reduces it
        here. That of nonlinear cells is taken with their conductances at zero bias; of cells whose
        rows drive gates, it is their conductances.
    correction
        Correction that turns the transfer of nonlinear cells into their currents, see `nonlinear`.

    Returns
    -------
    CompiledTile
        The form that a network multiplies with.

    Raises
    ------
    ShapeError, ParameterError
        `transfer` does not fit, or the read-out has a circuit and is not calibrated.
    """
    known = None if transfer is None else np.asarray(transfer, dtype=np.float64)
    if known is not None and known.shape != tile.crossbar.shape:
        raise ShapeError.about(
            "transfer",
            got=f"shape {known.shape}",
            expected=f"shape {tile.crossbar.shape}, as the crossbar",
            remedy="give nodal.transfer(tile.loaded)",
        )
    return CompiledTile(tile, transfer=known, correction=correction)


class CompiledTile:
    """Folded matrices and the digital end of a tile; make it with :func:`compile_tile`.

    Parameters
    ----------
    tile, transfer, correction
        As for :func:`compile_tile`.
    """

    def __init__(
        self,
        tile: Tile,
        *,
        transfer: FloatArray | None = None,
        correction: Correction | None = None,
    ) -> None:
        self.tile = tile
        self._digital = tile.digital
        model, readout = tile.fast_model, tile.warm_readout
        converter = readout.converter
        self._lsb, self._low = converter.lsb, converter.input_low
        # from u = current / scale to the place among the codes, ascending
        line = np.array(model.coefficients) / self._lsb
        line[0] -= self._low / self._lsb
        self._curve = line
        self._limits = (
            np.float32((model.low - self._low) / self._lsb),
            np.float32((model.high - self._low) / self._lsb),
        )
        self._clips = bool(np.isfinite((model.low, model.high)).any())
        self._scale = model.scale_ampere
        self._quantiser = Quantiser.of(readout)
        # inputs that a synapse turns around can be folded where the driver is odd
        self._by_row = self._digital.drive != (1,) and not tile.driver.odd
        linear = tile.crossbar.cell.linear and not tile.driver.limited
        self._corrected: CorrectedArray | None = None
        if correction is not None and not tile.driver.limited:
            held = tile.slopes() if transfer is None else transfer
            self._corrected = CorrectedArray(correction, held)
        self._rounding: Rounding | None = None
        self._siemens: FloatArray | None = None
        self._rest = np.zeros(tile.converters)
        self._volt_per_code: float | None = None
        if linear:
            known = nodal.transfer(tile.loaded) if transfer is None else transfer
            self._siemens = self._digital.meet(known)
            self._rest = -model.input_volt * self._siemens.sum(axis=0)
            self._volt_per_code = tile.warm_driver.volt_per_code(tile.window_second)
            self._fold()

    def _fold(self) -> None:
        """Fold the matrices: amperes a volt, and places among the codes a driver code."""
        siemens = self._siemens
        if siemens is None:
            return
        self._by_volt = siemens.astype(np.float32)
        if self._volt_per_code is None:
            return
        inputs = siemens * self._volt_per_code
        if not self._by_row:
            drive = np.array(self._digital.drive, dtype=np.float64)
            blocks = inputs.reshape(-1, len(drive), inputs.shape[1])
            inputs = np.einsum("r,irc->ic", drive, blocks)
        self._by_code = inputs.astype(np.float32)
        steps = 1.0 / self._scale if len(self._curve) > 2 else self._slope / self._scale
        start = 0.0 if len(self._curve) > 2 else self._curve[0]
        offset = self._rest * steps + start
        self._folded = (inputs * steps).astype(np.float32)
        self._offset = offset.astype(np.float32)
        if not self._clips and len(self._curve) <= 2:
            self._rounding = Rounding.of(
                inputs * steps,
                offset,
                quantiser=self._quantiser,
                digital=self._digital,
                weights=self.weights,
            )

    def _planes(self, drive: Reals) -> tuple[tuple[int, Reals], ...]:
        """Return weight and codes of every read, as the folded matrix takes them."""
        codes = drive.astype(np.float32, copy=False)
        return self.tile.driver.planes(self._digital.rows_of(codes) if self._by_row else codes)

    @property
    def _slope(self) -> float:
        return float(self._curve[1]) if len(self._curve) > 1 else 0.0

    @property
    def weights(self) -> tuple[int, ...]:
        """Weight of each read's codes in a product, dimensionless (reads,)."""
        none = np.zeros((1, self.tile.inputs), dtype=np.float32)
        return tuple(weight for weight, _ in self.tile.driver.planes(none))

    @property
    def zero(self) -> Reals:
        """Codes of the outputs at zero input (outputs,), real numbers, float32."""
        place = self._fractional_codes(self._rest[None])
        if not self.tile.readout.converter.exact:
            place = place - 0.5  # code k holds for places from k to k + 1
        whole = place.astype(np.float64) * sum(self.weights)
        result: Reals = self._digital.outputs_of(whole)[0].astype(np.float32)
        return result

    @property
    def worth(self) -> float:
        """Change of ``sum(x * conductance)`` of an output for each code [S].

        By the slope of the read-out, of a calibrated curve over the range of its codes, with wires
        and cells taken as ideal.
        """
        low, high = self.tile.fast_model.range_ampere(
            self.tile.warm_readout.converter.input_low,
            self.tile.warm_readout.converter.input_high,
        )
        grid = np.linspace(low, high, 65)
        slope = float(
            np.polyfit(grid, self._fractional_codes(grid[None])[0].astype(np.float64), 1)[0]
        )
        full = self._volt_per_code
        highest = self.tile.driver.highest
        volt = self.tile.full_scale_volt if full is None else full * highest
        return 1.0 / (slope * volt)

    def encode(self, x: ArrayLike) -> Reals:
        """Return the driver's codes of inputs.

        Parameters
        ----------
        x
            Inputs from -1 to 1, (batch, inputs) or (inputs,).

        Returns
        -------
        numpy.ndarray
            Codes as float32, (batch, inputs).

        Raises
        ------
        ShapeError, ParameterError
            The inputs do not fit, or are out of range.
        """
        inputs = checks.read_volts("x", x, self.tile.inputs)
        result: Reals = self.tile.driver.encode(inputs).astype(np.float32)
        return result

    def codes(self, drive: Reals, *, rng: np.random.Generator | None = None) -> Reals:
        """Return the codes of the outputs.

        Parameters
        ----------
        drive
            The driver's codes (batch, inputs).
        rng
            Draws all noise as :meth:`Tile.mvm` does; None for no noise.

        Returns
        -------
        numpy.ndarray
            Codes as float32, (batch, outputs).

        """
        if rng is not None:
            return self._noisy(drive, rng)
        if self._rounding is not None:
            return self._rounding.codes(self._planes(drive))
        (first, plane), *rest = self._planes(drive)
        total = self._quantiser.round(self._read(plane))
        if first != 1:
            total *= np.float32(first)
        for weight, plane in rest:
            total += np.float32(weight) * self._quantiser.round(self._read(plane))
        return self._digital.outputs_of(total)

    def add_products(
        self, drive: Reals, factor: Reals, offset: Reals, out: Reals, scratch: Scratch
    ) -> None:
        """Add ``codes(drive) * factor - offset`` to an array.

        Parameters
        ----------
        drive
            The driver's codes (batch, inputs).
        factor, offset
            Factor and offset of each output (outputs,), float32.
        out
            The array that is added to, (batch, outputs), float32.
        scratch
            Working memory of this thread.
        """
        rounding = self._rounding
        if rounding is None or not rounding.add_products(
            self._planes(drive), factor, offset, out, scratch
        ):
            products = self.codes(drive) * factor
            products -= offset
            out += products

    def products(self, drive: Reals, *, rng: np.random.Generator | None = None) -> Reals:
        """Return ``sum(x * conductance * significance)`` of each output.

        The codes less those without an input, times their worth.

        Parameters
        ----------
        drive
            The driver's codes (batch, inputs).
        rng
            As for :meth:`codes`.

        Returns
        -------
        numpy.ndarray
            Products [S] as float32, (batch, outputs).
        """
        result: Reals = (self.codes(drive, rng=rng) - self.zero) * np.float32(self.worth)
        return result

    def currents(self, drive: Reals) -> list[Reals]:
        """Return the converters' input currents in each read, without noise.

        Parameters
        ----------
        drive
            The driver's codes (batch, inputs).

        Returns
        -------
        list
            Currents of each read [A] as float32, (batch, converters).
        """
        codes = drive.astype(np.float32, copy=False)
        if self._siemens is not None and self._volt_per_code is not None:
            rest = self._rest.astype(np.float32)
            return [plane @ self._by_code + rest for _, plane in self._planes(codes)]
        return [self._of_read(read).astype(np.float32) for read in self._reads(codes, None)]

    def convert(
        self, currents: Sequence[Reals], *, noises: Sequence[ReadNoise] | None = None
    ) -> Reals:
        """Return the codes of currents such as :meth:`currents` gives.

        Currents of several tiles can be added before they are converted.

        Parameters
        ----------
        currents
            Currents of each read [A], (batch, converters).
        noises
            Noise of each read; None is none.

        Returns
        -------
        numpy.ndarray
            Codes of the outputs as float32, (batch, outputs).
        """
        drawn = [ReadNoise()] * len(currents) if noises is None else noises
        total = sum(
            np.float32(weight) * self._convert(self._fractional_codes(current), noise)
            for weight, current, noise in zip(self.weights, currents, drawn, strict=True)
        )
        return self._digital.outputs_of(np.asarray(total, dtype=np.float32))

    def _reads(self, codes: Reals, rng: np.random.Generator | None) -> tuple[WordLines, ...]:
        whole = self._digital.rows_of(codes)
        kind = np.float64 if self.tile.driver.highest == 1 else np.int64
        return self.tile.warm_driver.reads(whole.astype(kind), rng=rng)

    def _of_read(self, read: WordLines) -> Reals:
        """Return the currents of one read (batch, converters) [A]."""
        if self._corrected is not None:
            volts = read.mean_volt(self.tile.window_second) - self.tile.fast_model.input_volt
            pulses = read.second is not None
            current = self._corrected.column_current(volts, pulses=pulses)
            return self._digital.meet(current)
        if self._siemens is None:
            return self._digital.meet(self.tile.column_current(read))
        volts = read.mean_volt(self.tile.window_second).astype(np.float32)
        return volts @ self._by_volt + self._rest.astype(np.float32)

    def _read(self, plane: Reals) -> Reals:
        """Return the places among the codes of one plane of driver codes."""
        if self._siemens is None or self._volt_per_code is None:
            return self._fractional_codes(self._of_read(self._word_lines(plane)))
        place: Reals = plane @ self._folded
        place += self._offset
        return place if len(self._curve) <= 2 and not self._clips else self._bend(place)

    def _word_lines(self, plane: Reals) -> WordLines:
        """Return what the word lines do for one plane of driver codes."""
        if self.tile.driver.read_count == 1:
            return self._reads(plane, None)[0]
        volt = self.tile.warm_driver.volt_per_code(self.tile.window_second) or 0.0
        rows = plane if self._by_row else self._digital.rows_of(plane)
        return WordLines(volt=volt * rows.astype(np.float64))

    def _fractional_codes(self, current: Reals) -> Reals:
        """Return the places among the codes of currents [A]."""
        u = (current / self._scale).astype(np.float32)
        if len(self._curve) <= 2:
            u = u * np.float32(self._slope) + np.float32(self._curve[0])
        return self._bend(u)

    def _bend(self, u: Reals) -> Reals:
        """Return the places after curve and limits; a line has been applied before."""
        if len(self._curve) > 2:
            place = np.full_like(u, self._curve[-1])
            for coefficient in self._curve[-2::-1]:
                place *= u
                place += np.float32(coefficient)
            u = place
        return np.clip(u, *self._limits) if self._clips else u

    def _convert(self, place: Reals, noise: ReadNoise) -> Reals:
        if noise.entering is not None:
            place = place + (noise.entering / self._lsb).astype(np.float32)
        if noise.decisions is None:
            return self._quantiser.round(place)
        entering = self._low + self._lsb * place.astype(np.float64)
        code = converted(self.tile.warm_readout, entering, noise.decisions)
        result: Reals = code.astype(np.float32)
        return result

    def _noisy(self, drive: Reals, rng: np.random.Generator) -> Reals:
        reads = self._reads(drive, rng)
        noises = self.tile.draw_noise(reads, rng)
        return self.convert([self._of_read(read) for read in reads], noises=noises)
