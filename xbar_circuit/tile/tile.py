"""The tile: numbers in, codes out.

`mvm` evaluates the same description in two ways. The fast one takes the array by exact nodal
analysis, with the read-out's input resistance as its sense terminals', and the read-out by its
model: a formula, or one calibrated against ngspice. The other one puts drivers, array, amplifiers
and converters into one deck.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import checks, nodal
from xbar_circuit.calibration import ReadoutModel, circuit_key
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist.periphery import timing_of
from xbar_circuit.netlist.testbench import Testbench
from xbar_circuit.netlist.tile import tile_bench
from xbar_circuit.peripherals.amplifiers import OpAmp
from xbar_circuit.peripherals.converters import CodeArray, ConverterBase
from xbar_circuit.peripherals.drivers import Dac
from xbar_circuit.peripherals.readout import Readout
from xbar_circuit.spice.testbench import BenchAnswer, run_bench
from xbar_circuit.tile.cost import HERMES_CORE, TileCost
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
                volts, noise=noise, array=array, time_limit_second=time_limit_second
            )
            return TileResult(
                code=np.concatenate([answer.codes for answer in answers]),
                column_current=None,
                engine="spice",
                simulator_second=sum(answer.seconds for answer in answers),
            )
        current = self.column_current(volts)
        return TileResult(
            code=self.codes_of(current, noise=noise), column_current=current, engine="fast"
        )

    def codes_of(self, current: FloatArray, *, noise: FloatArray | None = None) -> CodeArray:
        """Return the codes of column currents [A] by the fast model, same shape."""
        converter = self.readout.converter
        entering = self.fast_model.converter_input(current)
        if isinstance(converter, ConverterBase):
            return converter.convert_with(entering, noise)
        return converter.convert(entering)

    def bench(
        self, volts: FloatArray, *, noise: FloatArray | None = None, array: str = "full"
    ) -> Testbench:
        """Return the deck of products with these row voltages about the reference (batch, rows)."""
        text = None
        if array == "macromodel":
            text = macromodel_lines(self.driven)
        return tile_bench(
            self.driven,
            self.readout,
            volts,
            rise_second=self.driver.settle_second,
            array=text,
            noise=noise,
        )

    def in_spice(
        self,
        volts: FloatArray,
        *,
        noise: FloatArray | None = None,
        array: str = "full",
        vectors: tuple[str, ...] = (),
        time_limit_second: float | None = 600.0,
    ) -> list[BenchAnswer]:
        """Run the deck in parts of a few dozen products, and return what each gave."""
        answers = []
        for begin in range(0, len(volts), _PER_DECK):
            part = slice(begin, begin + _PER_DECK)
            bench = self.bench(
                volts[part], noise=None if noise is None else noise[part], array=array
            )
            answers.append(run_bench(bench, vectors=vectors, time_limit_second=time_limit_second))
        return answers

    @cached_property
    def key(self) -> str:
        """Key of the circuit: deck of one product, model files, version of the package."""
        deck = self.bench(np.zeros((1, self.crossbar.rows))).deck
        return circuit_key(deck, _version())

    def with_model(self, model: ReadoutModel) -> Tile:
        """Return this tile with a fast model of its read-out."""
        return dataclasses.replace(self, model=model)

    def cost(self, x: ArrayLike | None = None, *, amplifier_watt: float | None = None) -> TileCost:
        """Return time, energy by component, and area of a product.

        Parameters
        ----------
        x
            Inputs over which the energy is averaged; by default full scale on every row, the most.
        amplifier_watt
            Power of one amplifier [W]; needed for a circuit, whose power only a measurement knows.

        Raises
        ------
        ParameterError
            The amplifier's power is not known.
        """
        volts = self.volts(np.ones(self.crossbar.rows) if x is None else x)
        rows, cols = self.crossbar.shape
        amplifier = self.readout.amplifier
        watt = 0.0
        if amplifier is not None:
            if amplifier_watt is not None:
                watt = checks.number("amplifier_watt", amplifier_watt, "W")
            elif isinstance(amplifier.opamp, OpAmp):
                watt = amplifier.opamp.power_watt
            else:
                raise ParameterError.about(
                    "amplifier_watt",
                    got="None for an amplifier of transistors",
                    expected="its power [W]",
                    remedy="take power_watt from studies.characterize_amplifier",
                )
        wires = self.crossbar.wires
        line_farad = self.driver.farad + cols * wires.row_farad
        squares = float((volts**2).sum(axis=1).mean())
        array_watt = float((volts**2 @ self.crossbar.conductance.sum(axis=1)).mean())
        period = self.period_second
        return TileCost(
            latency_second=period,
            energy_joule={
                "drivers": squares * line_farad,
                "array": array_watt * period,
                "amplifiers": watt * period * cols,
                "converters": self.readout.converter.energy_joule * cols,
            },
            area_square_metre=HERMES_CORE["area_square_metre"] * rows * cols / 256**2,
            operations=2 * rows * cols,
            assumptions=(
                "array: inputs applied for the whole period, device voltages without IR drop",
                "drivers: their own and the word lines' capacitance charged once a product",
                "amplifiers: quiescent power for the whole period",
                "converters: the energy model in the converter's docstring",
                "no buffers, no digital accumulation, no clock distribution, no leakage",
                "area: density of the HERMES core, not a layout",
            ),
        )


def _version() -> str:
    """Return the package's version; the root package, which holds it, imports this module."""
    return str(vars(sys.modules["xbar_circuit"]).get("__version__", ""))


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
