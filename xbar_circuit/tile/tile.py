"""The tile: numbers in, codes out.

`mvm` evaluates the same description in two ways. The fast one takes the array by exact nodal
analysis, with the read-out's input resistance as its sense terminals', and the read-out by its
model: a formula, or one calibrated against ngspice. The other one puts drivers, array, amplifiers
and converters into one deck.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.cells import Synapse
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.netlist._testbench import Testbench
from xbar_circuit.netlist._tile import tile_bench
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.peripherals.drivers import Driver, WordLines
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.spice._testbench import BenchAnswer, run_bench
from xbar_circuit.tile._conversion import converted
from xbar_circuit.tile._digital import CodeCombination
from xbar_circuit.tile._formula import check_drive, column_source, formula, with_terminals
from xbar_circuit.tile._temperature import tile_celsius
from xbar_circuit.tile._word_lines import FastArray
from xbar_circuit.tile.cost import TileCost, readout_joule, tile_cost
from xbar_circuit.tile.macromodel import macromodel_lines
from xbar_circuit.tile.noise import ReadNoise, TileNoise, current_variances, draw
from xbar_circuit.tile.result import TileResult

__all__ = ["Tile", "TileResult"]

_PER_DECK = 32  # products; long piecewise linear sources are slow


@brief(
    lambda self: (
        f"{self.crossbar.rows} x {self.crossbar.cols}, {type(self.driver).__name__},"
        f" {type(self.readout.converter).__name__} {self.readout.converter.bits} bit"
    ),
    picture=lambda self: self.crossbar.conductance,
)
@dataclass(frozen=True)
class Tile:
    """A crossbar with drivers on its rows and read-outs on its columns.

    Parameters
    ----------
    crossbar
        The array. Its terminals' resistances add to the driver's and the read-out's; each column
        is sensed at one end.
    driver
        Driver of every row: a `Dac`, `PulseWidth`, `BitSerial` or `ExactDriver`, or a
        `WordLineBuffer` with one of these.
    readout
        Read-out of every column.
    model
        The read-out's fast model; None takes the formula, which only behavioural read-outs have.
    synapse
        How rows and columns form weights: inputs go to the rows of a block by their factors, codes
        of its columns are added by their significance. None: every row is an input, every column
        (or pair that the read-out subtracts) an output.
    noise
        Noise of the array; None for none.
    celsius
        Temperature of the whole tile [degree Celsius]: transistors of cells, drivers and read-outs
        in ngspice; gains, offsets and noise of behavioural read-outs, and the thermal noise of the
        array, in both engines. None is that of the cell's transistors where the
        cell says one, else 27, SPICE's own.

    Raises
    ------
    ParameterError
        A part is of the wrong kind, a column is sensed at both ends, rows or columns form no whole
        groups, pulses meet a read-out that does not integrate them, or the table of a cell or the
        model of a read-out belongs to another temperature.
    """

    crossbar: Crossbar
    driver: Driver
    readout: Readout
    model: ReadoutModel | None = None
    synapse: Synapse | None = None
    noise: TileNoise | None = None
    celsius: float = None  # type: ignore[assignment]  # a number once it is made

    def __post_init__(self) -> None:
        for name, kind in (
            ("crossbar", Crossbar),
            ("driver", Driver),
            ("readout", Readout),
            ("synapse", Synapse | None),
            ("noise", TileNoise | None),
        ):
            if not isinstance(getattr(self, name), kind):
                raise ParameterError.about(
                    name,
                    got=repr(getattr(self, name)),
                    expected=f"a {getattr(kind, '__name__', kind)}",
                    remedy="xc.Tile(crossbar, peripherals.Dac(...), peripherals.Readout(...))",
                )
        ends = self.crossbar.terminals
        if ends.bottom_ohm is not None and ends.top_ohm is not None:
            raise ParameterError.about(
                "crossbar.terminals",
                got="columns sensed at the bottom and at the top",
                expected="one read-out per column",
                remedy="set top_ohm=None or bottom_ohm=None",
            )
        object.__setattr__(self, "celsius", tile_celsius(self.celsius, self.crossbar, self.model))
        digital = self.digital  # refuses groups that are not whole
        check_drive(self.crossbar, self.driver, self.readout, signed=min(digital.drive) < 0)
        if self.noise is not None:
            self.noise.check(self.crossbar)
        samples = self.readout.samples
        if samples is not None and len(samples) != self.converters:
            raise ParameterError.about(
                "readout.samples",
                got=f"{len(samples)} converters",
                expected=f"{self.converters}, one for each column or pair that shares one",
                remedy="draw as many: readout.drawn(rng, count, ...)",
            )

    @cached_property
    def digital(self) -> CodeCombination:
        """Which columns meet before a converter, and how codes are added."""
        return CodeCombination.of(self.readout, self.synapse, *self.crossbar.shape)

    @cached_property
    def warm_readout(self) -> Readout:
        """The read-out as it is at the tile's temperature; both engines render this one."""
        return self.readout.at_celsius(self.celsius)

    @property
    def noisy(self) -> bool:
        """Whether any part is noisy: drivers, array, amplifiers, converters."""
        drawn = self.driver.noisy or self.noise is not None or self.fast_model.noise > 0.0
        return drawn or self.readout.converter.noisy

    @property
    def inputs(self) -> int:
        """Number of inputs of a product."""
        return self.crossbar.rows // len(self.digital.drive)

    @property
    def outputs(self) -> int:
        """Number of output codes of a product."""
        return self.converters // len(self.digital.significance)

    @property
    def period_second(self) -> float:
        """Time of one read [s]; a product takes ``driver.read_count`` of them."""
        return self.readout.timing.period_second

    @property
    def window_second(self) -> float:
        """Over which the fast model averages the currents [s]: a window, or the whole period."""
        return self.readout.window_second or self.period_second

    @property
    def converters(self) -> int:
        """Number of converters: one per column, or one per pair that is subtracted before it."""
        pairs = self.digital.pairs
        return self.crossbar.cols if pairs is None else len(pairs)

    @cached_property
    def driven(self) -> Crossbar:
        """The array with the drivers' resistance in its terminals, for the fast engine."""
        return with_terminals(self.crossbar, driver_ohm=self.driver.terminal_ohm, sense_ohm=0.0)

    @cached_property
    def in_deck(self) -> Crossbar:
        """The array as ngspice gets it: what a buffer's circuit has is not in the terminals."""
        return with_terminals(self.crossbar, driver_ohm=self.driver.deck_ohm, sense_ohm=0.0)

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
        """Return the transfer of the loaded array with the cells' slopes at zero [S].

        (rows, cols); of cells whose rows drive gates, what they hold.
        """
        if not self.crossbar.cell.loads_row:
            return self.crossbar.conductance
        return self._array.small_signal()

    @cached_property
    def _array(self) -> FastArray:
        return FastArray(
            self.loaded,
            self.driver,
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

        Raises
        ------
        ShapeError, ParameterError
            `x` is not (batch, inputs) or (inputs,), or out of range.
        """
        inputs = checks.read_volts("x", x, self.inputs)
        return self.driver.reads(self.digital.rows_of(self.driver.encode(inputs)), rng=rng)

    def draw_noise(
        self, reads: Sequence[WordLines], rng: np.random.Generator | None
    ) -> list[ReadNoise]:
        """Draw the noise of array, amplifiers and converters; nothing without `rng`."""
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
        """Return one read of every input from -1 to 1: of several, the k-th of input k, in turn."""
        reads = self.reads(x)
        return reads[0] if len(reads) == 1 else WordLines.in_turn(reads)

    @property
    def full_scale_volt(self) -> float:
        """Mean voltage of an input of 1 over the read-out's window [V]."""
        read = self.reads(np.ones(self.inputs))[0]
        return float(read.mean_volt(self.window_second)[0, 0])

    def column_current(self, read: WordLines) -> FloatArray:
        """Return the mean currents into the read-outs by the fast engine (batch, cols) [A]."""
        return self._array.column_current(read)

    def mvm(
        self,
        x: ArrayLike,
        *,
        engine: str = "fast",
        rng: np.random.Generator | None = None,
        array: str = "full",
        folder: str | Path | None = None,
        time_limit_second: float | None = 600.0,
    ) -> TileResult:
        """Compute matrix-vector products.

        Parameters
        ----------
        x
            Inputs from -1 to 1, (batch, inputs) or (inputs,).
        engine
            ``"fast"`` or ``"spice"``.
        rng
            Draws all noise, the same numbers for both engines: jitter of the drivers, what
            fluctuates in the array, the amplifiers' and the converters' own. None is no noise.
        array
            In ngspice: ``"full"`` writes every wire and cell, ``"macromodel"`` the exact reduction
            of a linear array to its ports.
        folder
            In ngspice: where decks and answers are kept, and found again; None keeps nothing.
        time_limit_second
            Time allowed to each ngspice run [s].

        Raises
        ------
        ShapeError, ParameterError
            An argument does not fit.
        SimulatorError, ConvergenceError
            ngspice failed.
        """
        checks.choice("engine", engine, ("fast", "spice"))
        checks.choice("array", array, ("full", "macromodel"))
        reads = self.reads(x, rng=rng)
        noises = self.draw_noise(reads, rng)
        pairs = list(zip(reads, noises, strict=True))
        if engine == "spice":
            answers = [
                self.in_spice(
                    read,
                    noise=noise,
                    array=array,
                    folder=folder,
                    time_limit_second=time_limit_second,
                )
                for read, noise in pairs
            ]
            codes = [np.concatenate([part.codes for part in parts]) for parts in answers]
            return TileResult(
                code=self.product_codes(reads, codes),
                column_current=None,
                engine="spice",
                simulator_second=sum(part.seconds for parts in answers for part in parts),
            )
        currents = [self.column_current(read) for read in reads]
        codes = [
            self.codes_of(current, noise) for current, noise in zip(currents, noises, strict=True)
        ]
        return TileResult(
            code=self.product_codes(reads, codes),
            column_current=np.sum(
                [read.weight * i for read, i in zip(reads, currents, strict=True)], axis=0
            ),
            engine="fast",
        )

    def codes_of(self, current: FloatArray, noise: ReadNoise | None = None) -> CodeArray:
        """Return every converter's codes by the fast model, before they are added.

        Parameters
        ----------
        current
            Into the read-outs (batch, cols) [A].
        noise
            What was drawn for this read.
        """
        drawn = noise or ReadNoise()
        entering = self.fast_model.converter_input(self.digital.meet(current))
        if drawn.entering is not None:
            entering = entering + drawn.entering
        return converted(self.warm_readout, entering, drawn.decisions)

    def product_codes(self, reads: Sequence[WordLines], codes: Sequence[CodeArray]) -> CodeArray:
        """Return the codes of the outputs: those of the reads shifted and added, digits added."""
        whole: CodeArray = sum(
            (read.weight * code for read, code in zip(reads, codes, strict=True)),
            np.zeros_like(codes[0]),
        )
        return self.digital.outputs_of(whole)

    def bench(
        self,
        read: WordLines,
        *,
        noise: ReadNoise | None = None,
        array: str = "full",
        columns: Sequence[int] | None = None,
    ) -> Testbench:
        """Return the deck of one read of a batch.

        Parameters
        ----------
        read
            What the word lines do.
        noise
            What was drawn for this read, or None.
        array
            As in :meth:`mvm`.
        columns
            Which columns have a read-out; the others end in ideal virtual grounds. None is all.
        """
        text, drawn = None, noise or ReadNoise()
        if array == "macromodel":
            text = macromodel_lines(self.in_deck, columns=columns)
        return tile_bench(
            self.in_deck,
            self.driver,
            self.warm_readout,
            read,
            array=text,
            noise=drawn.decisions,
            disturbance=drawn.entering,
            columns=columns,
            pairs=[] if self.digital.pairs is None else self.digital.pairs.tolist(),
            celsius=self.celsius,
        )

    def in_spice(
        self,
        read: WordLines,
        *,
        noise: ReadNoise | None = None,
        array: str = "full",
        columns: Sequence[int] | None = None,
        vectors: tuple[str, ...] = (),
        folder: str | Path | None = None,
        time_limit_second: float | None = 600.0,
        progress: Callable[[int], object] | None = None,
    ) -> list[BenchAnswer]:
        """Run the deck in parts of a few dozen products, and return what each gave.

        Arguments as for :meth:`mvm` and :meth:`bench`; `progress` is called with the number of
        products of each part that is done.
        """
        answers = []
        for begin in range(0, len(read.volt), _PER_DECK):
            part = slice(begin, begin + _PER_DECK)
            bench = self.bench(
                read.part(part),
                noise=None if noise is None else noise.part(part),
                array=array,
                columns=columns,
            )
            answers.append(
                run_bench(
                    bench,
                    vectors=vectors,
                    folder=folder,
                    label="products",
                    time_limit_second=time_limit_second,
                )
            )
            if progress is not None:
                progress(len(read.volt[part]))
        return answers

    @cached_property
    def provenance(self) -> Provenance:
        """What a calibration of this tile depends on: deck of one product, models, version."""
        return Provenance.of(self.bench(self.one_read(np.zeros(self.inputs))).deck)

    def with_model(self, model: ReadoutModel) -> Tile:
        """Return this tile with a fast model of its read-out."""
        return dataclasses.replace(self, model=model)

    def readout_joule(self, supply_watt: float | None = None) -> float:
        """Return the energy of one read of a column's read-out [J]; half of it if a pair shares it.

        Parameters
        ----------
        supply_watt
            Measured power of its op-amp and of the circuit in its converter [W]; None takes the
            calibrated model's energy, or the formulas of behavioural parts.

        Raises
        ------
        ParameterError
            It contains a circuit whose power has not been measured.
        """
        return readout_joule(self.readout, self.model, supply_watt)

    def cost(self, x: ArrayLike | None = None, *, supply_watt: float | None = None) -> TileCost:
        """Return time, energy by component, and area of a product.

        Parameters
        ----------
        x
            Inputs over which the energy is averaged; by default full scale on every row, the most.
        supply_watt
            As in :meth:`readout_joule`.

        Raises
        ------
        ParameterError
            The power of a circuit is unknown.
        """
        reads = self.reads(np.ones(self.inputs) if x is None else x)
        return tile_cost(
            self.crossbar,
            self.driver,
            self.readout,
            reads,
            column_joule=self.readout_joule(supply_watt),
            operations=2 * self.inputs * self.outputs,
        )
