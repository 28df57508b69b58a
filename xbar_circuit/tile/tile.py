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

from xbar_circuit import checks, nodal
from xbar_circuit.calibration import ReadoutModel
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist.periphery import timing_of
from xbar_circuit.netlist.provenance import Provenance
from xbar_circuit.netlist.testbench import Testbench
from xbar_circuit.netlist.tile import tile_bench
from xbar_circuit.peripherals.converters import CodeArray, ConverterBase
from xbar_circuit.peripherals.drivers import Dac
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.spice.testbench import BenchAnswer, run_bench
from xbar_circuit.tile.cost import TileCost, tile_cost
from xbar_circuit.tile.macromodel import macromodel_lines
from xbar_circuit.wires import Terminals

__all__ = ["Tile", "TileResult"]

_PER_DECK = 32  # products; long piecewise linear sources are slow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileResult:
    """What a tile computed.

    code : (batch, cols).
    column_current : into the read-outs, by the fast model (batch, cols) [A]; None from ngspice.
    engine : ``"fast"`` or ``"spice"``.
    simulator_second : time inside ngspice [s]; 0 for the fast engine.
    """

    code: CodeArray
    column_current: FloatArray | None
    engine: str
    simulator_second: float = 0.0


@dataclass(frozen=True)
class Tile:
    """A crossbar with drivers on its rows and read-outs on its columns.

    Parameters
    ----------
    crossbar
        The array. Its terminals' resistances add to the driver's and the read-out's; each column
        is sensed at one end.
    driver
        On every row.
    readout
        On every column.
    model
        The read-out's fast model; None takes the formula, which only behavioural read-outs have.

    Raises
    ------
    ParameterError
        A part is of the wrong kind, or a column is sensed at both ends.
    """

    crossbar: Crossbar
    driver: Dac
    readout: Readout
    model: ReadoutModel | None = None

    def __post_init__(self) -> None:
        for name, kind in (("crossbar", Crossbar), ("driver", Dac), ("readout", Readout)):
            if not isinstance(getattr(self, name), kind):
                raise ParameterError.about(
                    name,
                    got=repr(getattr(self, name)),
                    expected=f"a {kind.__name__}",
                    remedy="xc.Tile(crossbar, peripherals.Dac(...), peripherals.Readout(...))",
                )
        ends = self.crossbar.terminals
        if ends.bottom_ohm is not None and ends.top_ohm is not None:
            raise ParameterError.about(
                "crossbar.terminals",
                got="columns sensed at the bottom and at the top",
                expected="one read-out a column",
                remedy="set top_ohm=None or bottom_ohm=None",
            )

    @property
    def period_second(self) -> float:
        """Time of one product [s]."""
        return timing_of(self.readout.converter, settle_second=self.readout.settling).period_second

    @cached_property
    def driven(self) -> Crossbar:
        """The array with the drivers' resistance in its terminals."""
        return _with_terminals(self.crossbar, driver_ohm=self.driver.output_ohm, sense_ohm=0.0)

    @cached_property
    def fast_model(self) -> ReadoutModel:
        """The read-out's model: the calibrated one, or the formula.

        Raises
        ------
        ParameterError
            There is no formula: the read-out contains a circuit and is not calibrated.
        """
        return self.model if self.model is not None else _formula(self.readout)

    @cached_property
    def _prepared(self) -> nodal.Prepared:
        return nodal.prepare(
            _with_terminals(self.driven, driver_ohm=0.0, sense_ohm=self.fast_model.input_ohm)
        )

    @cached_property
    def _transfer(self) -> FloatArray | None:
        return self._prepared.transfer() if self.crossbar.cell.linear else None

    def volts(self, x: ArrayLike) -> FloatArray:
        """Return the row voltages about the reference for inputs from -1 to 1 (batch, rows) [V].

        Raises
        ------
        ShapeError, ParameterError
            `x` is not (batch, rows) or (rows,), or out of range.
        """
        inputs = checks.read_volts("x", x, self.crossbar.rows)
        return self.driver.volts(self.driver.encode(inputs))

    def column_current(self, volts: FloatArray) -> FloatArray:
        """Return the currents into the read-outs by the fast engine (batch, cols) [A].

        An input voltage over the reference that all read-outs share is a shift of all the inputs:
        no current of the array flows to ground.
        """
        shifted = volts - self.fast_model.input_volt
        if self._transfer is not None:
            return shifted @ self._transfer
        return self._prepared.read(shifted).column_current

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
            Inputs from -1 to 1, (batch, rows) or (rows,).
        engine
            ``"fast"`` or ``"spice"``.
        rng
            Draws the converters' noise, the same numbers for both engines; None is no noise.
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
        volts = self.volts(x)
        converter = self.readout.converter
        noise = None
        if rng is not None and isinstance(converter, ConverterBase):
            noise = converter.draw_noise(rng, (len(volts), self.crossbar.cols))
        if engine == "spice":
            answers = self.in_spice(
                volts,
                noise=noise,
                array=array,
                folder=folder,
                time_limit_second=time_limit_second,
            )
            return TileResult(
                code=np.concatenate([answer.codes for answer in answers]),
                column_current=None,
                engine="spice",
                simulator_second=sum(answer.seconds for answer in answers),
            )
        current = self.column_current(volts)
        disturbance = None
        if rng is not None and self.fast_model.noise > 0.0:
            disturbance = self.fast_model.noise * rng.standard_normal(current.shape)
        return TileResult(
            code=self.codes_of(current, noise=noise, disturbance=disturbance),
            column_current=current,
            engine="fast",
        )

    def codes_of(
        self,
        current: FloatArray,
        *,
        noise: FloatArray | None = None,
        disturbance: FloatArray | None = None,
    ) -> CodeArray:
        """Return the codes of column currents [A] by the fast model, same shape.

        Parameters
        ----------
        current
            Into the read-outs [A].
        noise
            Standard normal numbers of the converters' decisions (*current.shape, decisions).
        disturbance
            What the amplifiers' noise adds to the converters' inputs (same shape) [V or A].
        """
        converter = self.readout.converter
        entering = self.fast_model.converter_input(current)
        if disturbance is not None:
            entering = entering + disturbance
        if isinstance(converter, ConverterBase):
            return converter.convert_with(entering, noise)
        return converter.convert(entering)

    def bench(
        self,
        volts: FloatArray,
        *,
        noise: FloatArray | None = None,
        array: str = "full",
        columns: Sequence[int] | None = None,
    ) -> Testbench:
        """Return the deck of products with these row voltages about the reference (batch, rows).

        Parameters
        ----------
        volts
            (batch, rows) [V].
        noise
            Standard normal numbers (batch, cols, decisions), or None.
        array
            As in :meth:`mvm`.
        columns
            Which columns have a read-out; the others end in ideal virtual grounds. None is all.
        """
        text = None
        if array == "macromodel":
            text = macromodel_lines(self.driven, columns=columns)
        return tile_bench(
            self.driven,
            self.readout,
            volts,
            rise_second=self.driver.settle_second,
            array=text,
            noise=noise,
            columns=columns,
        )

    def in_spice(
        self,
        volts: FloatArray,
        *,
        noise: FloatArray | None = None,
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
        for begin in range(0, len(volts), _PER_DECK):
            part = slice(begin, begin + _PER_DECK)
            bench = self.bench(
                volts[part],
                noise=None if noise is None else noise[part],
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
                progress(len(volts[part]))
        return answers

    @cached_property
    def provenance(self) -> Provenance:
        """What a calibration of this tile depends on: deck of one product, models, version."""
        return Provenance.of(self.bench(np.zeros((1, self.crossbar.rows))).deck)

    def with_model(self, model: ReadoutModel) -> Tile:
        """Return this tile with a fast model of its read-out."""
        return dataclasses.replace(self, model=model)

    def readout_joule(self, supply_watt: float | None = None) -> float:
        """Return what one read-out takes for a product [J].

        Parameters
        ----------
        supply_watt
            Measured power of its op-amp and of the circuit in its converter [W]; None takes the
            calibrated model's energy, or the formulas of behavioural parts.

        Raises
        ------
        ParameterError
            It contains a circuit, whose power nobody has measured.
        """
        converter, amplifier = self.readout.converter, self.readout.amplifier
        inside = isinstance(converter, ConverterBase) and converter.circuit is not None
        if supply_watt is not None:
            replaced = converter.circuit_joule if isinstance(converter, ConverterBase) else 0.0
            own = converter.energy_joule - (replaced if inside else 0.0)
            return own + supply_watt * self.period_second
        if self.model is not None and np.isfinite(self.model.readout_joule):
            return self.model.readout_joule
        power = 0.0
        if amplifier is not None:
            power = getattr(amplifier.opamp, "power_watt", np.nan)
        if inside or not np.isfinite(power):
            raise ParameterError.about(
                "supply_watt",
                got="None for a read-out that contains a circuit",
                expected="its measured power [W]",
                remedy="calibrate the tile, or take power_watt from studies.characterize_amplifier",
            )
        return converter.energy_joule + power * self.period_second

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
            A circuit's power is not known.
        """
        volts = self.volts(np.ones(self.crossbar.rows) if x is None else x)
        return tile_cost(self, volts, supply_watt=supply_watt)


def _with_terminals(crossbar: Crossbar, *, driver_ohm: float, sense_ohm: float) -> Crossbar:
    ends = crossbar.terminals

    def more(ohm: float | None, extra: float) -> float | None:
        return None if ohm is None else max(ohm + extra, 0.0)

    terminals = Terminals(
        left_ohm=more(ends.left_ohm, driver_ohm),
        right_ohm=more(ends.right_ohm, driver_ohm),
        bottom_ohm=more(ends.bottom_ohm, sense_ohm),
        top_ohm=more(ends.top_ohm, sense_ohm),
    )
    return dataclasses.replace(crossbar, terminals=terminals)


def _formula(readout: Readout) -> ReadoutModel:
    """Return the model of a behavioural read-out, from its own parameters."""
    if not np.isfinite(readout.input_ohm):
        raise ParameterError.about(
            "model",
            got="None for a read-out that contains a circuit",
            expected="a calibrated model",
            remedy="use tile.calibrate(the_tile, rng=...), or load one with ReadoutModel.load",
        )
    converter = readout.converter
    span = converter.input_high - converter.input_low
    amplifier = readout.amplifier
    if amplifier is None:
        return ReadoutModel(
            input_ohm=readout.input_ohm,
            input_volt=0.0,
            scale_ampere=span,
            coefficients=(0.0, span),
        )
    scale = span / amplifier.feedback_ohm
    slope = (readout.input_ohm - amplifier.feedback_ohm) * scale
    return ReadoutModel(
        input_ohm=readout.input_ohm,
        input_volt=readout.input_volt - readout.reference_volt,
        scale_ampere=scale,
        coefficients=(readout.input_volt, slope),
    )
