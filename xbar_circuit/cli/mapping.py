"""``xbar mapping``: what sits where, without running anything."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import replace
from pathlib import Path

from rich.table import Table

from xbar_circuit import _user_modules as user_modules
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.accelerator.mapping import Mapping
from xbar_circuit.accelerator.settings import InferenceSettings
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._doubts import read_config
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._networks import load_network
from xbar_circuit.cli._options import (
    Out,
    Output,
    TileBudget,
    draws,
)
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.plots.mapping import draw_floorplan, draw_tiles
from xbar_circuit.report.mapping import mapping_summary, write_mapping_csv, write_mapping_page
from xbar_circuit.studies.network.chips import copies_of, mapped

__all__ = ["mapping", "write_mapping"]


@draws()
@one_shot
def mapping(
    network: given.NETWORK,
    *,
    config: given.CONFIG = None,
    shape: given.SHAPE = None,
    constant: given.CONSTANT = None,
    output: Output = None,
    tile_budget: TileBudget = None,
    out: Out = Path("out/mapping"),
) -> None:
    """Map a network onto tiles: how many, how full, which weights sit where."""
    user_modules.look_in(Path.cwd())  # a torch module of the user's own
    settings = InferenceSettings() if config is None else read_config(config)
    if tile_budget is not None:
        settings = replace(settings, tile_budget=tile_budget)
    chosen = load_network(network, shape=shape, output=output, constant=constant)
    found = mapped(chosen, settings)
    copies = copies_of(found, settings)
    write_mapping(found, copies, out)
    summary = mapping_summary(found, copies)
    write_json(out / "summary.json", summary)
    page = write_mapping_page(found, out, copies, footer=made_by())
    console = SafeConsole()
    table = Table(
        title=f"{found.tile_count} tiles ({summary['tiles_with_copies']} with copies),"
        f" {100 * found.utilisation:.1f} % of cells used"
    )
    for column in ("layer", "groups", "rows", "cols", "tiles", "copies", "utilisation"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    for layer in summary["layers"]:
        numbers = (str(layer[name]) for name in ("groups", "rows", "cols", "tiles", "copies"))
        table.add_row(layer["name"], *numbers, f"{100 * layer['utilisation']:.1f} %")
    console.print(table)
    console.print(f"every tile and the page: {out / 'mapping.csv'}, {page}", soft_wrap=True)


def write_mapping(found: Mapping, copies: MappingOf[str, int], out: Path) -> None:
    """Write ``mapping.csv``, ``floorplan.png`` and ``mapping.png``."""
    write_mapping_csv(found, out / "mapping.csv", copies)
    draw_floorplan(found, out / "floorplan.png", copies)
    draw_tiles(found, out / "mapping.png")
