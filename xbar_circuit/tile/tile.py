"""The tile: numbers in, codes out.

`mvm` evaluates the same description in two ways. The fast one takes the array by exact nodal
analysis, with the read-out's input resistance as its sense terminals', and the read-out by its
model: a formula, or one calibrated against ngspice. The other one puts drivers, array, amplifiers
and converters into one deck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.netlist._testbench import Testbench
from xbar_circuit.netlist._tile import tile_bench
from xbar_circuit.peripherals.drivers import WordLines
from xbar_circuit.spice._testbench import BenchAnswer, run_bench
from xbar_circuit.tile._fast import FastTile
from xbar_circuit.tile.cost import TileCost, readout_joule, tile_cost
from xbar_circuit.tile.macromodel import macromodel_lines
from xbar_circuit.tile.noise import ReadNoise
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
class Tile(FastTile):
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

    >>> from xbar_circuit import Crossbar, Terminals, Wires
    >>> from xbar_circuit.peripherals import Dac, IdealConverter, Readout
    >>> xbar = Crossbar(
    ...     conductance=[[1e-5, 2e-5], [3e-5, 0.0]],
    ...     wires=Wires(row_ohm=1.0, column_ohm=1.0),
    ...     terminals=Terminals(),
    ... )
    >>> converter = IdealConverter(bits=8, low=-10e-6, high=10e-6)
    >>> tile = Tile(crossbar=xbar, driver=Dac(bits=8), readout=Readout(converter=converter))
    >>> tile.mvm([1.0, -0.5]).code.tolist()  # about -1 uA and 4 uA
    [[114, 179]]
    >>> round(tile.cost().total_joule * 1e15, 3)  # fJ: 2.4 in the array, 0.8 in the drivers
    3.2
    """

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
            In ngspice: folder in which decks and answers are kept, and looked up; None keeps
            nothing.
        time_limit_second
            Time allowed to each ngspice run [s].

        Returns
        -------
        TileResult
            Codes (batch, outputs), and from the fast engine the mean currents [A].

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
            Signals of the word lines.
        noise
            Noise drawn for this read; None is none.
        array
            As in :meth:`mvm`.
        columns
            Columns that have a read-out; the others end in ideal virtual grounds. None is all.

        Returns
        -------
        Testbench
            The deck, with the vectors and times at which its codes are read.
        """
        text, drawn = None, noise or ReadNoise()
        if array == "macromodel":
            text = macromodel_lines(self.in_deck, columns=columns)
        return tile_bench(
            self.in_deck,
            self.warm_driver,
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
        """Run the deck in ngspice, a few dozen products at a time.

        Parameters
        ----------
        read
            Signals of the word lines, (batch, rows).
        noise
            Noise drawn for this read; None is none.
        array, folder, time_limit_second
            As in :meth:`mvm`.
        columns
            As in :meth:`bench`.
        vectors
            Names of vectors to keep as well.
        progress
            Called with the number of products of each part that is done.

        Returns
        -------
        list
            An answer for each part, with its codes (products, converters).
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

    def readout_joule(self, supply_watt: float | None = None) -> float:
        """Return the energy of one read of a column's read-out.

        Parameters
        ----------
        supply_watt
            Measured power of its op-amp and of the circuit in its converter [W]; None takes the
            calibrated model's energy, or the formulas of behavioural parts.

        Returns
        -------
        float
            Energy [J]; with half of what a pair shares.

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

        Returns
        -------
        TileCost
            Latency [s], energy of each component [J], area [m2].

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
