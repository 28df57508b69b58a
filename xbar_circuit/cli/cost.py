"""``xbar cost``: latency, energy and area of an inference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.table import Table

from xbar_circuit import _user_modules as user_modules
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator.cost import Cost
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.accelerator.usual import usual_accelerator
from xbar_circuit.architecture import preset
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._doubts import read_config
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._networks import as_typed, constants_of, sample_shape_of
from xbar_circuit.cli._options import (
    Architecture,
    Out,
    Output,
    TileBudget,
    draws,
)
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.network.images import fashion_mnist_calibration, fashion_mnist_test, load_images
from xbar_circuit.network.normalisation import Normalisation
from xbar_circuit.network.workload import FASHION_MNIST, check_data, fit_images
from xbar_circuit.plots.cost import draw_chips, draw_cost
from xbar_circuit.report.cost import cost_components, write_cost_page
from xbar_circuit.studies.network.chips import copies_of, make_chip, mapped
from xbar_circuit.units import engineering

__all__ = ["cost"]


@draws()
@one_shot
def cost(
    network: given.NETWORK = "lenet5",
    *,
    architecture: Architecture = None,
    config: given.CONFIG = None,
    tile_budget: TileBudget = None,
    data: given.DATA = None,
    divide: given.DIVIDE = None,
    mean: given.MEAN = None,
    std: given.STD = None,
    output: Output = None,
    shape: given.SHAPE = None,
    constant: given.CONSTANT = None,
    images: given.IMAGES = 16,
    seed: given.FIRST_SEED = None,
    out: Out = Path("out/cost"),
) -> None:
    """Report energy, latency and area of an inference, by component, compared with published chips.

    --architecture is one of hermes, hermes 64, isaac, neurram and others (an unknown name lists
    them): its numbers replace those of the parts, and without --config its tiles are taken.
    Without both, it is hermes.
    """
    console, count = SafeConsole(), images or 16
    if config is None:
        architecture = architecture or "hermes"
        settings = InferenceSettings(accelerator=usual_accelerator(architecture))
    else:
        settings = read_config(config)
    said: dict[str, Any] = {"architecture": architecture, "tile_budget": tile_budget, "seed": seed}
    settings = replace(settings, **{name: v for name, v in said.items() if v is not None})
    if settings.architecture is not None:
        preset(settings.architecture)  # a typing error is refused before the work
    stated = Normalisation.stated(divide, mean, std)
    user_modules.look_in(Path.cwd())  # a torch module of the user's own
    chosen = check_data(network, data=data, calibration=data, normalisation=stated)
    if chosen == FASHION_MNIST:
        load, known = fashion_mnist_test().first(count), fashion_mnist_calibration().first(256)
    elif stated is not None:
        load = known = load_images(Path(chosen), normalisation=stated, count=count)
    with as_typed():
        net, load = fit_images(
            network,
            load,
            output=output,
            shape=sample_shape_of(shape),
            constants=constants_of(constant),
        )
    known = known.arranged(net.input_shape)
    with SafeConsole(stderr=True).status("programming the tiles and solving their currents"):
        chip = make_chip(mapped(net, settings), settings, known, seed=settings.seed).at(
            settings.seconds[0]
        )
        copies = copies_of(chip.mapping, settings)
        found = chip.cost(load.images, architecture=settings.architecture, replicas=copies)
    draw_cost(found, out / "cost.png")
    draw_chips(found, out / "chips.png")
    page = write_cost_page(
        found,
        out,
        footer=made_by(f"architecture {found.periphery.name}"),
    )
    write_json(out / "summary.json", found.to_dict())
    _tell(console, found)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)


def _tell(console: SafeConsole, found: Cost) -> None:
    content = cost_components(found)
    table = Table(title=f"{found.network_name} on {found.tiles} tiles, {found.periphery.name}")
    for k, column in enumerate(content.columns):
        table.add_column(column, justify="left" if k == 0 else "right")
    for row in content.rows:
        table.add_row(*row)
    console.print(table)
    console.print(
        f"latency {engineering(found.latency_second, 's')}, an image every"
        f" {engineering(found.interval_second, 's')}, {found.tops:.3g} TOPS,"
        f" {found.tops_per_watt:.3g} TOPS/W; one full tile:"
        f" {engineering(found.full_tile['product_joule'], 'J')},"
        f" {engineering(found.full_tile['product_second'], 's')},"
        f" {found.full_tile['tops_per_watt']:.3g} TOPS/W",
        highlight=False,
    )
    for line in found.assumptions:
        console.print(f"- {line}", style="dim", highlight=False)
