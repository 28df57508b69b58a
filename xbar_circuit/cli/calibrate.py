"""``xbar calibrate`` fits the fast model of a read-out to ngspice and judges it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from xbar_circuit._checks import FloatArray, choice
from xbar_circuit._files import write_json
from xbar_circuit._loading import read_json, reading
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    Array,
    Bits,
    Celsius,
    Cols,
    FitProducts,
    Out,
    Products,
    Rows,
    Seed,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.errors import ParameterError
from xbar_circuit.plots.calibration import draw_calibration
from xbar_circuit.report.calibration import CALIBRATION_COLUMNS, calibration_row, write_calibration
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.readout.calibration import (
    STANDARD_CASES,
    CalibrationCase,
    CalibrationReport,
    calibrate_chain,
)
from xbar_circuit.tile import CHAINS

__all__ = ["calibrate"]

_ENOUGH = 0.99  # of the held-out codes within one LSB
_OF_ONE = (
    "rows",
    "cols",
    "bits",
    "array",
    "fit_products",
    "products",
)  # the standard cases say theirs


@draws()
@resumes
def calibrate(
    context: typer.Context,
    chain: Annotated[
        str,
        typer.Argument(help=f"{', '.join(CHAINS)}; or all: every case that this project claims."),
    ] = "sar",
    *,
    rows: Rows = 64,
    cols: Cols = 1,
    bits: Bits = 8,
    array: Array = "full",
    fit_products: FitProducts = 64,
    products: Products = 50,
    celsius: Celsius = None,
    thresholds: Annotated[
        Path | None,
        typer.Option(help="summary.json of `xbar characterize converter`: its thresholds."),
    ] = None,
    seed: Seed = SEED,
    out: Out = Path("out/calibrate"),
) -> None:
    """Fit a read-out's fast model to ngspice; save it with its error on products held out.

    model.json is what `xbar infer` takes as [accelerator] model; of several temperatures, as a
    list of them. The same command resumes an interrupted run. Exit code 1 when less than 99 % of
    the held-out codes are within one LSB.
    """
    choice("chain", chain, (*CHAINS, "all"))
    if chain == "all":
        refuse_idle(context, dict.fromkeys(_OF_ONE, "the name of one read-out"))
    cases: tuple[CalibrationCase, ...] = STANDARD_CASES
    if chain != "all":
        cases = tuple(
            CalibrationCase(
                chain=chain,
                rows=rows,
                cols=cols,
                bits=bits,
                array=array,
                samples=fit_products,
                held_out=products,
                celsius=degree,
            )
            for degree in celsius or (27.0,)
        )
    elif celsius:
        cases = tuple(replace(case, celsius=degree) for case in cases for degree in celsius)
    measured = None if thresholds is None else _thresholds(thresholds, chain)
    console = SafeConsole()
    reports: list[CalibrationReport] = []
    with progress_bar(transient=True) as bar:
        for case in cases:
            home = out / case.name.replace(" ", "-")
            bar.expect(case.name, case.samples + case.held_out)
            report = calibrate_chain(
                case,
                seed=seed,
                thresholds=measured,
                folder=home / "decks",
                progress=partial(bar.add, case.name),
            )
            report.calibration.tile.fast_model.save(home / "model.json")
            draw_calibration(report, home / "calibrate.png")
            reports.append(report)
            bar.remove(case.name)
    table = Table(*CALIBRATION_COLUMNS, title="held-out products, model against ngspice")
    for report in reports:
        good = report.within_one >= _ENOUGH
        table.add_row(*calibration_row(report), style=None if good else "bold red")
    console.print(table)
    footer = made_by()
    page = write_calibration(reports, out, footer=footer)
    write_json(out / "summary.json", [report.to_dict() for report in reports])
    console.print(f"written to {page}", highlight=False)
    if any(report.within_one < _ENOUGH for report in reports):
        raise typer.Exit(1)


def _thresholds(path: Path, chain: str) -> FloatArray:
    """Return measured thresholds; NaN where one is not known.

    Raises
    ------
    ParameterError
        They are for several read-outs.
    ModelFileError
        The file has none.
    """
    if chain == "all":
        raise ParameterError.about(
            "--thresholds",
            got="it with all read-outs",
            expected="one read-out, whose thresholds they are",
            remedy="name it",
        )
    with reading(
        path,
        expected="the summary.json of a converter's bench, with its thresholds",
        remedy="xbar characterize converter writes it",
        argument="--thresholds",
    ):
        content = read_json(path)["thresholds"]
        return np.array([np.nan if v is None else float(v) for v in content])
