"""A column read out end to end: the code against the ideal dot product, the error split by cause.

The ideal is the dot product itself: the inputs as numbers, the conductances that were wanted, wires
and drivers without resistance, an amplifier and a converter without error. Along the signal's way
one imperfection after the other is switched on, and each cause is charged with what its switching
on does to the code:

- **driver**: rounding and errors of the word lines' voltages, and their output resistance;
- **device**: conductances other than the wanted ones, and cells that are not ohmic;
- **wire**: wires, leads and the array's own terminals;
- **amplifier**: its input's resistance and voltage, its curve, what has not settled;
- **converter**: rounding, thresholds that are not where they should be, noise.

The shares add up to the whole error of every single product, exactly. In ngspice the column's
current and the amplifier's output are read in the circuit itself, when the converter has taken its
input; in the fast engine they are those of the tile's model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Ohmic
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.studies.readout.column_report import ColumnReport
from xbar_circuit.tile import IdealScale, ReadNoise, Tile, random_inputs
from xbar_circuit.wires import Terminals, Wires

__all__ = ["characterize_column"]


def characterize_column(
    tile: Tile,
    *,
    column: int = 0,
    x: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    products: int = 64,
    noise: bool = False,
    target: ArrayLike | None = None,
    engine: str = "spice",
    array: str = "full",
    folder: str | Path | None = None,
    progress: Callable[[int], object] | None = None,
    name: str | None = None,
) -> ColumnReport:
    """Read a column out end to end, and split the error of its codes by cause.

    Parameters
    ----------
    tile
        Driver, array and read-out. For the fast engine a read-out with circuits must be calibrated.
    column
        Which one; in ngspice the others end in ideal virtual grounds.
    x
        Inputs from -1 to 1 (products, rows); None draws them.
    rng
        Draws the inputs, and the converter's noise.
    products
        How many inputs to draw.
    noise
        Whether the converter is noisy; the same numbers in both engines.
    target
        Target conductances (rows, cols) [S]; None uses those of the crossbar.
    engine
        ``"spice"`` or ``"fast"``.
    array
        In ngspice: ``"full"``, or ``"macromodel"``, the exact reduction of a linear array.
    folder
        In ngspice: where decks and answers are kept; the same call resumes there after an
        interruption.
    progress
        In ngspice: called with the number of products of each run that is done.
    name
        Name in the report.

    Returns
    -------
    ColumnReport
        Codes, and the error of each cause [LSB].

    Raises
    ------
    ParameterError, ShapeError
        An argument does not fit; `rng` is missing where something is drawn.
    SimulatorError, ConvergenceError
        ngspice failed.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> tile = xc.Accelerator().tile(np.full((16, 8), 5e-6))
    >>> rng = np.random.default_rng(0)
    >>> report = characterize_column(tile, rng=rng, products=8, engine="fast")
    >>> sorted(report.error_lsb)
    ['amplifier', 'converter', 'device', 'driver', 'wire']
    """
    checks.choice("engine", engine, ("spice", "fast"))
    checks.choice("array", array, ("full", "macromodel"))
    checks.count("column", column, minimum=0, maximum=tile.crossbar.cols - 1)
    rows = tile.crossbar.rows
    if tile.driver.read_count > 1 or tile.readout.subtracts_before:
        raise ParameterError.about(
            "tile",
            got=f"{tile.driver.read_count} reads a product, difference {tile.readout.difference!r}",
            expected="one read per product and one converter per column",
            remedy="split the error of one read of one column, with the same parts",
        )
    if rng is None and (x is None or noise):
        raise ParameterError.about(
            "rng",
            got="None",
            expected="a numpy.random.Generator for what is drawn",
            remedy="give rng=numpy.random.default_rng(1), or x and no noise",
        )
    if x is None and rng is not None:
        x = random_inputs(rng, checks.count("products", products, minimum=2), rows)
    inputs = checks.read_volts("x", np.asarray(x, dtype=np.float64), rows)
    wanted = tile.crossbar.conductance
    if target is not None:
        wanted = checks.conductance_matrix("target", target)
        if wanted.shape != tile.crossbar.shape:
            raise ShapeError.about(
                "target",
                got=f"shape {wanted.shape}",
                expected=f"shape {tile.crossbar.shape}, as the crossbar",
                remedy="give the conductances that were asked of its devices",
            )
    currents = _currents(tile, inputs, wanted, column)
    drawn: ReadNoise | None = None
    converter = tile.readout.converter
    if noise and rng is not None:
        decisions = converter.draw_noise(rng, (len(inputs), tile.converters))
        drawn = ReadNoise(decisions=decisions)
    found = (
        _in_spice(tile, inputs, column, drawn, array=array, folder=folder, progress=progress)
        if engine == "spice"
        else _by_model(tile, inputs, column, drawn)
    )
    scale = IdealScale(tile.readout)
    path = [scale.of_current(current) for current in currents]
    held = scale.of_current(found.current)
    entered = held if found.entering is None else scale.of_input(found.entering)
    # an array read without an amplifier is loaded by the converter's own input
    last = path[-1] if found.entering is None else entered
    error = {
        "driver": path[1] - path[0] + path[4] - path[3],
        "device": path[2] - path[1],
        "wire": path[3] - path[2],
        "amplifier": last - path[-1],
        "converter": found.code - last,
    }
    gain, offset = _line(path[0], found.code)
    return ColumnReport(
        name=name or f"column {column} of {rows} x {tile.crossbar.cols}",
        engine=engine,
        array=array if engine == "spice" else "full",
        rows=rows,
        column=column,
        bits=converter.known_bits(),
        ideal_code=path[0],
        code=found.code,
        error_lsb=error,
        gain=gain,
        offset_lsb=offset,
        calibrated_error_lsb=(found.code - offset) / gain - path[0],
        product_second=tile.period_second,
        readout_joule=found.joule,
        simulator_second=found.seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What one engine gave of one column, (products,) each.

    current : into the read-out [A].
    entering : amplifier's output as the converter took it [V]; None without an amplifier.
    """

    code: CodeArray
    current: FloatArray
    entering: FloatArray | None
    joule: float
    seconds: float


def _in_spice(
    tile: Tile, inputs: FloatArray, column: int, noise: ReadNoise | None, **settings: Any
) -> _Found:
    amplified = tile.readout.amplifier is not None
    names = [f"i(vsense_{column})", *([f"v(out_{column})"] if amplified else [])]
    answers = tile.in_spice(
        tile.one_read(inputs), noise=noise, columns=(column,), vectors=tuple(names), **settings
    )
    read = [np.concatenate([answer.sampled[name] for answer in answers]) for name in names]
    counts = np.array([len(answer.codes) for answer in answers], dtype=np.float64)
    watts = np.array([sum(answer.supply_watt.values()) for answer in answers])
    return _Found(
        code=np.concatenate([answer.codes[:, 0] for answer in answers]),
        current=read[0],
        entering=read[1] if amplified else None,
        joule=tile.readout_joule(float(counts @ watts / counts.sum())),
        seconds=sum(answer.seconds for answer in answers),
    )


def _by_model(tile: Tile, inputs: FloatArray, column: int, noise: ReadNoise | None) -> _Found:
    current = tile.column_current(tile.one_read(inputs))
    entering = tile.fast_model.converter_input(current)[:, column]
    try:
        joule = tile.readout_joule()
    except ParameterError:  # a model from a file may not know its energy
        joule = float("nan")
    return _Found(
        code=tile.codes_of(current, noise)[:, column],
        current=current[:, column],
        entering=None if tile.readout.amplifier is None else entering,
        joule=joule,
        seconds=0.0,
    )


def _currents(
    tile: Tile, inputs: FloatArray, target: FloatArray, column: int
) -> tuple[FloatArray, ...]:
    """Return the column's current with more and more imperfections, (products,) each [A].

    Ideal; real word-line voltages; real devices; wires; the driver's resistance.
    """
    ideal_volts = inputs * tile.full_scale_volt
    volts = tile.one_read(inputs).mean_volt(tile.readout.window_second or tile.period_second)
    array = tile.crossbar
    left, bottom = (
        getattr(array.terminals, f"{side}_ohm") is not None for side in ("left", "bottom")
    )
    ends = Terminals(
        left_ohm=0.0 if left else None,
        right_ohm=None if left else 0.0,
        bottom_ohm=0.0 if bottom else None,
        top_ohm=None if bottom else 0.0,
    )
    bare = dataclasses.replace(array, wires=Wires(row_ohm=0.0, column_ohm=0.0), terminals=ends)
    asked = dataclasses.replace(bare, conductance=target, cell=Ohmic())

    def read(crossbar: Crossbar, applied: FloatArray) -> FloatArray:
        return nodal.read(crossbar, applied).column_current[:, column]

    return (
        read(asked, ideal_volts),
        read(asked, volts),
        read(bare, volts),
        read(array, volts),
        read(tile.driven, volts),
    )


def _line(ideal: FloatArray, code: CodeArray) -> tuple[float, float]:
    """Return gain and offset of the codes over the ideal."""
    if np.ptp(ideal) == 0.0:
        return 1.0, float(np.mean(code - ideal))
    gain, offset = np.polyfit(ideal, code, 1)
    if gain <= 0.0:
        raise ParameterError.about(
            "tile",
            got=f"codes that move {gain:.2g} codes for each code of the dot product",
            expected="codes that follow it",
            remedy="check the converter's range and the amplifier's polarity",
        )
    return float(gain), float(offset)
