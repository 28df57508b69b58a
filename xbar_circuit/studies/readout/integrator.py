"""The charge integrator's bench: what it holds after its window, over the column's current.

It has no operating point in its window, so it is measured by transients: rows are at one scale of
a pattern after another, and each is reset, integrated and held before the output is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import ChargeIntegrator, Dac, Readout, SenseAmplifier, WordLines
from xbar_circuit.studies.readout.variations import plain
from xbar_circuit.tile import Tile

__all__ = ["IntegratorReport", "characterize_integrator"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntegratorReport:
    """Figures of merit of a charge integrator on its column.

    name : what was measured.
    gain_ohm, gain_error : slope of the held output over the current that an ideal virtual ground
        would take, ``-d V_out / d I`` [ohm], and that over ``window / farad``, less one.
    offset_volt : held output without input, less the reference [V].
    nonlinearity_volt : largest distance from a line over the pattern's range [V].
    swing_low_volt, swing_high_volt : least and largest output that was held [V].
    power_watt, energy_joule : mean over all reads, and of one read [W, J].
    input_current, output_volt : the sweep (points,) [A, V].
    """

    name: str
    gain_ohm: float
    gain_error: float
    offset_volt: float
    nonlinearity_volt: float
    swing_low_volt: float
    swing_high_volt: float
    power_watt: float
    energy_joule: float
    input_current: FloatArray
    output_volt: FloatArray

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        return {name: plain(getattr(self, name)) for name in self.__slots__}


def characterize_integrator(
    amplifier: ChargeIntegrator,
    *,
    crossbar: Crossbar,
    column: int = 0,
    pattern: ArrayLike | None = None,
    overdrive: float = 2.0,
    points: int = 9,
    name: str | None = None,
    folder: str | Path | None = None,
) -> IntegratorReport:
    """Measure a charge integrator on a column of an array, in ngspice.

    Parameters
    ----------
    amplifier
        Behavioural or of transistors.
    crossbar, column
        The array and the column that it reads; the other columns are held ideally.
    pattern
        Row voltages about the reference that make full scale (rows,) [V]; by default 0.2 V on
        every row.
    overdrive
        Range of the sweep for the swing, over the pattern's full scale.
    points
        Of the sweep within the pattern's range, odd; a few more lie beyond.
    name
        Name in the report.
    folder
        Where deck and answer are kept and found again; None keeps nothing.

    Raises
    ------
    ParameterError, ShapeError
        An argument does not fit.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    if not isinstance(amplifier, ChargeIntegrator):
        raise ParameterError.about(
            "amplifier",
            got=repr(amplifier),
            expected="a ChargeIntegrator",
            remedy="characterize_amplifier measures the others",
        )
    checks.count("column", column, minimum=0, maximum=crossbar.cols - 1)
    checks.count("points", points, minimum=3)
    checks.number("overdrive", overdrive, "1", minimum=1.0)
    rows = crossbar.rows
    volts = checks.read_volts("pattern", np.full(rows, 0.2) if pattern is None else pattern, rows)
    inside = np.linspace(-1.0, 1.0, points)
    beyond = np.linspace(1.0, overdrive, 4)[1:] if overdrive > 1.0 else np.zeros(0)
    scale = np.concatenate([-beyond[::-1], inside, beyond])
    # a first read without input, which is not used, gives ngspice an easy operating point
    read = WordLines(volt=np.append(0.0, scale)[:, None] * volts[0])
    # a latch is a converter that does not load the output
    latch = SenseAmplifier(thresholds_volt=(amplifier.reference_volt,))
    tile = Tile(crossbar, Dac(), Readout(amplifier=amplifier, converter=latch))
    node = f"v(out_{column})"
    answers = tile.in_spice(read, columns=(column,), vectors=(node,), folder=folder)
    out = np.concatenate([answer.sampled[node] for answer in answers])[1:]
    current = nodal.read(crossbar, read.volt[1:]).column_current[:, column]
    used = np.abs(scale) <= 1.0
    if np.ptp(current[used]) == 0.0:
        raise ParameterError.about(
            "pattern",
            got="no current in the column",
            expected="row voltages and conductances that make a full-scale current",
            remedy="choose another column or pattern",
        )
    slope, start = np.polyfit(current[used], out[used], 1)
    watt = float(np.mean([sum(answer.supply_watt.values()) for answer in answers]))
    kind = getattr(amplifier.opamp, "name", "behavioural op-amp")
    return IntegratorReport(
        name=name or f"{kind}, {amplifier.farad:g} F in {amplifier.window_second:g} s",
        gain_ohm=-float(slope),
        gain_error=-float(slope) / amplifier.transimpedance_ohm - 1.0,
        offset_volt=float(np.interp(0.0, scale, out)) - amplifier.reference_volt,
        nonlinearity_volt=float(np.abs(out[used] - start - slope * current[used]).max()),
        swing_low_volt=float(out.min()),
        swing_high_volt=float(out.max()),
        power_watt=watt,
        energy_joule=watt * tile.period_second,
        input_current=current,
        output_volt=out,
    )
