"""The page and the summary of the IR drop study."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies.array.ir_drop import IrDropReport

__all__ = ["ir_drop_summary", "write_ir_drop_page"]


def ir_drop_summary(report: IrDropReport) -> dict[str, Any]:
    """Return the study as plain data, all in SI units and shares of 1."""
    size, ohm, volt = report.base
    return {
        "base": {"size": size, "segment_ohm": ohm, "read_volt": volt},
        "points": [asdict(point) for point in report.points],
        "spot_checks": [asdict(check) for check in report.checks],
        "tables": dict(report.tables),
        "maps": {name: asdict(found) for name, found in report.maps.items()},
    }


def write_ir_drop_page(
    report: IrDropReport, folder: Path, *, picture: Path, maps: Path, footer: str
) -> Path:
    """Write ``index.html`` and return its path.

    Raises
    ------
    ModelFileError
        The figure is missing.
    OSError
        The page cannot be written.
    """
    path = folder / "index.html"
    size, ohm, volt = report.base
    write_page(
        path,
        title="IR drop",
        lead="What the wires of an array cost, over its size, its wires, its read voltage and its"
        " cell.",
        key_numbers={
            f"{p.cell}, rms at {size} x {size}, {ohm:g} ohm, {volt:g} V": f"{100 * p.rms:.2f} %"
            for p in report.points
            if (p.size, p.segment_ohm, p.read_volt) == report.base
        },
        sections=[
            Section(
                title="Where the voltage is lost",
                paragraphs=[
                    f"The array of {size} x {size} cells, {ohm:g} ohm per segment, {volt:g} V:"
                    " drivers at the left, sense terminals at the bottom."
                ],
                figures=[
                    Figure(
                        path=maps,
                        caption="Left: voltage that word line and bit line take from each cell,"
                        " mean over the inputs. Right: error of each bit line's current against"
                        " the same cells on ideal wires.",
                    )
                ],
            ),
            Section(
                title="Error of the outputs",
                paragraphs=[
                    "Errors are against the same cells on ideal wires, relative to the largest"
                    " output, over all inputs and outputs. An output is a column's current, or the"
                    " weighted sum of a synapse's columns. Rows and columns have the same"
                    " resistance per segment; one quantity is swept at a time."
                ],
                figures=[
                    Figure(
                        path=picture,
                        caption="Solid: rms error; dotted: the worst output and input.",
                    )
                ],
                tables=[_points(report)],
            ),
            Section(
                title="Check against ngspice",
                paragraphs=[
                    "The curves come from the fast engine. Each cell was read in ngspice once as"
                    " well; cells with a transistor are a table in the fast engine, extracted from"
                    " ngspice, whose own held-out error is given below.",
                    *(f"{name}: {text}." for name, text in report.tables.items()),
                ],
                tables=[_checks(report)],
            ),
        ],
        footer=footer,
    )
    return path


def _points(report: IrDropReport) -> Table:
    return Table(
        columns=[
            "cell",
            "rows = columns",
            "segment [ohm]",
            "read [V]",
            "mean loss",
            "rms error",
            "worst error",
            "transistors' own loss",
        ],
        rows=[
            [
                p.cell,
                str(p.size),
                f"{p.segment_ohm:g}",
                f"{p.read_volt:g}",
                *(f"{100 * share:.3f} %" for share in (p.mean_loss, p.rms, p.worst)),
                f"{100 * p.cell_loss:.3f} %".replace("-0.000", "0.000"),
            ]
            for p in report.points
        ],
    )


def _checks(report: IrDropReport) -> Table:
    return Table(
        columns=["cell", "size", "inputs", "difference", "fast engine", "ngspice", "ratio"],
        rows=[
            [
                c.cell,
                str(c.size),
                str(c.inputs),
                f"{c.error:.1e}",
                f"{1e3 * c.nodal_second:.1f} ms",
                f"{1e3 * c.spice_second:.0f} ms",
                f"{c.spice_second / c.nodal_second:.0f}",
            ]
            for c in report.checks
        ],
        caption="Largest difference of the outputs, of full scale; time of one input.",
    )
