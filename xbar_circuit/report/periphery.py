"""The pages of the periphery's bench: figures of merit, compared with published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.sheet import sheet_sections
from xbar_circuit.studies import MURMANN_SURVEY, ColumnReport, ConverterReport
from xbar_circuit.units import engineering

__all__ = [
    "column_rows",
    "converter_rows",
    "write_column",
    "write_converter",
]

Rows = list[tuple[str, str]]


def converter_rows(report: ConverterReport) -> Rows:
    """Return the converter's figures of merit as (what, value)."""
    missing = ", ".join(map(str, report.missing_codes[:8])) or "none"
    return [
        ("largest INL", f"{report.worst_inl_lsb:.3g} LSB"),
        ("largest DNL", f"{report.worst_dnl_lsb:.3g} LSB"),
        ("missing codes", missing + (" ..." if len(report.missing_codes) > 8 else "")),
        ("monotonic", "yes" if report.monotonic else "no"),
        ("offset", f"{report.offset_lsb:.3g} LSB"),
        ("gain error", f"{100 * report.gain_error:.3g} %"),
        ("noise, rms at the input", f"{report.noise_lsb:.3g} LSB"),
        ("SINAD", f"{report.sinad_db:.2f} dB"),
        ("ENOB", f"{report.enob:.2f} bit"),
        ("SFDR", f"{report.sfdr_db:.1f} dB"),
        ("conversion time", engineering(report.conversion_second, "s")),
        ("energy of a conversion (model)", engineering(report.energy_joule, "J")),
        ("Walden figure of merit", engineering(report.walden_joule, "J/step")),
        _certainty(report),
    ]


def _certainty(report: ConverterReport) -> tuple[str, str]:
    """Return how sure the thresholds are."""
    if report.search == "full":
        return "servo and code density differ by", f"{report.methods_differ_lsb:.2g} LSB at most"
    count = int(np.isfinite(report.thresholds).sum())
    return (
        f"thresholds measured ({report.search})",
        f"{count} of {report.thresholds.size} in {report.conversions} conversions,"
        f" each +/- {report.threshold_error_lsb * np.sqrt(3.0):.2g} LSB",
    )


def write_converter(
    report: ConverterReport, folder: Path, *, picture: Path, footer: str = ""
) -> Path:
    """Write ``index.html`` with its figure; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    survey = [
        (
            name,
            engineering(MURMANN_SURVEY["energy_joule"][name], "J"),
            engineering(MURMANN_SURVEY["walden_joule"][name], "J/step"),
        )
        for name in MURMANN_SURVEY["energy_joule"]
    ]
    own = (
        "this converter (model)",
        engineering(report.energy_joule, "J"),
        engineering(report.walden_joule, "J/step"),
    )
    page = folder / "index.html"
    write_page(
        page,
        title=report.name,
        lead=f"Measured by the converter's bench, engine: {report.engine}.",
        key_numbers={
            "ENOB": f"{report.enob:.2f} bit",
            "largest INL": f"{report.worst_inl_lsb:.2g} LSB",
            "conversion": engineering(report.conversion_second, "s"),
        },
        sections=[
            Section(
                title="Figures of merit",
                tables=[Table(columns=("", "value"), rows=converter_rows(report))],
                figures=[
                    Figure(path=picture, caption="Integral and differential nonlinearity; spectrum")
                ],
            ),
            *sheet_sections(report.merits, report.variations),
            Section(
                title="Compared with published converters",
                paragraphs=(
                    "B. Murmann's ADC survey, 6.5 to 8.5 effective bits at 0.5 to 2 GS/s, n = 23.",
                ),
                tables=[
                    Table(columns=("", "energy", "Walden figure of merit"), rows=[own, *survey])
                ],
            ),
        ],
        footer=footer,
    )
    return page


def column_rows(report: ColumnReport) -> Rows:
    """Return the column's errors as (what, value)."""

    def size(cause: str | None) -> str:
        rms, mean, worst = report.rms(cause), report.mean(cause), report.worst(cause)
        return f"{rms:.3g} LSB ({mean:+.3g}, {worst:.3g})"

    left = report.calibrated_error_lsb
    energy = "not measured"
    if np.isfinite(report.readout_joule):
        energy = engineering(report.readout_joule, "J")
    return [
        *((f"error by {cause}, rms (mean, largest)", size(cause)) for cause in report.error_lsb),
        ("whole error, rms (mean, largest)", size(None)),
        ("gain of the column", f"{report.gain:.5f}"),
        ("offset of the column", f"{report.offset_lsb:.3g} LSB"),
        (
            "after calibration of both, rms (largest)",
            f"{np.sqrt(np.mean(left**2)):.3g} LSB ({np.abs(left).max():.3g})",
        ),
        ("time of a product", engineering(report.product_second, "s")),
        ("energy of the read-out for a product", energy),
    ]


def write_column(report: ColumnReport, folder: Path, *, picture: Path, footer: str = "") -> Path:
    """Write ``index.html`` with its figure; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "index.html"
    write_page(
        page,
        title=report.name,
        lead=f"{report.code.size} products read out end to end, engine: {report.engine},"
        f" array: {report.array}.",
        key_numbers={
            "whole error": f"{report.rms():.2g} LSB",
            "calibrated": f"{np.sqrt(np.mean(report.calibrated_error_lsb**2)):.2g} LSB",
            "a product takes": engineering(report.product_second, "s"),
        },
        sections=[
            Section(
                title="Error by cause",
                paragraphs=(
                    "Driver, device, wire, amplifier and converter are switched from ideal to real"
                    " one after the other; each is charged with the resulting change of the code."
                    " The shares of every product add up to its whole error.",
                ),
                tables=[Table(columns=("", "value"), rows=column_rows(report))],
                figures=[Figure(path=picture, caption="Codes, whole error, error by cause")],
            )
        ],
        footer=footer,
    )
    return page
