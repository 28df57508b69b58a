"""``xbar wire-aware``: what conductances chosen for the wires recover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli import _network_options as given
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    Bits,
    Out,
    Pcm,
    Seconds,
    Seed,
    SegmentOhm,
    Tile,
    Workers,
    draws,
    single,
)
from xbar_circuit.cli._resuming import resumes
from xbar_circuit.plots.recovery import draw_recovery
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.report.recovery import recovery_summary, recovery_table, write_recovery_page
from xbar_circuit.runs.items import ItemOutcome
from xbar_circuit.studies.network.recovery import recovery_of
from xbar_circuit.studies.sweep import run_sweep, sweep_plan_from_dictionary

__all__ = ["wire_aware"]


@draws()
@resumes
@given.takes_workload
def wire_aware(
    network: given.NETWORK = "lenet5",
    *,
    segment_ohm: SegmentOhm = None,
    tile: Tile = None,
    bits: Bits = 8,
    pcm: Pcm = "joshi2020",
    seconds: Seconds = 25.0,
    seeds: given.SEEDS = 3,
    seed: Seed = SEED,
    images: given.IMAGES = 2000,
    workload: given.AskedWorkload,
    workers: Workers = None,
    out: Out = Path("out/wire-aware"),
) -> None:
    """Measure what wire-aware programming recovers; resumes where an earlier run stopped."""
    side, chips = single("--tile", tile, 256), seeds or 3
    fixed: dict[str, Any] = {
        **workload.parameters(),
        **given.pcm_parameters(pcm),
        "images": images or 2000,
        "seconds": seconds,
        "accelerator.rows": side,
        "accelerator.cols": side,
        "accelerator.driver.bits": bits,
        "accelerator.readout.converter.bits": bits,
    }
    plan = sweep_plan_from_dictionary(
        {
            "study": {
                "function": "wire_aware",
                "seeds": list(range(seed, seed + chips)),
                "name": "wire-aware programming",
            },
            "parameters": fixed,
            "grid": {
                "ohm": sorted(segment_ohm or [0.0, 0.35, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0])
            },
        }
    )
    console = SafeConsole()
    with progress_bar(counted=True) as bar:
        bar.expect(plan.name, len(plan.items()))

        def tell(_: ItemOutcome) -> None:
            bar.add(plan.name)

        outcomes = run_sweep(plan, out, workers=workers, progress=tell)
    found = recovery_of(outcomes)
    draw_recovery(found, out / "wire_aware.png")
    write_json(out / "summary.json", recovery_summary(found))
    page = write_recovery_page(
        found,
        out,
        network=network,
        picture=out / "wire_aware.png",
        footer=made_by(),
    )
    content = recovery_table(found)
    table = Table(title=f"{network}, {side} x {side} tiles, {bits} bit, {pcm}")
    for column in content.columns:
        table.add_column(column, justify="right")
    for row in content.rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)
