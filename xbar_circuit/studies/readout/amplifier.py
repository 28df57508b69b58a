"""The amplifier's bench: what it does with a real column on its input, and how that spreads.

The circuit is measured at its nominal conditions, and if asked at corners of its model library, at
temperatures and with mismatch: every condition is an item of `run_items`, so they run in parallel,
none is lost, and an interrupted run goes on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.netlist._loaded_column import Stimulus
from xbar_circuit.peripherals import CurrentConveyor, OpAmp, Subcircuit, TransimpedanceAmplifier
from xbar_circuit.runs import ItemOutcome, Kept
from xbar_circuit.spice import write_raw
from xbar_circuit.studies.readout._amplifier_bench import AmplifierBench, SampledAmplifier
from xbar_circuit.studies.readout._amplifier_measures import measure_amplifier
from xbar_circuit.studies.readout.amplifier_report import AmplifierReport
from xbar_circuit.studies.readout.variations import (
    Variation,
    at_condition,
    conditions,
    deck_key,
    file_name,
    measured_again,
    temperatures_of,
)

__all__ = ["characterize_amplifier"]

_COMMON_POINTS = 9
_UNIT = Stimulus(scale="DC 0 AC 1")  # by which a bench's circuit is known
_Part = TypeVar("_Part", OpAmp, CurrentConveyor)


def characterize_amplifier(
    amplifier: SampledAmplifier,
    *,
    crossbar: Crossbar,
    column: int = 0,
    pattern: ArrayLike | None = None,
    bits: int = 8,
    celsius: float | Sequence[float] = 27.0,
    corners: Sequence[str] = (),
    mismatch: Mapping[str, float] | None = None,
    samples: int = 16,
    kit_samples: int = 0,
    rng: np.random.Generator | None = None,
    common_volt: ArrayLike | None = None,
    noise_hertz: tuple[float, float] = (1e3, 1e11),
    overdrive: float = 4.0,
    array: str = "auto",
    load_farad: float = 0.0,
    supplies: Sequence[Mapping[str, float]] = (),
    name: str | None = None,
    folder: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
) -> AmplifierReport:
    """Measure an amplifier on a column of an array, in ngspice.

    Parameters
    ----------
    amplifier
        A transimpedance amplifier, or a current conveyor with a load; behavioural or of
        transistors.
    crossbar, column
        The array and the column that it reads; the other columns are held ideally.
    pattern
        Row voltages about the reference that make full scale, (rows,) [V]; by default 0.2 V on
        every row.
    bits
        Resolution to which it has to settle.
    celsius
        Temperature [degree Celsius]. Of several, the first is nominal, and every one is varied to.
    corners
        Sections of the circuit's model library to vary to, such as ``("tt", "ss", "ff")``; the
        nominal circuit stays at its own.
    mismatch
        Parameter of the circuit -> standard deviation; what is drawn is added to the instance's
        parameter (0 where it has none). Of a behavioural op-amp or conveyor, its own fields, such
        as ``{"offset_volt": 2e-3}``.
    samples
        Number of samples, the same ones for every corner and temperature.
    kit_samples
        How many samples of the model library's own Monte Carlo (``agauss`` in a section such as
        ``tt_mm``) are measured at each corner and temperature; each is named by its number and its
        seed.
    rng
        Draws the mismatch and the seeds.
    common_volt
        References about which gain and offset are measured [V]; by default nine, 0.2 V about the
        amplifier's own.
    noise_hertz
        Band over which the noise is integrated [Hz].
    overdrive
        Range of the sweep for the swing, and of the slew step, over the pattern's full scale.
    array
        ``"full"`` writes every wire and cell; ``"macromodel"`` the reduction of a linear array to
        its ports, exact at DC and up to the first power of the frequency, whose error against the
        full deck the report tells; ``"auto"`` the latter for linear arrays.
    load_farad
        Capacitance at the amplifier's output, such as a converter's input [F]: margin, settling
        and noise depend on it.
    supplies
        Further supplies to vary to, ``({"vdd": 1.0}, {"vdd": 1.2})``: port -> voltage [V]; those
        not named stay. The nominal circuit has its own.
    name
        Name in the report.
    folder
        Where decks and waveforms go (``decks/``), and what is finished (``kept/``, and
        ``variations/``), which is not measured again; None keeps nothing.
    executor, workers, progress
        Execution of the variations, as in :func:`run_items`; `progress` is called with each.

    Returns
    -------
    AmplifierReport
        Offset [V], gain [ohm], input resistance [ohm], phase margin, settling [s], noise, and
        curves.

    Raises
    ------
    ParameterError, ShapeError
        An argument does not fit, or the amplifier does not amplify.
    SimulatorError, ConvergenceError
        ngspice failed at the nominal conditions; a variation that fails is kept as such.
    """
    _check_amplifier(amplifier)
    checks.count("column", column, minimum=0, maximum=crossbar.cols - 1)
    checks.count("bits", bits, maximum=20)
    checks.number("overdrive", overdrive, "1", minimum=1.0)
    checks.number("load_farad", load_farad, "F")
    checks.choice("array", array, ("auto", "full", "macromodel"))
    if array == "auto":
        array = "macromodel" if crossbar.cell.linear else "full"
    rows = crossbar.rows
    volts = checks.read_volts("pattern", np.full(rows, 0.2) if pattern is None else pattern, rows)
    temperatures = temperatures_of(celsius)
    centre = amplifier.reference_volt
    about = (
        np.linspace(centre - 0.2, centre + 0.2, _COMMON_POINTS)
        if common_volt is None
        else np.atleast_1d(np.asarray(common_volt, dtype=np.float64))
    )
    settings = {
        "crossbar": crossbar,
        "column": column,
        "pattern": volts[0],
        "bits": bits,
        "noise_hertz": tuple(noise_hertz),
        "overdrive": overdrive,
        "array": array,
        "load_farad": load_farad,
    }
    varied = [
        (condition, _varied(amplifier, condition))
        for condition in conditions(
            corners,
            temperatures,
            mismatch=mismatch,
            samples=samples,
            kit_samples=kit_samples,
            supplies=supplies,
            rng=rng,
        )
    ]
    stand = {"column": column, "pattern": volts[0], "array": array, "load_farad": load_farad}
    home = None if folder is None else Path(folder)
    report = _nominal(
        AmplifierBench(amplifier, crossbar, celsius=temperatures[0], **stand),
        settings | {"amplifier": amplifier, "common_volt": about, "name": name or _name(amplifier)},
        home=home,
    )
    if not varied:
        return report
    arranged = []
    for condition, other in varied:
        one = AmplifierBench(other, crossbar, celsius=condition.celsius, **stand)
        deck = one.deck(_UNIT)
        if home is not None:
            write_deck(home / "decks" / f"{file_name(condition.name)}.cir", one.sheet())
        arguments = {
            **settings,
            "amplifier": other,
            "celsius": condition.celsius,
            "provenance": deck_key(deck),
        }
        arranged.append((condition, arguments))
    variations = measured_again(
        measure_merits,
        arranged,
        folder=None if home is None else home / "variations",
        executor=executor,
        workers=workers,
        progress=progress,
    )
    return dataclasses.replace(report, variations=variations)


def _nominal(
    bench: AmplifierBench, arguments: Mapping[str, Any], *, home: Path | None
) -> AmplifierReport:
    """Return the report at the nominal conditions, and write its decks and waveforms."""
    key = {"celsius": bench.celsius, "provenance": deck_key(bench.deck(_UNIT))}
    kept = Kept(
        folder=None if home is None else home / "kept",
        function=measure_amplifier,
        arguments={**arguments, **key},
    )

    def measure() -> dict[str, Any]:
        report = measure_amplifier(
            bench,
            **{name: arguments[name] for name in ("bits", "noise_hertz", "overdrive")},
            common_volt=arguments["common_volt"],
            name=arguments["name"],
        )
        decks = bench.decks | {"sheet": bench.sheet()}
        return {"report": report, "decks": decks, "waveforms": bench.waveforms}

    found = kept.once("nominal", measure)
    report: AmplifierReport = found["report"]
    if home is not None:
        for label, deck in found["decks"].items():
            write_deck(home / "decks" / f"{label}.cir", deck)
        for label, plots in found["waveforms"].items():
            write_raw(home / "decks" / f"{label}.raw", plots, title=f"{report.name}: {label}")
    return report


def measure_merits(
    *,
    rng: np.random.Generator,  # noqa: ARG001  of the runner; what is drawn is in the amplifier
    amplifier: SampledAmplifier,
    crossbar: Crossbar,
    column: int,
    pattern: FloatArray,
    bits: int,
    celsius: float,
    noise_hertz: Sequence[float],
    overdrive: float,
    array: str,
    load_farad: float,
    provenance: str,  # noqa: ARG001  an edited model file is measured anew
) -> dict[str, float]:
    """Return the figures of merit at one condition; what a worker process calls."""
    bench = AmplifierBench(
        amplifier,
        crossbar,
        column=column,
        pattern=pattern,
        celsius=celsius,
        array=array,
        load_farad=load_farad,
    )
    low, high = noise_hertz
    return measure_amplifier(
        bench,
        bits=bits,
        noise_hertz=(low, high),
        overdrive=overdrive,
        common_volt=np.zeros(0),
        name="",
    ).merits


def _check_amplifier(amplifier: object) -> None:
    if not isinstance(amplifier, (TransimpedanceAmplifier, CurrentConveyor)):
        raise ParameterError.about(
            "amplifier",
            got=repr(amplifier),
            expected="a TransimpedanceAmplifier, or a CurrentConveyor with a load",
            remedy="characterize_integrator measures a charge integrator",
        )
    if isinstance(amplifier, CurrentConveyor) and amplifier.load_ohm is None:
        raise ParameterError.about(
            "amplifier",
            got="a conveyor without a load",
            expected="a load_ohm, so that there is a voltage to measure",
            remedy="give load_ohm=10e3 for the measurement",
        )


def _varied(amplifier: SampledAmplifier, condition: Variation) -> SampledAmplifier:
    """Return the amplifier with its circuit at a corner and its parameters moved."""
    corner, drawn, seed = condition.corner, condition.parameters, condition.seed
    if condition.supplies and amplifier.circuit is None:
        raise ParameterError.about(
            "supplies",
            got=f"other supplies for {type(amplifier).__name__} without a circuit",
            expected="a circuit with supplies",
            remedy="a behavioural amplifier has none",
        )
    if seed and amplifier.circuit is None:
        raise ParameterError.about(
            "kit_samples",
            got=f"samples of a model library for {type(amplifier).__name__} without one",
            expected="a circuit whose models draw their own mismatch",
            remedy="give mismatch= for a behavioural amplifier",
        )
    if isinstance(amplifier, CurrentConveyor):
        if amplifier.circuit is not None:
            circuit = at_condition(amplifier.circuit, condition)
            return dataclasses.replace(amplifier, circuit=circuit)
        return _moved(amplifier, corner, drawn)
    if isinstance(amplifier.opamp, Subcircuit):
        return dataclasses.replace(amplifier, opamp=at_condition(amplifier.opamp, condition))
    return dataclasses.replace(amplifier, opamp=_moved(amplifier.opamp, corner, drawn))


def _moved(part: _Part, corner: str, drawn: Mapping[str, float]) -> _Part:
    """Return a behavioural part with some of its fields moved."""
    if corner:
        raise ParameterError.about(
            "corners",
            got=repr(corner),
            expected="a circuit with a model library",
            remedy="a behavioural amplifier has mismatch, but no corners",
        )
    known = [field.name for field in dataclasses.fields(part)]
    for key in drawn:
        checks.choice("mismatch", key, known)
    changed: dict[str, Any] = {key: getattr(part, key) + value for key, value in drawn.items()}
    return dataclasses.replace(part, **changed)


def _name(amplifier: SampledAmplifier) -> str:
    if isinstance(amplifier, CurrentConveyor):
        kind = "current conveyor" if amplifier.circuit is None else amplifier.circuit.name
        return f"{kind}, load {amplifier.load_ohm:g} ohm"
    kind = getattr(amplifier.opamp, "name", "behavioural op-amp")
    return f"{kind}, {amplifier.feedback_ohm:g} ohm"
