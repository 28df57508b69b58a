"""The sense amplifier's bench: offsets, hysteresis, decision time, kickback, noise, errors.

Drawn samples stand side by side in one deck, a dozen at a time, and one run bisects the thresholds
of all of them: the inputs at which a sample's decision flips, after noes and after yeses. The
dozens, corners and temperatures are items of `run_items`: they run in parallel, none is lost, and
an interrupted run goes on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist._hand_over import standing_alone, write_deck
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.peripherals._subcircuit_deck import run_settings
from xbar_circuit.runs.items import Item, ItemOutcome
from xbar_circuit.runs.runner import run_items
from xbar_circuit.spice import Plot, write_raw
from xbar_circuit.studies.readout._sense_amplifier_bench import LatchBench
from xbar_circuit.studies.readout._sense_amplifier_deck import CLOCKS
from xbar_circuit.studies.readout._sense_amplifier_noise import decision_noise
from xbar_circuit.studies.readout.sense_amplifier_report import SenseAmplifierReport, SenseCondition
from xbar_circuit.studies.readout.variations import (
    Variation,
    at_condition,
    conditions,
    deck_key,
    draws,
    file_name,
    kit_seeds,
    temperatures_of,
)

__all__ = ["characterize_sense_amplifier"]

_TOGETHER = 12  # samples in one deck
_INPUTS = 10  # of the decision time
_MARGINS = 17
_SLOWEST = 5  # of these inputs, from whose times the regeneration follows
_FINE = 14  # bisections of the circuit without mismatch, whose decisions are timed


def characterize_sense_amplifier(
    comparator: Subcircuit,
    *,
    rng: np.random.Generator,
    mismatch: Mapping[str, float] | None = None,
    samples: int = 64,
    kit_samples: int = 0,
    common_mode_volt: float = 0.3,
    range_volt: float = 0.1,
    steps: int = 9,
    clock_second: float = 2e-9,
    clock: str = "decides low",
    source_ohm: float = 1e3,
    source_farad: float = 0.0,
    noise_decisions: int = 96,
    celsius: float | Sequence[float] = 27.0,
    corners: Sequence[str] = (),
    supplies: Sequence[Mapping[str, float]] = (),
    name: str | None = None,
    folder: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
) -> SenseAmplifierReport:
    """Measure a clocked comparator of transistors in ngspice.

    Parameters
    ----------
    comparator
        With the ports ``plus``, ``minus``, ``clock`` and ``out``, and ``outb`` where it has
        differential outputs: then it says yes where ``out`` is above ``outb``, else where ``out``
        is above half the highest supply.
    rng
        Draws the mismatch, the same samples for every corner and temperature.
    mismatch
        Parameter of the subcircuit -> standard deviation, such as ``{"dvt1": 3e-3}`` [V]; what is
        drawn is added to the instance's parameter (0 where it has none).
    samples
        How many are drawn.
    kit_samples
        How many are drawn by the random functions of the model library (``agauss`` in a section
        such as ``tt_mm``), in place of `samples`, each in a deck and with a seed of its own.
    common_mode_volt
        Common mode of the inputs [V].
    range_volt
        Offsets are looked for within this on both sides [V]; those beyond are infinite.
    steps
        Bisections; the resolution is ``range_volt / 2**steps``.
    clock_second
        Clock period, half of it for the decision [s].
    clock
        ``"decides low"`` or ``"decides high"``: the half of the clock in which it decides; it
        resets in the other.
    source_ohm, source_farad
        What drives ``plus`` where the kickback is measured: the resistance [ohm] and capacitance
        [F] of an array's column.
    noise_decisions
        How many decisions are counted near the threshold to find their noise; 0 measures none.
        Its relative error is about ``1.3 / sqrt(noise_decisions)``.
    celsius
        Temperature [degree Celsius]. Of several, the first is nominal.
    corners
        Sections of the model library to measure at besides the circuit's own.
    supplies
        Further supplies to measure at: port -> voltage [V]; those not named stay.
    name
        Name in the report.
    folder
        Where decks and waveforms go (``decks/``), and finished items (``variations/``), which are
        not measured again; None keeps nothing.
    executor, workers, progress
        Execution, as in :func:`run_items`; `progress` is called with each item.

    Returns
    -------
    SenseAmplifierReport
        Offsets [V], decision times [s], noise [V], kickback [V] and error rates.

    Raises
    ------
    ParameterError
        An argument is out of range; or the comparator decides in the other half of the clock, says
        the opposite, or does not decide.
    XbarError
        Every sample at the nominal conditions failed; single failures are kept as such.
    """
    comparator.require("plus", "minus", "clock", "out")
    checks.count("samples", samples, minimum=2)
    checks.count("kit_samples", kit_samples, minimum=0)
    checks.count("steps", steps, maximum=30)
    for key, value in (("range_volt", range_volt), ("clock_second", clock_second)):
        checks.number(key, value, "V" if key == "range_volt" else "s", above=True)
    checks.number("common_mode_volt", common_mode_volt, "V", minimum=-np.inf)
    checks.choice("clock", clock, CLOCKS)
    checks.number("source_ohm", source_ohm, "ohm", above=True)
    checks.number("source_farad", source_farad, "F")
    checks.count("noise_decisions", noise_decisions, minimum=0)
    temperatures = temperatures_of(celsius)
    sigmas = dict(mismatch or {})
    seeds = kit_seeds(kit_samples, rng)
    if not sigmas and not kit_samples:
        raise ParameterError.about(
            "mismatch",
            got="none",
            expected="what varies from sample to sample",
            remedy="name parameters with their sigma, or give kit_samples",
        )
    drawn = draws(sigmas, kit_samples or samples, rng)
    together = 1 if kit_samples else _TOGETHER
    noise_seed = int(rng.integers(2**32))
    nominal = Variation(
        name=f"celsius={temperatures[0]:g}",
        corner="",
        celsius=temperatures[0],
        sample=-1,
        parameters={},
        merits=None,
    )
    others = [
        condition
        for condition in conditions(corners, temperatures, supplies=supplies)
        if condition.corner or condition.celsius != temperatures[0] or condition.supplies
    ]
    inputs = range_volt * np.logspace(-3.0, 0.0, _INPUTS)
    home = None if folder is None else Path(folder)
    items, places = [], []
    for place, condition in enumerate((nominal, *others)):
        nominal_bench = LatchBench(
            comparator=at_condition(comparator, condition),
            clock=clock,
            common_volt=common_mode_volt,
            clock_second=clock_second,
            celsius=condition.celsius,
        )
        if place == 0:
            nominal_bench.check(range_volt)
        for begin in (-1, *range(0, len(drawn), together)):
            part = drawn[begin : begin + together] if begin >= 0 else []
            what = f"samples={begin}-{begin + len(part) - 1}" if part else "without mismatch"
            own = {key: [one[key] for one in part] for key in sigmas} if part else {}
            bits = steps if part else max(steps, _FINE)
            bench = nominal_bench
            if part and kit_samples:
                what = f"kit sample={begin}"
                seeded = bench.comparator.varied(seed=seeds[begin])
                bench = dataclasses.replace(bench, comparator=seeded)
            deck, analysis = bench.bisection(
                _added(bench.comparator, own),
                count=len(part) or 1,
                range_volt=range_volt,
                steps=bits,
            )
            label = f"{condition.name}, {what}"
            if home is not None:
                whole = standing_alone(
                    deck,
                    analysis.command,
                    measures=bench.bisection_cards(len(part) or 1, bits),
                    settings=run_settings([bench.comparator]),
                )
                write_deck(home / "decks" / f"{file_name(label)}.cir", whole)
            arguments = {
                "bench": bench,
                "shifts": own,
                "count": len(part),
                "inputs": inputs,
                "range_volt": range_volt,
                "steps": bits,
                "source_ohm": source_ohm,
                "source_farad": source_farad,
                "noise_decisions": 0 if part else noise_decisions,
                "noise_seed": noise_seed,
                "provenance": deck_key(deck),
            }
            items.append(Item(name=label, arguments=arguments))
            places.append(place)
    outcomes = run_items(
        measure_latches,
        items,
        executor=executor,
        workers=workers,
        folder=None if home is None else home / "variations",
        progress=progress,
    )
    if home is not None:
        for outcome in outcomes:
            _write_runs(home / "decks", outcome)
    found = [
        _gathered(condition, [o for o, at in zip(outcomes, places, strict=True) if at == place])
        for place, condition in enumerate((nominal, *others))
    ]
    return SenseAmplifierReport.of(
        found,
        name=name or comparator.name,
        resolution_volt=range_volt / 2.0**steps,
        margins=_MARGINS,
    )


def measure_latches(
    *,
    rng: np.random.Generator,  # noqa: ARG001  of the runner; what is drawn is in the shifts
    bench: LatchBench,
    shifts: Mapping[str, Sequence[float]],
    count: int,
    inputs: FloatArray,
    range_volt: float,
    steps: int,
    source_ohm: float,
    source_farad: float,
    noise_decisions: int,
    noise_seed: int,
    provenance: str,  # noqa: ARG001  an edited model file is measured anew
) -> dict[str, Any]:
    """Return the thresholds of `count` samples; of none all else too. For a worker process."""
    after_no, after_yes = bench.thresholds(
        _added(bench.comparator, shifts), count=count or 1, range_volt=range_volt, steps=steps
    )
    found: dict[str, Any] = {"after_no": after_no, "after_yes": after_yes}
    if count:
        return found
    both = float(after_no[0]), float(after_yes[0])
    seconds = np.full(inputs.size, np.nan)
    if np.isfinite(both).all():
        seconds = bench.times(both, inputs)
    kickback, joule = bench.disturbance(
        input_volt=range_volt, source_ohm=source_ohm, source_farad=source_farad
    )
    waves = {label: dict(plot) for label, plot in bench.waveforms.items()}
    found |= {
        "seconds": seconds,
        "kickback": kickback,
        "joule": joule,
        "decks": bench.kept,
        "waveforms": waves,
    }
    if noise_decisions and np.isfinite(seconds[:_SLOWEST]).all():
        slope = np.polyfit(np.log(inputs[:_SLOWEST]), seconds[:_SLOWEST], 1)[0]
        found["noise"], found["noise_error"] = decision_noise(
            bench,
            threshold_volt=both[0],
            tau_second=-float(slope),
            longest_second=1.5 * float(seconds[0]),
            clear_volt=range_volt,
            decisions=noise_decisions,
            rng=np.random.default_rng(noise_seed),
        )
    return found


def _write_runs(folder: Path, outcome: ItemOutcome) -> None:
    """Write the decks of an item's runs, with their waveforms."""
    if outcome.failed:
        return
    for label, deck in outcome.value.get("decks", {}).items():
        title = f"{outcome.item.name}, {label}"
        path = folder / f"{file_name(title)}.cir"
        write_deck(path, deck)
        if label in outcome.value["waveforms"]:
            vectors = outcome.value["waveforms"][label]
            plot = Plot(kind="tran", vectors={name: np.asarray(v) for name, v in vectors.items()})
            write_raw(path.with_suffix(".raw"), [plot], title=title)


def _added(comparator: Subcircuit, shifts: Mapping[str, Sequence[float]]) -> dict[str, FloatArray]:
    """Return what each sample's parameters are."""
    comparator.varied(parameters=dict.fromkeys(shifts, 0.0))  # refuses a name it does not have
    return {
        key: comparator.parameters.get(key, 0.0) + np.asarray(values, dtype=np.float64)
        for key, values in shifts.items()
    }


def _gathered(condition: Variation, outcomes: Sequence[ItemOutcome]) -> SenseCondition:
    """Return what was found at one condition; what failed has no number and says why."""
    plain, *parts = outcomes
    thresholds: dict[str, list[float]] = {"after_no": [], "after_yes": []}
    for outcome in parts:
        count = outcome.item.arguments["count"]
        for history in thresholds:
            unknown = [np.nan] * count
            thresholds[history] += unknown if outcome.failed else list(outcome.value[history])
    lost: dict[str, Any] = {
        "after_no": [np.nan],
        "after_yes": [np.nan],
        "seconds": [np.nan] * _INPUTS,
    }
    lost |= {"kickback": np.nan, "joule": np.nan}
    found = lost if plain.failed else plain.value
    bench: LatchBench = plain.item.arguments["bench"]
    seconds = np.asarray(found["seconds"], dtype=np.float64)
    failures = [
        f"{outcome.item.name}: {outcome.failure.kind}: {outcome.failure.message}"
        for outcome in outcomes
        if outcome.failure is not None
    ]
    inputs = np.asarray(plain.item.arguments["inputs"])
    late = inputs[np.isnan(seconds)]
    if late.size and not plain.failed:
        failures.append(
            f"{plain.item.name}: undecided after half a period, {0.5 * bench.clock_second:g} s, at"
            f" {', '.join(f'{volt:.3g}' for volt in late)} V beyond the threshold"
        )
    return SenseCondition(
        name=condition.name,
        corner=condition.corner,
        celsius=condition.celsius,
        after_no_volt=np.array(thresholds["after_no"], dtype=np.float64),
        after_yes_volt=np.array(thresholds["after_yes"], dtype=np.float64),
        nominal_volt=(float(found["after_no"][0]), float(found["after_yes"][0])),
        decision_volt=inputs,
        decision_second=seconds,
        deciding_second=0.5 * bench.clock_second,
        kickback_volt=float(found["kickback"]),
        energy_joule=float(found["joule"]),
        noise_volt=float(found.get("noise", np.nan)),
        noise_error_volt=float(found.get("noise_error", np.nan)),
        failures=tuple(failures),
    )
