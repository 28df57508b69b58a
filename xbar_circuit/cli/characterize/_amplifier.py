"""``xbar characterize`` for amplifiers and sense amplifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xbar_circuit import __version__
from xbar_circuit._files import write_json
from xbar_circuit.cli.characterize._subcircuit import pairs, shipped_subcircuit
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
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
from xbar_circuit.units import parse_spice
from xbar_circuit.wires import Wires

__all__ = ["AMPLIFIERS", "Conditions", "measure_amplifier", "measure_sense_amplifier"]

AMPLIFIERS = ("amplifier", "transistor-amplifier", "conveyor", "transistor-conveyor", "subcircuit")

# Threshold mismatch [V] of our circuits by the area of their gates, 2 mV um / sqrt(W L) (Pelgrom et
# al., IEEE J. Solid-State Circuits 24, 1433, 1989; the constant is a textbook value for 45 nm)
_MISMATCH = {
    "amplifier": {"offset_volt": 2e-3},
    "transistor-amplifier": {"dvtp": 1e-3, "dvtn": 3.2e-3},
    "conveyor": {"offset_ampere": 0.5e-6},
    "transistor-conveyor": {"dvtp": 1.4e-3, "dvtn": 3.2e-3, "dvtc": 0.5e-3, "dvtm": 0.4e-3},
    "sense-amplifier": {
        "dvt1": 4.5e-3,
        "dvt2": 4.5e-3,
        "dvt3": 6.3e-3,
        "dvt4": 6.3e-3,
        "dvt5": 8.9e-3,
        "dvt6": 8.9e-3,
    },
}

Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What to measure besides the nominal circuit, and by how many workers.

    vary : ``"dvtp=1m,dvtn=3m"``, or empty for our circuits' own mismatch.
    samples : more than one is a Monte Carlo study.
    """

    celsius: list[float]
    corners: list[str]
    supplies: list[dict[str, float]]
    vary: str
    samples: int
    kit_samples: int
    workers: int
    seed: int

    def mismatch(self, kind: str, circuit: Subcircuit | None) -> dict[str, float]:
        """Return the standard deviations: what was given, else what we know of our circuits.

        Raises
        ------
        ParameterError
            Samples of a user's circuit are asked for, and nothing says of what.
        """
        given = {key: parse_spice(text) for key, text in pairs("--vary", self.vary).items()}
        if given or circuit is None:
            return given or _MISMATCH.get(kind, {})
        if self.samples > 1 and not self.kit_samples:
            raise ParameterError.about(
                "--samples",
                got=f"{self.samples} samples of a circuit of your own",
                expected="its mismatch",
                remedy="give --vary PARAMETER=SIGMA, or --kit-samples for the library's own",
            )
        return {}


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
            _amplifier(kind, circuit, feedback_ohm, feedback_farad, reference_volt),
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
    page = write_amplifier(
        report,
        out,
        picture=picture,
        spread=spread if report.variations else None,
        footer=f"xbar_circuit {__version__}; made by: xbar characterize {_command(kind)}"
        f" --rows {rows} --cols {cols} --array {array} --bits {bits} --samples {conditions.samples}"
        f" --seed {conditions.seed}",
    )
    write_json(out / "summary.json", report.to_dict())
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
    page = write_sense_amplifier(
        report,
        out,
        picture=picture,
        footer=f"xbar_circuit {__version__}; made by: xbar characterize sense-amplifier"
        f" --samples {samples} --seed {conditions.seed}",
    )
    write_json(out / "summary.json", report.to_dict())
    table = sense_amplifier_rows(report)
    table += [
        (f"offset sigma, {c.name}", f"{1e3 * c.offset_sigma_volt:.3g} mV")
        for c in report.conditions
    ]
    return table, report.name, page


def _command(kind: str) -> str:
    """Return the words of the command line that measure a kind."""
    return {
        "transistor-amplifier": "amplifier transistor",
        "subcircuit": "amplifier --subcircuit ...",
        "transistor-conveyor": "conveyor transistor",
    }.get(kind, kind)


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
    feedback_ohm: float,
    feedback_farad: float,
    reference_volt: float,
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
    )
