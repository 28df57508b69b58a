"""The page of one network on several read-outs."""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.counted import share_words
from xbar_circuit.report.hardware import calibrated_words, part_words
from xbar_circuit.studies.network.readouts import ReadoutComparison, ReadoutRow
from xbar_circuit.units import engineering

__all__ = ["READOUT_COLUMNS", "readout_cells", "write_readouts_page"]

READOUT_COLUMNS = (
    "read-out",
    "accuracy",
    "energy",
    "latency",
    "codes",
    "equal",
    "within 1 LSB",
    "worst",
    "numbers",
)


def readout_cells(row: ReadoutRow, images: int) -> tuple[str, ...]:
    """Return one line of the table."""
    codes = row.codes
    return (
        row.name,
        share_words([row.accuracy], images),
        engineering(row.cost.total_joule, "J"),
        engineering(row.cost.latency_second, "s"),
        str(codes.codes),
        share_words([codes.equal], codes.codes, digits=0),
        share_words([codes.within_one], codes.codes, digits=0),
        f"{codes.worst:g} LSB",
        row.cost.periphery.name,
    )


def write_readouts_page(found: ReadoutComparison, folder: Path, *, footer: str) -> Path:
    """Write ``index.html`` next to the figure and return its path.

    Raises
    ------
    ModelFileError
        The figure is missing.
    OSError
        The page cannot be written.
    """
    path = folder / "index.html"
    layers = [
        (
            row.name,
            check.layer,
            f"{check.shape[0]} x {check.shape[1]}",
            str(check.codes.codes),
            f"{100 * check.codes.within_one:.0f} %",
            f"{check.codes.mean:+.2f}",
            f"{check.codes.worst:g}",
            engineering(check.seconds, "s"),
        )
        for row in found.rows
        for check in row.checks
    ]
    write_page(
        path,
        title="One network, several read-outs",
        lead=f"{found.network_name} on {found.data_name}: accuracy, energy and time from one"
        " description of each read-out, whose codes ngspice has computed too.",
        key_numbers={
            "digital": f"{100 * found.digital_accuracy:.2f} %",
            **{row.name: f"{100 * row.accuracy:.2f} %" for row in found.rows},
        },
        sections=[
            Section(
                title="Read-outs",
                paragraphs=[
                    f"{found.images:,} images, one chip each; in brackets the 95 % interval over"
                    " images, or over codes. Codes are those of the network's own"
                    " tiles on activations that occur: fast engine against the whole deck in"
                    " ngspice, from the driver to the code.",
                    "Energy and latency are of one inference. A behavioural part counts by the"
                    " formula in its docstring, a circuit by what ngspice measured during its"
                    " calibration; an ideal one has no energy of its own, so the published"
                    " numbers named in the last column are used.",
                ],
                tables=[
                    Table(
                        columns=READOUT_COLUMNS,
                        rows=[readout_cells(row, found.images) for row in found.rows],
                    )
                ],
                figures=[Figure(path=folder / "readouts.png", caption="Accuracy and energy.")],
            ),
            Section(
                title="What they are",
                paragraphs=[
                    f"{row.name}: {part_words(row.accelerator.readout)}."
                    + "".join(f" {calibrated_words(m)}" for m in row.accelerator.models)
                    for row in found.rows
                ],
            ),
            Section(
                title="Codes by layer",
                tables=[
                    Table(
                        columns=(
                            "read-out",
                            "layer",
                            "tile",
                            "codes",
                            "within 1 LSB",
                            "mean",
                            "worst",
                            "ngspice",
                        ),
                        rows=layers,
                    )
                ],
            ),
        ],
        footer=footer,
    )
    return path
