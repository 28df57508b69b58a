"""``xbar compare-readouts``: one network on an ideal, two usual and one's own read-out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit._checks import choice
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._doubts import read_config
from xbar_circuit.cli._idle import refuse_idle
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    Bits,
    FitProducts,
    Out,
    Products,
    SpiceVectors,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.peripherals import Readout
from xbar_circuit.plots.readouts import draw_readouts
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.report.readouts import READOUT_COLUMNS, readout_cells, write_readouts_page
from xbar_circuit.studies.network.readouts import compare_readouts as compare
from xbar_circuit.studies.network.readouts import usual_readouts

__all__ = ["compare_readouts"]

_SHOWN = ("read-out", "accuracy", "energy", "latency", "within 1 LSB", "worst")
_ENOUGH = 0.9  # of a calibrated read-out's codes within one LSB of ngspice


@draws()
@resumes
@given.takes_workload
def compare_readouts(
    context: typer.Context,
    network: given.NETWORK = "lenet5",  # noqa: ARG001  in the workload
    *,
    workload: given.AskedWorkload,
    config: given.CONFIG = None,
    own_config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file whose [accelerator] describes your own read-out, with or without a"
            " model. Default: the package's two-stage op-amp, treated like a user's file."
        ),
    ] = None,
    bits: Bits = 8,
    readout: Annotated[
        list[str] | None,
        typer.Option(help="Name of a read-out; repeat for several. Default: all."),
    ] = None,
    fit_products: FitProducts = 24,
    products: Products = 12,
    spice_vectors: SpiceVectors = 2,
    spice_outputs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Outputs of each tile with a read-out in ngspice. Default: all of an ideal"
            " read-out, 16 of a behavioural one, 4 of one with circuits.",
        ),
    ] = None,
    images: given.IMAGES = None,
    seed: given.FIRST_SEED = None,
    out: Out = Path("out/compare-readouts"),
) -> None:
    """Compare read-outs for one network: accuracy, energy, latency, and codes in ngspice.

    Ideal, behavioural SAR, an oscillator of transistors, and a subcircuit of your own; those with
    circuits are calibrated against ngspice first, which takes minutes, and are found again by the
    same command. Exit code 1 when an ideal or a behavioural read-out differs from ngspice by more
    than one LSB, or less than 90 % of a calibrated one's codes are within one.
    """
    mine = "own subcircuit"
    refuse_idle(
        context,
        {} if not readout or mine in readout else {"own_config": f"--readout '{mine}'"},
    )
    settings = given.settings_of(config, InferenceSettings(), images=images, seed=seed)
    readouts: dict[str, Readout | Accelerator] = dict(usual_readouts(bits=bits))
    if own_config is not None:
        readouts[mine] = read_config(own_config).accelerator
    chosen = {name: readouts[choice("--readout", name, readouts)] for name in readout or readouts}
    work = workload.load()
    with progress_bar() as bar:
        found = compare(
            work.network,
            work.test,
            work.calibration,
            settings,
            chosen,
            samples=fit_products,
            held_out=products,
            vectors=spice_vectors,
            outputs=spice_outputs,
            folder=out / "calibration",
            report=bar.add,
        )
    draw_readouts(found, out / "readouts.png")
    write_json(out / "summary.json", found.to_dict())
    own = own_config or "the package's two-stage op-amp, --own-config FILE takes another"
    footer = made_by(*([f"own subcircuit: {own}"] if mine in chosen else []))
    page = write_readouts_page(found, out, footer=footer)
    table = Table(title=f"{found.images:,} images, digital {100 * found.digital_accuracy:.2f} %")
    shown = [k for k, name in enumerate(READOUT_COLUMNS) if name in _SHOWN]
    for k in shown:
        table.add_column(READOUT_COLUMNS[k])
    for row in found.rows:
        cells = readout_cells(row, found.images)
        table.add_row(*(cells[k] for k in shown))
    console = SafeConsole()
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
    apart = [
        row.name
        for row in found.rows
        if row.codes.within_one < (_ENOUGH if row.accelerator.models else 1.0)
    ]
    if apart:
        console.print(f"codes differ from ngspice's: {', '.join(apart)}", style="bold red")
        raise typer.Exit(1)
