"""The page of calibrated read-outs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies.readout.calibration import CalibrationReport
from xbar_circuit.units import engineering

__all__ = ["CALIBRATION_COLUMNS", "calibration_row", "write_calibration"]

CALIBRATION_COLUMNS = (
    "read-out",
    "held out",
    "within 1 LSB",
    "worst",
    "ngspice",
    "fast",
    "ratio",
    "macromodel - full",
)


def calibration_row(report: CalibrationReport) -> tuple[str, ...]:
    """Return one line of the table."""
    apart = np.abs(report.calibration.fast_code - report.calibration.spice_code)
    difference = report.macromodel_difference
    return (
        report.case.name,
        str(apart.size),
        f"{100 * report.within_one:.1f} %",
        f"{apart.max()} LSB",
        engineering(report.spice_second, "s"),
        engineering(report.fast_second, "s"),
        f"{report.speed_ratio:,.0f}",
        "-" if difference is None else f"{difference:.1e}",
    )


def write_calibration(
    reports: Sequence[CalibrationReport], folder: Path, *, footer: str = ""
) -> Path:
    """Write ``index.html`` over the figures in the cases' folders; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    page = folder / "index.html"
    worst = min(reports, key=lambda report: report.within_one)
    write_page(
        page,
        title="Calibrated read-outs",
        lead="Fast models fitted to ngspice, tested on held-out products.",
        key_numbers={
            "within 1 LSB, at worst": f"{100 * worst.within_one:.1f} %",
            "faster, at least": f"{min(report.speed_ratio for report in reports):,.0f} times",
        },
        sections=[
            Section(
                title="Agreement and speed",
                paragraphs=(
                    "Times are of one code, in the same process; ngspice reads one column, the"
                    " fast model all of them. The array is reduced once, before.",
                ),
                tables=[
                    Table(
                        columns=CALIBRATION_COLUMNS, rows=[calibration_row(one) for one in reports]
                    )
                ],
            ),
            *(_case(report, folder) for report in reports),
        ],
        footer=footer,
    )
    return page


def _case(report: CalibrationReport, folder: Path) -> Section:
    model = report.calibration.tile.fast_model
    ohm, volt = ((*model.input_sigmas, 0.0, 0.0))[:2]
    unit = report.calibration.tile.readout.converter.input_unit
    rows = [
        ("input resistance", f"{model.input_ohm:.4g} +/- {ohm:.1g} ohm"),
        ("input voltage", f"{model.input_volt * 1e3:.4g} +/- {volt * 1e3:.1g} mV"),
        *(
            (
                f"coefficient {k} over {engineering(model.scale_ampere, 'A')}",
                f"{value:.6g} +/- {sigma:.1g} {unit}",
            )
            for k, (value, sigma) in enumerate(zip(model.coefficients, model.sigmas, strict=True))
        ),
        ("saturation", _saturation(model.low, model.high, unit)),
        ("rms of the fit", f"{model.residual_lsb:.3f} LSB (0.289 is the rounding alone)"),
        ("noise of the amplifier, rms", engineering(model.noise, unit)),
        ("settling", _poles(report)),
        ("a product takes", engineering(model.product_second, "s")),
        ("energy of the read-out for a product", engineering(model.readout_joule, "J")),
    ]
    picture = folder / report.case.name.replace(" ", "-") / "calibrate.png"
    return Section(
        title=report.case.name,
        tables=[Table(columns=("quantity", "value"), rows=rows)],
        figures=[Figure(path=picture, caption="Codes and the model's error, products held out")],
    )


def _saturation(low: float, high: float, unit: str) -> str:
    """Say where the converter's input stops to follow; infinite is nowhere in the range."""
    ends = [
        f"{side} {engineering(value, unit)}"
        for side, value in (("below", low), ("above", high))
        if np.isfinite(value)
    ]
    return " and ".join(ends) or "not within the fitted range"


def _poles(report: CalibrationReport) -> str:
    settling = report.calibration.tile.fast_model.settling
    if settling is None:
        return "no amplifier"
    slowest = settling.poles[0]
    text = f"slowest time constant {engineering(-1.0 / slowest[0], 's')}"
    given = report.calibration.tile.readout.settling
    left = float(settling.remaining(given))
    return f"{text}; {abs(left):.1e} of a step is left after {engineering(given, 's')}"
