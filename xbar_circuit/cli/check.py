"""``xbar check``: what of a network runs on tiles, what is digital, and what is unsupported."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from xbar_circuit import _user_modules as user_modules
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._networks import as_typed, load_network
from xbar_circuit.cli._options import Out, Output
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.network.census import Census, OperatorCount, take_census
from xbar_circuit.network.importers import unknown_operators
from xbar_circuit.report.census import write_census_page

__all__ = ["check"]

_MISSING = 1  # exit code

_PLACES = {
    "tiles": "tiles",
    "digital": "digital",
    "reference": "digital, ONNX",
    "missing": "missing",
}


@one_shot
def check(
    network: given.NETWORK,
    *,
    shape: given.SHAPE = None,
    output: Output = None,
    constant: given.CONSTANT = None,
    out: Out = Path("out/check"),
) -> None:
    """List what runs on tiles, what is digital, and what is unsupported."""
    user_modules.look_in(Path.cwd())  # a torch module of the user's own
    with as_typed():
        unknown = unknown_operators(network)
    if unknown:
        rows = [OperatorCount(kind=k, place="missing", count=n) for k, n in unknown.items()]
        found = Census(source=Path(network).name, rows=tuple(rows), shapes={}, stacks=False)
    else:
        chosen = load_network(network, shape=shape, output=output, constant=constant)
        found = take_census(chosen)
    write_json(out / "summary.json", found.to_dict())
    page = write_census_page(found, out, footer=made_by())
    console = SafeConsole()
    console.print(_table(found))
    if found.missing:
        console.print(
            f"unsupported: {', '.join(found.missing)}: replace it before the export, or run that"
            " part elsewhere",
            soft_wrap=True,
        )
    else:
        if any(row.place == "reference" for row in found.rows):
            console.print("digital, ONNX: computed by ONNX's own reference implementation")
        if found.digital_weights:
            places = ", ".join(f"{n:,} in {kind}" for kind, n in found.digital_weights.items())
            console.print(f"weights that stay digital: {places}", soft_wrap=True)
        shapes = "; ".join(f"{name} {shape}" for name, shape in found.shapes.items())
        console.print(f"work for one sample of {shapes}", soft_wrap=True)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
    if found.missing:
        raise typer.Exit(_MISSING)


def _table(found: Census) -> Table:
    title = f"{found.source or 'network'}: {found.weights:,} weights"
    if found.macs:
        title += f", {100 * found.tile_share:.1f} % of {found.macs:,} products on tiles"
    table = Table(title=title)
    for column in ("operator", "where", "count", "weights", "products", "share"):
        table.add_column(column, justify="left" if column in {"operator", "where"} else "right")
    for row in found.rows:
        numbers = (f"{number:,}" if number else "" for number in (row.weights, row.macs))
        share = f"{100 * row.macs / found.macs:.1f} %" if row.macs else ""
        table.add_row(row.kind, _PLACES[row.place], f"{row.count}", *numbers, share)
    return table
