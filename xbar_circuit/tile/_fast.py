"""The fast rendering of a tile: nodal analysis, the model of the read-out, drawn noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.peripherals.drivers import WordLines
from xbar_circuit.tile._conversion import converted
from xbar_circuit.tile._description import TileDescription
from xbar_circuit.tile._formula import column_source, formula, with_terminals
from xbar_circuit.tile._word_lines import FastArray
from xbar_circuit.tile.noise import ReadNoise, current_variances, draw

__all__ = ["FastTile"]


@dataclass(frozen=True)
class FastTile(TileDescription):
    """A tile as far as the fast engine knows it; its fields are those that `Tile` states."""

    @property
    def noisy(self) -> bool:
        """Whether any part is noisy: drivers, array, amplifiers, converters."""
        drawn = self.driver.noisy or self.noise is not None or self.fast_model.noise > 0.0
        return drawn or self.readout.converter.noisy

    @property
    def window_second(self) -> float:
        """Time over which the fast model averages currents [s]: a window, or the period."""
        return self.readout.window_second or self.period_second

    @cached_property
    def fast_model(self) -> ReadoutModel:
        """The read-out's model: the calibrated one, or the formula with the amplifier's own noise.

        Raises
        ------
        ParameterError
            There is no formula: the read-out contains a circuit and is not calibrated.
        """
        if self.model is not None:
            return self.model
        source = column_source(self.driven)
        readout = self.warm_readout
        own = readout.noise(*source, column=False, celsius=self.celsius)
        hertz = readout.noise_hertz(*source)
        return dataclasses.replace(formula(readout), noise=own, noise_hertz=hertz)

    @cached_property
    def loaded(self) -> Crossbar:
        """The array with the drivers' and the read-outs' resistance in its terminals."""
        return with_terminals(self.driven, driver_ohm=0.0, sense_ohm=self.fast_model.input_ohm)

    def slopes(self) -> FloatArray:
        """Return the transfer of the loaded array with the cells' slopes at zero.

        Returns
        -------
        FloatArray
            Transfer [S], (rows, cols); of cells whose rows drive gates, their conductances.
        """
        if not self.crossbar.cell.loads_row:
            return self.crossbar.conductance
        return self._array.small_signal()

    @cached_property
    def _array(self) -> FastArray:
        return FastArray(
            self.loaded,
            self.warm_driver,
            window_second=self.window_second,
            input_volt=self.fast_model.input_volt,
        )

    @cached_property
    def _variances(self) -> tuple[FloatArray | None, FloatArray] | None:
        if self.noise is None:
            return None
        transfer = self._array.small_signal()
        hertz = self.fast_model.noise_hertz or 0.5 / self.readout.averaging_second
        return current_variances(self.noise, self.loaded, transfer, hertz, celsius=self.celsius)

    @property
    def full_scale_volt(self) -> float:
        """Mean voltage of an input of 1 over the read-out's window [V]."""
        read = self.reads(np.ones(self.inputs))[0]
        return float(read.mean_volt(self.window_second)[0, 0])

    def reads(
        self, x: ArrayLike, *, rng: np.random.Generator | None = None
    ) -> tuple[WordLines, ...]:
        """Return the word-line signals for inputs from -1 to 1.

        Parameters
        ----------
        x
            (batch, inputs) or (inputs,).
        rng
            Draws the driver's jitter; None is none.

        Returns
        -------
        tuple
            One :class:`~xbar_circuit.peripherals.WordLines` for each read of a product, (batch,
            rows).

        Raises
        ------
        ShapeError, ParameterError
            `x` is not (batch, inputs) or (inputs,), or out of range.
        """
        inputs = checks.read_volts("x", x, self.inputs)
        return self.warm_driver.reads(self.digital.rows_of(self.driver.encode(inputs)), rng=rng)

    def draw_noise(
        self, reads: Sequence[WordLines], rng: np.random.Generator | None
    ) -> list[ReadNoise]:
        """Draw the noise of array, amplifiers and converters.

        Parameters
        ----------
        reads
            The reads of a batch of products, from :meth:`reads`.
        rng
            Random generator; None draws nothing.

        Returns
        -------
        list
            One :class:`ReadNoise` for each read.
        """
        if rng is None:
            return [ReadNoise() for _ in reads]
        return draw(
            reads,
            readout=self.warm_readout,
            model=self.fast_model,
            digital=self.digital,
            variances=self._variances,
            window_second=self.window_second,
            converters=self.converters,
            rng=rng,
        )

    def one_read(self, x: ArrayLike) -> WordLines:
        """Return one read of every input, for measurements that need no more.

        Parameters
        ----------
        x
            Inputs from -1 to 1, (batch, inputs) or (inputs,).

        Returns
        -------
        WordLines
            Signals (batch, rows); where a product has several reads, those of input k are its read
            ``k % read_count``.
        """
        reads = self.reads(x)
        return reads[0] if len(reads) == 1 else WordLines.in_turn(reads)

    def column_current(self, read: WordLines) -> FloatArray:
        """Return the mean currents into the read-outs by the fast engine.

        Parameters
        ----------
        read
            Signals of the word lines, (batch, rows).

        Returns
        -------
        FloatArray
            Currents over the read-outs' window [A], (batch, cols).
        """
        return self._array.column_current(read)

    def codes_of(self, current: FloatArray, noise: ReadNoise | None = None) -> CodeArray:
        """Return every converter's codes by the fast model, before they are added.

        Parameters
        ----------
        current
            Currents into the read-outs [A], (batch, cols).
        noise
            Noise drawn for this read; None is none.

        Returns
        -------
        CodeArray
            Codes, (batch, converters).
        """
        drawn = noise or ReadNoise()
        entering = self.fast_model.converter_input(self.digital.meet(current))
        if drawn.entering is not None:
            entering = entering + drawn.entering
        return converted(self.warm_readout, entering, drawn.decisions)

    def product_codes(self, reads: Sequence[WordLines], codes: Sequence[CodeArray]) -> CodeArray:
        """Return the codes of the outputs: those of the reads weighted and added, digits added.

        Parameters
        ----------
        reads
            The reads of a batch of products, for their weights.
        codes
            Codes of every read, each (batch, converters).

        Returns
        -------
        CodeArray
            Codes, (batch, outputs).
        """
        whole: CodeArray = sum(
            (read.weight * code for read, code in zip(reads, codes, strict=True)),
            np.zeros_like(codes[0]),
        )
        return self.digital.outputs_of(whole)
