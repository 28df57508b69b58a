"""Calibrating a read-out and judging it: held-out agreement with ngspice, speed, the macromodel.

One question a case: a named read-out on one column of an array. The tile is fitted to ngspice on
some products and judged on others that it has not seen; the fast model's time is taken in the same
process, so that the ratio of the two times holds on a busy machine too; and where the array's
macromodel took the full deck's place, the two are compared in ngspice.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import spice
from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.agreement import relative_difference
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.netlist.terminals import drivers, senses
from xbar_circuit.tile import Calibration, chain, fit_readout, macromodel_lines
from xbar_circuit.units import spice_number

__all__ = ["STANDARD_CASES", "CalibrationCase", "CalibrationReport", "calibrate_chain"]

_TIMING_REPEATS = 5
_ANALOG_OHM = 20.0  # a read-out's input where the macromodel is compared with the full deck


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationCase:
    """A read-out on the middle column of an array.

    Parameters
    ----------
    chain
        One of `tile.CHAINS`.
    rows, cols
        Size of the array.
    bits
        Of the converter.
    array
        ``"full"`` or ``"macromodel"``.
    samples, held_out
        Number of products for the fit, and held out.
    celsius
        Temperature of the whole deck [degree Celsius]; the model holds there only.

    Raises
    ------
    ParameterError
        A value is out of range.
    """

    chain: str
    rows: int = 64
    cols: int = 1
    bits: int = 8
    array: str = "full"
    samples: int = 64
    held_out: int = 50
    celsius: float = 27.0

    def __post_init__(self) -> None:
        for name in ("rows", "cols", "bits", "held_out"):
            checks.count(name, getattr(self, name))
        checks.count("samples", self.samples, minimum=2)
        checks.choice("array", self.array, ("full", "macromodel"))
        checks.number("celsius", self.celsius, "degree Celsius", minimum=-273.15, above=True)

    @property
    def name(self) -> str:
        """For tables and folders."""
        warm = "" if self.celsius == 27.0 else f" at {self.celsius:g} C"
        return f"{self.chain} {self.rows} x {self.cols}{warm}"

    @property
    def column(self) -> int:
        """The column that is read."""
        return self.cols // 2


#: A column of 64 rows as a whole deck, and one of a 256 x 256 array through its macromodel; 500
#: held-out products for behavioural read-outs, 50 for those of transistors.
STANDARD_CASES = tuple(
    CalibrationCase(
        chain=name,
        rows=size,
        cols=1 if size == 64 else size,
        array="full" if size == 64 else "macromodel",
        samples=40 if name.startswith("transistor") else 64,
        held_out=50 if name.startswith("transistor") else 500,
    )
    for size in (64, 256)
    for name in (
        "sar",
        "oscillator",
        "transistor-sar",
        "transistor-ramp",
        "transistor-oscillator",
    )
)


@brief(lambda self: f"{self.case.name}: {100 * self.within_one:.1f} % within 1 LSB", table=True)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationReport:
    """Result of a calibration.

    Parameters
    ----------
    case
        The question.
    calibration
        The tile with its model, and the held-out products.
    spice_second, fast_second
        Of one code in each engine [s]: ngspice reads one column, the fast model all of them. The
        array is reduced once, before.
    macromodel_difference
        Largest difference of the column's current between the macromodel and the full deck, both in
        ngspice, over the largest current; None where the macromodel was not used.
    """

    case: CalibrationCase
    calibration: Calibration
    spice_second: float
    fast_second: float
    macromodel_difference: float | None

    @property
    def speed_ratio(self) -> float:
        """Speed of the fast model over ngspice."""
        return self.spice_second / self.fast_second

    @property
    def within_one(self) -> float:
        """Share of held-out codes within one LSB of ngspice's."""
        apart = np.abs(self.calibration.fast_code - self.calibration.spice_code)
        return float((apart <= 1).mean())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            ``case``, the agreement of the held-out codes, the times of both engines [s], the
            ``model``, and the held-out currents [A] with their codes.
        """
        model = self.calibration.tile.fast_model
        return {
            "case": dataclasses.asdict(self.case),
            "within_one": self.within_one,
            "speed_ratio": self.speed_ratio,
            "spice_second": self.spice_second,
            "fast_second": self.fast_second,
            "macromodel_difference": self.macromodel_difference,
            "model": model.to_dict(),
            "held_out_current": self.calibration.current.tolist(),
            "held_out_spice_code": self.calibration.spice_code.tolist(),
            "held_out_fast_code": self.calibration.fast_code.tolist(),
        }


def calibrate_chain(
    case: CalibrationCase,
    *,
    seed: int = 1,
    thresholds: ArrayLike | None = None,
    folder: str | Path | None = None,
    progress: Callable[[int], object] | None = None,
) -> CalibrationReport:
    """Calibrate a named read-out and measure its held-out error.

    Parameters
    ----------
    case
        What to calibrate.
    seed
        Of conductances and inputs.
    thresholds
        Of the converter's circuit, measured; see :func:`xbar_circuit.tile.calibrate`.
    folder
        Where decks and answers are kept; the same call resumes there after an interruption.
    progress
        Called with how many more products are done, after each run of ngspice.

    Returns
    -------
    CalibrationReport
        The fitted model, and codes of both engines on products held out.

    Raises
    ------
    ParameterError
        An unknown read-out, or too few codes within the converter's range.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    rng = np.random.default_rng(seed)
    tile = chain(case.chain, rows=case.rows, cols=case.cols, bits=case.bits, rng=rng)
    tile = dataclasses.replace(tile, celsius=case.celsius)
    found = fit_readout(
        tile,
        rng=rng,
        samples=case.samples,
        held_out=case.held_out,
        array=case.array,
        columns=(case.column,),
        thresholds=thresholds,
        folder=folder,
        progress=progress,
    )
    difference = None
    if case.array == "macromodel":
        difference = macromodel_difference(
            tile.driven, found.x[:1] * tile.driver.full_scale_volt, case.column
        )
    return CalibrationReport(
        case=case,
        calibration=found,
        spice_second=found.simulator_second,
        fast_second=_fast_second(found),
        macromodel_difference=difference,
    )


def macromodel_difference(crossbar: Crossbar, volts: FloatArray, column: int) -> float:
    """Return how far the macromodel's column current is from the full deck's, both in ngspice.

    Every column ends in a resistance, as it would in a read-out; relative to the current.

    Parameters
    ----------
    crossbar
        A linear array.
    volts
        Of its rows (1, rows) [V].
    column
        Whose current to compare.

    Raises
    ------
    ParameterError
        The cells are not linear.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    ends = crossbar.terminals
    bottom = ends.bottom_ohm is not None
    side = "bottom_ohm" if bottom else "top_ohm"
    loaded = dataclasses.replace(
        crossbar, terminals=dataclasses.replace(ends, **{side: _ANALOG_OHM})
    )
    full = spice.read(loaded, volts, fields=False).column_current[:, column]
    lines = ["macromodel", ".options reltol=1e-9 abstol=1e-18 vntol=1e-12 gmin=1e-18 klu"]
    lines.append("Vreference reference 0 DC 0")
    lines += macromodel_lines(loaded)
    for end in drivers(loaded):
        lines.append(f"V{end.name} {end.name} 0 DC {spice_number(float(volts[0, end.index]))}")
    for end in senses(loaded):
        lines.append(f"V{end.name} {end.name} 0 DC 0")
    name = f"i(v{'bottom' if bottom else 'top'}_{column})"
    reduced = spice.run("\n".join([*lines, ".end"]), spice.Op(), vectors=[name])[name]
    return relative_difference(reduced[:, np.newaxis], full[:, np.newaxis], scale=full[:, None])


def _fast_second(found: Calibration) -> float:
    """Return the fast model's time for one code: the least of some repeats [s]."""
    found.tile.mvm(found.x)
    times = []
    for _ in range(_TIMING_REPEATS):
        start = time.perf_counter()
        found.tile.mvm(found.x)
        times.append(time.perf_counter() - start)
    return min(times) / (len(found.x) * found.tile.crossbar.cols)
