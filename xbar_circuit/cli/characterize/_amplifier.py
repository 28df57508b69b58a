"""``xbar characterize`` for amplifiers and sense amplifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from xbar_circuit._files import write_json
from xbar_circuit.cli.characterize._conditions import Conditions, footer_of
from xbar_circuit.cli.characterize._subcircuit import shipped_subcircuit
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.peripherals import CurrentConveyor, OpAmp, Subcircuit, TransimpedanceAmplifier
from xbar_circuit.plots.amplifiers import draw_amplifier, draw_sense_amplifier, draw_spread
from xbar_circuit.report.amplifiers import (
    amplifier_rows,
    sense_amplifier_rows,
    spread_rows,
    write_amplifier,
    write_sense_amplifier,
)
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.runs import ItemOutcome
from xbar_circuit.studies import characterize_amplifier, characterize_sense_amplifier
from xbar_circuit.wires import Wires

__all__ = ["AMPLIFIERS", "measure_amplifier", "measure_sense_amplifier"]

AMPLIFIERS = ("amplifier", "transistor-amplifier", "conveyor", "transistor-conveyor", "subcircuit")

Rows = list[tuple[str, str]]


def measure_amplifier(
    kind: str,
    circuit: Subcircuit | None,
    conditions: Conditions,
    *,
    rows: int,
    cols: int,
    array: str,
    bits: int,
    feedback_ohm: float,
    feedback_farad: float,
    reference_volt: float,
    load_farad: float,
    settle_second: float,
    out: Path,
) -> tuple[Rows, str, Path]:
    """Measure, write JSON, figures, decks and page; return the table, the name and the page."""
    rng = np.random.default_rng(conditions.seed)
    crossbar = Crossbar(
        conductance=rng.uniform(1e-6, 20e-6, (rows, cols)),
        wires=Wires(row_ohm=1.0, column_ohm=1.0, row_farad=0.2e-15, column_farad=0.2e-15),
    )
    column = cols // 2 if array == "macromodel" else 0
    pattern = np.full(rows, 0.2 / feedback_ohm / crossbar.conductance[:, column].sum())
    with _bar("variations") as progress:
        report = characterize_amplifier(
            _amplifier(
                kind,
                circuit,
                feedback_ohm=feedback_ohm,
                feedback_farad=feedback_farad,
                reference_volt=reference_volt,
                settle_second=settle_second,
            ),
            crossbar=crossbar,
            column=column,
            pattern=pattern,
            bits=bits,
            celsius=conditions.celsius,
            corners=conditions.corners,
            supplies=conditions.supplies,
            mismatch=conditions.mismatch(kind, circuit) if conditions.samples > 1 else None,
            samples=conditions.samples,
            kit_samples=conditions.kit_samples,
            rng=rng,
            array=array,
            load_farad=load_farad,
            folder=out,
            workers=conditions.workers,
            progress=progress,
        )
    picture, spread = out / "characterize.png", out / "variations.png"
    draw_amplifier(report, picture)
    if report.variations:
        draw_spread(report, spread)
    footer = footer_of(
        conditions,
        circuit,
    )
    page = write_amplifier(
        report,
        out,
        picture=picture,
        spread=spread if report.variations else None,
        footer=footer,
    )
    write_json(out / "summary.json", report.to_dict() | {"provenance": footer})
    table = amplifier_rows(report)
    if report.variations:
        table += [
            (f"{what}, least to largest", f"{least} to {largest}")
            for what, _, _, _, least, largest in spread_rows(report)
            if what in ("offset at the output", "phase margin", "settling to half an LSB")
        ]
        table += [("failed", f"{v.name}: {v.failure}") for v in report.variations if v.failure]
    return table, report.name, page


def measure_sense_amplifier(
    circuit: Subcircuit | None,
    conditions: Conditions,
    *,
    common_mode_volt: float,
    clock: str,
    source_ohm: float,
    noise_decisions: int,
    out: Path,
) -> tuple[Rows, str, Path]:
    """Measure, write JSON, figure, decks and page; return the table, the name and the page."""
    own = shipped_subcircuit("strongarm", ("plus", "minus", "clock", "out", "outb"))
    samples = conditions.samples
    with _bar("runs") as progress:
        report = characterize_sense_amplifier(
            own if circuit is None else circuit,
            rng=np.random.default_rng(conditions.seed),
            mismatch=conditions.mismatch("sense-amplifier", circuit),
            samples=samples,
            kit_samples=conditions.kit_samples,
            common_mode_volt=common_mode_volt,
            clock=clock,
            source_ohm=source_ohm,
            noise_decisions=noise_decisions,
            celsius=conditions.celsius,
            corners=conditions.corners,
            supplies=conditions.supplies,
            folder=out,
            workers=conditions.workers,
            progress=progress,
        )
    picture = out / "characterize.png"
    draw_sense_amplifier(report, picture)
    footer = footer_of(
        conditions,
        own if circuit is None else circuit,
    )
    page = write_sense_amplifier(
        report,
        out,
        picture=picture,
        footer=footer,
    )
    write_json(out / "summary.json", report.to_dict() | {"provenance": footer})
    table = sense_amplifier_rows(report)
    table += [
        (f"offset sigma, {c.name}", f"{1e3 * c.offset_sigma_volt:.3g} mV")
        for c in report.conditions
    ]
    return table, report.name, page


@contextmanager
def _bar(what: str) -> Iterator[Callable[[ItemOutcome], None]]:
    """Show how many are done; how many there are is not known."""
    with progress_bar(transient=True, counted=True) as bar:
        bar.expect("ngspice", None)

        def advance(outcome: ItemOutcome) -> None:
            bar.add("ngspice")
            bar.rename("ngspice", "failed: " + outcome.item.name if outcome.failed else what)

        yield advance


def _amplifier(
    kind: str,
    circuit: Subcircuit | None,
    *,
    feedback_ohm: float,
    feedback_farad: float,
    reference_volt: float,
    settle_second: float,
) -> TransimpedanceAmplifier | CurrentConveyor:
    if kind in ("conveyor", "transistor-conveyor"):
        inside = circuit
        if kind == "transistor-conveyor" and circuit is None:
            inside = shipped_subcircuit("current_conveyor", ("input", "reference", "out"))
        return CurrentConveyor(
            load_ohm=feedback_ohm,
            reference_volt=reference_volt,
            bandwidth_hertz=1e9,
            limit_ampere=100e-6,
            noise_ampere_per_root_hertz=5e-12,
            settle_second=settle_second,
            circuit=inside,
        )
    opamp: OpAmp | Subcircuit
    if circuit is not None:
        opamp = circuit
    elif kind == "transistor-amplifier":
        opamp = shipped_subcircuit("two_stage_opamp", ("plus", "minus", "out"))
    else:
        opamp = OpAmp(
            dc_gain=2000.0,
            unity_hertz=2e9,
            second_pole_hertz=5e9,
            slew_volt_per_second=1e9,
            noise_volt_per_root_hertz=5e-9,
            output_low_volt=0.05,
            output_high_volt=1.05,
        )
    return TransimpedanceAmplifier(
        opamp=opamp,
        feedback_ohm=feedback_ohm,
        feedback_farad=feedback_farad,
        reference_volt=reference_volt,
        settle_second=settle_second,
    )
