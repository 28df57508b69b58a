"""The charge integrator's bench: what it holds after its window, over the column's current.

It has no operating point in its window, so it is measured by transients: rows are at one scale of
a pattern after another, and each is reset, integrated and held before the output is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import nodal
from xbar_circuit._brief import brief, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import ChargeIntegrator, Dac, Readout, SenseAmplifier, WordLines
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.readout.variations import (
    Variation,
    conditions,
    file_name,
    measured_again,
    models_key,
    part_at,
    plain,
    temperatures_of,
)
from xbar_circuit.tile import Tile
from xbar_circuit.units import engineering

__all__ = ["IntegratorReport", "characterize_integrator"]


@brief(
    lambda self: headline(self, self.name, "gain_ohm", "offset_volt", "energy_joule"), table=True
)
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
    celsius : temperature [degree Celsius].
    variations : the same figures at other corners, temperatures, supplies and mismatch.
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
    celsius: float = 27.0
    variations: tuple[Variation, ...] = ()

    @property
    def merits(self) -> dict[str, float]:
        """The figures of merit that are one number, by name."""
        return {
            name: float(getattr(self, name))
            for name in self.__slots__
            if isinstance(getattr(self, name), float) and name != "celsius"
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The fields by name; NaN and infinity are None.
        """
        return {name: plain(getattr(self, name)) for name in self.__slots__}


def characterize_integrator(
    amplifier: ChargeIntegrator,
    *,
    crossbar: Crossbar,
    column: int = 0,
    pattern: ArrayLike | None = None,
    overdrive: float = 2.0,
    points: int = 9,
    celsius: float | Sequence[float] = 27.0,
    corners: Sequence[str] = (),
    supplies: Sequence[Mapping[str, float]] = (),
    mismatch: Mapping[str, float] | None = None,
    samples: int = 16,
    kit_samples: int = 0,
    rng: np.random.Generator | None = None,
    name: str | None = None,
    folder: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
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
    celsius, corners, supplies, mismatch, samples, kit_samples, rng
        Under which conditions it is measured again, as of :func:`characterize_amplifier`.
    name
        Name in the report.
    folder
        Where decks and answers are kept (``decks/``, ``variations/``) and found again; None keeps
        nothing.
    executor, workers, progress
        Who measures the variations, as of :func:`run_items`.

    Returns
    -------
    IntegratorReport
        Gain [ohm], offset [V], nonlinearity [V], swing [V] and energy [J].

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
    temperatures = temperatures_of(celsius)
    home = None if folder is None else Path(folder)
    settings = {
        "crossbar": crossbar,
        "column": column,
        "pattern": volts[0],
        "overdrive": overdrive,
        "points": points,
    }
    report = _measured(
        amplifier,
        **settings,
        celsius=temperatures[0],
        name=name,
        folder=None if home is None else home / "decks",
    )
    varied = []
    for condition in conditions(
        corners,
        temperatures,
        mismatch=mismatch,
        samples=samples,
        kit_samples=kit_samples,
        supplies=supplies,
        rng=rng,
    ):
        other = part_at(amplifier, condition)
        place = None if home is None else str(home / "decks" / file_name(condition.name))
        arguments = {
            **settings,
            "amplifier": other,
            "celsius": condition.celsius,
            "folder": place,
            "provenance": models_key(other.circuit),
        }
        varied.append((condition, arguments))
    variations = measured_again(
        measure_integrator,
        varied,
        folder=None if home is None else home / "variations",
        executor=executor,
        workers=workers,
        progress=progress,
    )
    return replace(report, variations=variations)


def measure_integrator(
    *,
    rng: np.random.Generator,  # noqa: ARG001  of the runner; what is drawn is in the amplifier
    amplifier: ChargeIntegrator,
    provenance: str,  # noqa: ARG001  an edited model file is measured anew
    **settings: Any,
) -> dict[str, float]:
    """Return the figures of merit at one condition; what a worker process calls."""
    return _measured(amplifier, **settings).merits


def _measured(
    amplifier: ChargeIntegrator,
    *,
    crossbar: Crossbar,
    column: int,
    pattern: FloatArray,
    overdrive: float,
    points: int,
    celsius: float,
    name: str | None = None,
    folder: str | Path | None = None,
) -> IntegratorReport:
    inside = np.linspace(-1.0, 1.0, points)
    beyond = np.linspace(1.0, overdrive, 4)[1:] if overdrive > 1.0 else np.zeros(0)
    scale = np.concatenate([-beyond[::-1], inside, beyond])
    # a first read without input, which is not used, gives ngspice an easy operating point
    read = WordLines(volt=np.append(0.0, scale)[:, None] * pattern)
    # a latch is a converter that does not load the output
    latch = SenseAmplifier(thresholds_volt=(amplifier.reference_volt,))
    tile = Tile(crossbar, Dac(), Readout(amplifier=amplifier, converter=latch), celsius=celsius)
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
        name=name
        or f"{kind}, {engineering(amplifier.farad, 'F')}"
        f" in {engineering(amplifier.window_second, 's')}",
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
        celsius=celsius,
    )
