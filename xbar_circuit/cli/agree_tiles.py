"""``xbar agree-tiles``: every driver x read-out x synapse, compiled, fast and in ngspice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit import __version__, report, spice
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.agreement._combinations import (
    TRANSISTORS,
    Combination,
    CombinationOutcome,
    calibrated_outcomes,
    check_combination,
    combinations,
    refused,
)
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import SEED, Out, Seed
from xbar_circuit.cli._resuming import resumes, without_case
from xbar_circuit.errors import SimulatorError
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.runs import Kept

__all__ = ["agree_tiles"]

_WORDS = 100  # of what failed, in the table; all of it is in summary.json
_COLUMNS = ("driver", "read-out", "synapse", "codes", "compiled", "ngspice", "equal", "allowed", "")


@resumes
def agree_tiles(
    *,
    out: Out = Path("out/agree-tiles"),
    every: Annotated[
        int, typer.Option(min=1, help="Take every n-th combination; 1 takes all of them.")
    ] = 1,
    transistors: Annotated[
        bool, typer.Option(help="Also calibrate and compare the read-outs of transistors.")
    ] = True,
    seed: Seed = SEED,
) -> None:
    """Compare the codes of small tiles: the compiled form, the fast model, and whole decks.

    Every driver with every read-out and every synapse that fit each other, from driver to code,
    with the same noise drawn for all; those that a tile refuses are counted by the reason that it
    gives. Synapses have bare devices, gates that the inputs drive, or 1T1R cells. Exit code 1 when
    codes differ by more than ties, or a calibrated read-out by more than its stated error. The same
    command resumes an interrupted run.
    """
    console = SafeConsole()
    if not spice.simulator().code_models:
        raise SimulatorError(
            f"{spice.simulator().version}: got no code models, expected them for the converters;"
            " see `xbar doctor`"
        )
    cases = list(combinations(seed=seed, every=every))
    kept = Kept(
        folder=out / "kept",
        function=agree_tiles,
        arguments={"seed": seed, "simulator": spice.simulator().version},
    )
    with progress_bar(counted=True) as bar:
        outcomes = [_outcome(kept, case) for case in bar.over(cases, "combinations", len(cases))]
        if transistors:
            fitted = calibrated_outcomes(seed=seed, folder=out / "decks")
            outcomes += bar.over(fitted, "transistors", len(TRANSISTORS))
    table = Table(*_COLUMNS, title="largest differences to the fast model [LSB]", box=None)
    for row in _rows(outcomes):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    console.print(table)
    reasons = Table("combinations", "reason", title="refused", box=None)
    for reason, count in refused().items():
        reasons.add_row(str(count), reason)
    console.print(reasons)
    _write(out, outcomes, seed=seed, every=every)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    equal = sum(outcome.equal * outcome.codes for outcome in outcomes)
    codes = sum(outcome.codes for outcome in outcomes)
    console.print(
        f"{len(outcomes) - len(failed)} of {len(outcomes)} combinations agree,"
        f" {equal:.0f} of {codes} codes of ngspice are equal; written to {out}",
        highlight=False,
    )
    if failed:
        raise typer.Exit(1)


def _outcome(kept: Kept, case: Combination) -> CombinationOutcome:
    """Return what an earlier run found; a combination that failed is tried again."""
    name = f"{case.driver}, {case.readout}, {case.synapse}"
    found = kept.load(name)
    if found is None:
        found = without_case(check_combination, case)
        if not found["failure"]:
            kept.keep(name, found)
    return CombinationOutcome(case=case, **found)


def _rows(outcomes: Sequence[CombinationOutcome]) -> list[tuple[str, ...]]:
    return [
        (
            outcome.case.driver,
            outcome.case.readout,
            outcome.case.synapse,
            str(outcome.codes),
            f"{outcome.compiled_apart:.2g}",
            f"{outcome.spice_apart:.2g}",
            f"{100 * outcome.equal:.0f} %",
            f"{outcome.allowed:.2g}",
            "ok" if outcome.passed else f"FAILED {outcome.failure[:_WORDS]}".rstrip(),
        )
        for outcome in outcomes
    ]


def _write(out: Path, outcomes: Sequence[CombinationOutcome], *, seed: int, every: int) -> None:
    passed = all(outcome.passed for outcome in outcomes)
    report.write_page(
        out / "index.html",
        title="Codes of tiles: compiled, fast, ngspice",
        lead="Every driver with every read-out and every synapse that fit each other.",
        key_numbers={
            "combinations": str(len(outcomes)),
            "verdict": "agree" if passed else "DISAGREE",
        },
        sections=[
            report.Section(
                title="Codes",
                paragraphs=[
                    "Largest difference to the tile's fast model in LSB: of the products' codes in"
                    " the compiled form that networks use, and of every converter's code in every"
                    " read of the whole deck in ngspice. An input that lies on a threshold may fall"
                    " on either side. Read-outs of transistors are allowed the error that their"
                    " calibration states. Exact converters are compared as real numbers."
                ],
                tables=[report.Table(columns=_COLUMNS, rows=_rows(outcomes))],
            ),
            report.Section(
                title="Refused",
                paragraphs=["Parts that do not fit each other, by what the tile says."],
                tables=[
                    report.Table(
                        columns=("combinations", "reason"),
                        rows=[(str(count), reason) for reason, count in refused().items()],
                    )
                ],
            ),
        ],
        footer=made_by(),
    )
    write_json(
        out / "summary.json",
        {
            "version": __version__,
            "seed": seed,
            "every": every,
            "passed": passed,
            "refused": dict(refused()),
            "combinations": [
                {
                    "driver": outcome.case.driver,
                    "readout": outcome.case.readout,
                    "synapse": outcome.case.synapse,
                    "codes": outcome.codes,
                    "compiled_apart_lsb": outcome.compiled_apart,
                    "spice_apart_lsb": None if outcome.failure else outcome.spice_apart,
                    "equal": outcome.equal,
                    "allowed_lsb": outcome.allowed,
                    "spice_second": outcome.second,
                    "failure": outcome.failure,
                    "passed": outcome.passed,
                }
                for outcome in outcomes
            ],
        },
    )
