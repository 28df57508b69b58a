"""``xbar bench`` times the engines side by side on this machine."""

from __future__ import annotations

import json
import resource
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xbar_circuit import _checks as checks
from xbar_circuit import report
from xbar_circuit._compiler import available
from xbar_circuit._files import write_json
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.cli._made_by import made_by
from xbar_circuit.cli._options import (
    SEED,
    MaxSide,
    Only,
    Out,
    Seed,
    draws,
)
from xbar_circuit.cli._resuming import one_shot
from xbar_circuit.cli._warm_up import warm_up
from xbar_circuit.errors import ParameterError
from xbar_circuit.report.progress import progress_bar
from xbar_circuit.studies.array.speed import SECTIONS, USUAL, EngineTiming, machine, measure_speed

__all__ = ["bench"]


@draws()
@one_shot
def bench(
    *,
    out: Out = Path("out/bench"),
    max_side: MaxSide = 2048,
    spice: Annotated[bool, typer.Option(help="Time ngspice too; it takes minutes.")] = True,
    baseline: Annotated[
        Path | None, typer.Option(help="summary.json of an earlier run to compare with.")
    ] = None,
    only: Only = None,
    seed: Seed = SEED,
) -> None:
    """Time the nodal engine against ngspice, sparse LU, badcrossbar and the damped fixed point.

    Sizes from 16 to 2048; badcrossbar is timed where it is installed. All in one process, so that
    the ratios hold on a busy machine too. Of the sections, "network" (ten million weights mapped,
    programmed and reduced for 5 seeds and 5 times, minutes) runs only if asked for; the others are
    linear, tiles, nonlinear and transient.
    """
    for section in only or ():
        checks.choice("only", section, SECTIONS)
    console = SafeConsole()
    earlier = None if baseline is None else _read(baseline)
    sizes = [size for size in (16, 32, 64, 128, 256, 512, 1024, 2048) if size <= max_side]
    timings: list[EngineTiming] = []
    sections = only or USUAL
    if available():
        warm_up()  # no compilation is timed: the first use after a change of the code compiles
    with progress_bar(transient=True) as bar:
        for timing in measure_speed(sizes, seed=seed, with_spice=spice, sections=sections):
            timings.append(timing)
            share = 100.0 * sum(timing.size >= size for size in sizes) / (len(sizes) + 1)
            text = f"{timing.task}, {timing.method}, {timing.size}"
            bar.reach(text, share, 100.0)
    headings, lines = _lines(timings, earlier)
    table = Table(*headings)
    for line in lines:
        table.add_row(*line)
    console.print(table)
    found = machine(with_spice=spice)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    where = (
        f"{found['processor']}, {found['cpus']} CPUs, load {found['load']:.1f}; {found['blas']};"
        f" GPU {found['gpu'] or 'none'}; peak memory {peak / 2**30:.1f} GiB"
    )
    console.print(where, highlight=False)
    content = {
        "machine": found,
        "peak_memory_bytes": peak,
        "timings": [asdict(timing) for timing in timings],
    }
    write_json(out / "summary.json", content)
    if "linear" in sections:
        from xbar_circuit.plots.speed import speed_figure  # noqa: PLC0415  plots load slowly

        speed_figure(timings, out / "bench.png")
    picture = report.Figure(path=out / "bench.png", caption="Time over the size of the array.")
    page = out / "index.html"
    report.write_page(
        page,
        title="Speed of the engines",
        lead="Time of the nodal engine and of other ways to solve the same array, in one process.",
        sections=[
            report.Section(
                title="Times",
                paragraphs=[f"{where}.", "The last columns are ratios of the times."],
                tables=[report.Table(columns=headings, rows=lines)],
                figures=[picture] if "linear" in sections else [],
            )
        ],
        footer=made_by(f"seed {seed}"),
    )
    console.print(f"summary and page: {out / 'summary.json'}, {page}", soft_wrap=True)


def _read(path: Path) -> dict[tuple[str, str, int], float]:
    """Return the times of an earlier run.

    Raises
    ------
    ParameterError
        The file is missing or is no summary.json.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            (line["task"], line["method"], line["size"]): float(line["second"])
            for line in content["timings"]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ParameterError.about(
            "--baseline",
            got=f"{path} ({error})",
            expected="the summary.json of an earlier run",
            remedy="give its path",
        ) from error


def _lines(
    timings: Sequence[EngineTiming], earlier: dict[tuple[str, str, int], float] | None
) -> tuple[list[str], list[list[str]]]:
    """Return headings and times, each with its ratio to the nodal engine and the earlier run."""
    own = {(t.task, t.size): t.second for t in timings if t.method == "nodal"}
    headings = ["task", "size", "method", "time", "times nodal"]
    headings += [] if earlier is None else ["before", "now / before"]
    lines = []
    for t in sorted(timings, key=lambda t: (t.task, t.size, t.method != "nodal")):
        nodal = own.get((t.task, t.size))
        line = [
            t.task,
            str(t.size),
            t.method,
            f"{t.second * 1e3:.2f} ms",
            "-" if nodal is None else f"{t.second / nodal:.1f}",
        ]
        if earlier is not None:
            before = earlier.get((t.task, t.method, t.size))
            line += (
                ["-", "-"]
                if before is None
                else [
                    f"{before * 1e3:.2f} ms",
                    f"{t.second / before:.2f}",
                ]
            )
        lines.append(line)
    return headings, lines
