"""The sense amplifier's bench: offset distribution, decision time, errors against margin.

Drawn samples stand side by side in one deck, a dozen at a time. Each run bisects the offset of
every one of them: the input at which a sample's decision flips is its offset. The dozens, corners
and temperatures are items of `run_items`: they run in parallel, none is lost, and an interrupted
run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.files import write_text
from xbar_circuit.netlist.provenance import Provenance
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.runs.items import Item, Outcome
from xbar_circuit.runs.runner import run_items
from xbar_circuit.studies.sense_amplifier_bench import decision_times, latch_deck, offsets_of
from xbar_circuit.studies.sense_amplifier_report import SenseAmplifierReport, SenseCondition
from xbar_circuit.studies.variations import (
    Variation,
    at_condition,
    conditions,
    draws,
    file_name,
    temperatures_of,
)

__all__ = ["characterize_sense_amplifier"]

_TOGETHER = 12  # samples in one deck
_INPUTS = 10  # of the decision time
_MARGINS = 17


def characterize_sense_amplifier(
    comparator: Subcircuit,
    *,
    rng: np.random.Generator,
    mismatch: Mapping[str, float],
    samples: int = 64,
    common_mode_volt: float = 0.3,
    range_volt: float = 0.1,
    steps: int = 9,
    clock_second: float = 2e-9,
    celsius: float | Sequence[float] = 27.0,
    corners: Sequence[str] = (),
    name: str | None = None,
    folder: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[Outcome], object] | None = None,
) -> SenseAmplifierReport:
    """Measure a clocked comparator of transistors in ngspice.

    Parameters
    ----------
    comparator
        With the ports ``plus``, ``minus``, ``clock`` and ``out``; it decides while the clock is
        low.
    rng
        Draws the mismatch, the same samples for every corner and temperature.
    mismatch
        Parameter of the subcircuit -> standard deviation, such as ``{"dvt1": 3e-3}`` [V]; what is
        drawn is added to the instance's parameter (0 where it has none).
    samples
        How many are drawn.
    common_mode_volt
        Of the inputs [V].
    range_volt
        Offsets are looked for within this on both sides [V]; those beyond are infinite.
    steps
        Bisections; the resolution is ``range_volt / 2**steps``.
    clock_second
        Clock period, half of it for the decision [s].
    celsius
        Temperature [degree Celsius]. Of several, the first is nominal.
    corners
        Sections of the model library to measure at besides the circuit's own.
    name
        What to call it in the report.
    folder
        Where decks go (``decks/``), and finished items (``variations/``), which are not measured
        again; None keeps nothing.
    executor, workers, progress
        Who does the work, as in :func:`run_items`; `progress` is called with each item.

    Raises
    ------
    ParameterError
        An argument is out of range.
    XbarError
        Every sample at the nominal conditions failed; single failures are kept as such.
    """
    comparator.require("plus", "minus", "clock", "out")
    checks.count("samples", samples, minimum=2)
    checks.count("steps", steps)
    checks.number("range_volt", range_volt, "V", above=True)
    checks.number("clock_second", clock_second, "s", above=True)
    checks.number("common_mode_volt", common_mode_volt, "V", minimum=-np.inf)
    temperatures = temperatures_of(celsius)
    drawn = draws(mismatch, samples, rng)
    settings = {"common_volt": common_mode_volt, "clock_second": clock_second}
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
        for condition in conditions(corners, temperatures)
        if condition.corner or condition.celsius != temperatures[0]
    ]
    inputs = range_volt * np.logspace(-3.0, 0.0, _INPUTS)
    home = None if folder is None else Path(folder)
    items, places = [], []
    for place, condition in enumerate((nominal, *others)):
        circuit = at_condition(comparator, condition.corner, {})
        for begin in (-1, *range(0, samples, _TOGETHER)):
            part = drawn[begin : begin + _TOGETHER] if begin >= 0 else []
            what = f"samples={begin}-{begin + len(part) - 1}" if part else "decision time"
            own = {key: [one[key] for one in part] for key in mismatch} if part else {}
            deck = latch_deck(
                circuit,
                [f"DC {volt!r}" for volt in (np.zeros(len(part)) if part else inputs).tolist()],
                _added(circuit, own),
                celsius=condition.celsius,
                **settings,
            )
            label = f"{condition.name}, {what}"
            if home is not None:
                write_text(home / "decks" / f"{file_name(label)}.cir", deck)
            arguments = {
                **settings,
                "comparator": circuit,
                "celsius": condition.celsius,
                "shifts": own,
                "inputs": inputs,
                "range_volt": range_volt,
                "steps": steps,
                "provenance": Provenance.of(deck).key,
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
    found = [
        _gathered(condition, [o for o, at in zip(outcomes, places, strict=True) if at == place])
        for place, condition in enumerate((nominal, *others))
    ]
    return SenseAmplifierReport.of(
        found,
        name=name or comparator.name,
        inputs=inputs,
        resolution_volt=range_volt / 2.0**steps,
        margins=_MARGINS,
    )


def measure_latches(
    *,
    rng: np.random.Generator,  # noqa: ARG001  of the runner; what is drawn is in the shifts
    comparator: Subcircuit,
    celsius: float,
    shifts: Mapping[str, Sequence[float]],
    inputs: FloatArray,
    range_volt: float,
    steps: int,
    common_volt: float,
    clock_second: float,
    provenance: str,  # noqa: ARG001  an edited model file is measured anew
) -> dict[str, Any]:
    """Return some samples' offsets, or without shifts the decision times; for a worker process."""
    if not shifts:
        seconds, joule = decision_times(
            comparator,
            inputs,
            common_volt=common_volt,
            clock_second=clock_second,
            celsius=celsius,
        )
        return {"seconds": seconds, "joule": joule}
    offsets = offsets_of(
        comparator,
        _added(comparator, shifts),
        range_volt=range_volt,
        steps=steps,
        common_volt=common_volt,
        clock_second=clock_second,
        celsius=celsius,
    )
    return {"offsets": offsets}


def _added(comparator: Subcircuit, shifts: Mapping[str, Sequence[float]]) -> dict[str, FloatArray]:
    """Return what each sample's parameters are."""
    comparator.varied(parameters=dict.fromkeys(shifts, 0.0))  # refuses a name it does not have
    return {
        key: comparator.parameters.get(key, 0.0) + np.asarray(values, dtype=np.float64)
        for key, values in shifts.items()
    }


def _gathered(condition: Variation, outcomes: Sequence[Outcome]) -> SenseCondition:
    """Return what was found at one condition; what failed has no number and says why."""
    timing, *parts = outcomes
    offsets: list[float] = []
    for outcome in parts:
        count = len(next(iter(outcome.item.arguments["shifts"].values())))
        offsets += [np.nan] * count if outcome.failed else list(outcome.value["offsets"])
    seconds = np.full(_INPUTS, np.nan) if timing.failed else np.asarray(timing.value["seconds"])
    return SenseCondition(
        name=condition.name,
        corner=condition.corner,
        celsius=condition.celsius,
        offsets_volt=np.array(offsets, dtype=np.float64),
        decision_second=seconds,
        energy_joule=float("nan") if timing.failed else float(timing.value["joule"]),
        failures=tuple(
            f"{outcome.item.name}: {outcome.failure.kind}: {outcome.failure.message}"
            for outcome in outcomes
            if outcome.failure is not None
        ),
    )
