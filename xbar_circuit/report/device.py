"""The page of ``xbar device``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.studies.device import DeviceReport
from xbar_circuit.studies.mvm_error import HOURS

__all__ = ["device_summary", "write_device_page"]


def device_summary(report: DeviceReport) -> dict[str, Any]:
    """Return the numbers for machines; units stand in the names."""
    return {
        "published": [
            {"what": p.what, "published": p.published, "ours": p.ours, "unit": p.unit}
            for p in report.published
        ],
        "agreement_with_ngspice": report.agreement,
        "threshold_volt": float(report.loop.volt.max()),
        "programming_curve": {
            "volt": report.curve.volts,
            "conductance_siemens": report.curve.conductances,
        },
        "staircase_siemens": {f"{volt:g} V": g for volt, g in report.gradual.staircases.items()},
        "ranges": [asdict(point) | {"inside": point.inside} for point in report.ranges],
        "statistics": {
            name: {
                "target_siemens": spread.target,
                "programming_sigma_siemens": spread.programming,
                "drift_mean": spread.drift,
                "read_sigma_after_an_hour_siemens": spread.read,
            }
            for name, spread in report.spreads.items()
        },
        "program_and_verify": {
            name: {
                "rms_error_siemens": result.rms_error,
                "accepted_rms_error_siemens": result.accepted_rms_error,
                "mean_pulses": float(result.pulses.mean()),
                "accepted_fraction": float(result.accepted.mean()),
                "mean_energy_joule": float(result.energy_joule.mean()),
                "mean_second": float(result.second.mean()),
            }
            for name, result in report.programmed.items()
        },
        "product_error": {
            name: {"second": e.second, "raw": e.raw, "compensated": e.compensated}
            for name, e in report.products.items()
        },
        "neighbours": {
            scheme: {
                "selected_before_siemens": float(result.before[result.selected]),
                "selected_after_siemens": float(result.after[result.selected]),
                "worst_disturb": float(np.nanmax(np.abs(result.disturb))),
                "cells_changed_by_5_percent": _disturbed(result.disturb),
                "energy_joule": result.energy_joule,
            }
            for scheme, result in report.neighbours.items()
        },
    }


def write_device_page(report: DeviceReport, folder: Path, *, footer: str) -> Path:
    """Write ``index.html`` beside the figures in `folder` and return its path."""
    path = folder / "index.html"
    joshi, best = report.products["Joshi 2020"], report.programmed["verify, 8 bits"]
    write_page(
        path,
        title="A PCM device from all sides",
        lead="One parameter set in NumPy and in ngspice, and the statistics of published arrays.",
        key_numbers={
            "threshold of 25 nm": f"{report.loop.volt.max():.2f} V",
            "512 x 512 product at 1 s": f"{100 * joshi.raw[0]:.1f} % error",
            "NumPy against ngspice, read": f"{report.agreement['read current']:.0e}",
            "verify with 8 bits": f"{best.accepted_rms_error * 1e6:.2f} uS rms",
        },
        sections=[
            _physics(report, folder),
            _statistics(folder),
            _programming(report, folder),
            _products(report, folder),
            _neighbours(report, folder),
            _published(report),
            _agreement(report),
        ],
        footer=footer,
    )
    return path


def _disturbed(disturb: np.ndarray[Any, np.dtype[np.float64]]) -> int:
    return int(np.sum(np.abs(disturb[~np.isnan(disturb)]) > 0.05))


def _physics(report: DeviceReport, folder: Path) -> Section:
    return Section(
        title="The cell",
        paragraphs=[
            "An amorphous plug blocks the heater: it conducts by field-assisted, thermally"
            " activated hopping, switches on at a field, and relaxes in time. Parameters that no"
            " paper gives are fitted to textbook orders of magnitude.",
            f"Which pulse takes it to 13 uS in 50 steps? {report.gradual.volt:.2f} V for 50 ns"
            f" through 5 kohm, {report.gradual.ampere * 1e6:.0f} uA; the paper's cell needs 50 to"
            " 100 uA. What lies outside the published range is marked.",
        ],
        tables=[
            Table(
                columns=["", "published", "this cell", "", "source"],
                rows=[
                    [
                        r.what,
                        f"{r.low:g} to {r.high:g} {r.unit}".strip(),
                        f"{r.ours:.3g} {r.unit}".strip(),
                        "" if r.inside else "outside",
                        r.source,
                    ]
                    for r in report.ranges
                ],
            )
        ],
        figures=[
            Figure(path=folder / "conduction.png", caption="Conduction and threshold switching."),
            Figure(path=folder / "pulses.png", caption="What pulses leave behind."),
            Figure(path=folder / "drift.png", caption="Drift over twelve decades, and noise."),
        ],
    )


def _statistics(folder: Path) -> Section:
    return Section(
        title="Statistics of programmed devices",
        paragraphs=[
            "Published polynomials of three technologies (lines), and 200,000 devices drawn from"
            " each (dots). Near 0 a conductance is clipped, and dots fall below their line.",
        ],
        figures=[
            Figure(
                path=folder / "statistics.png",
                caption="Programming error, drift exponent and read noise over the target.",
            )
        ],
    )


def _programming(report: DeviceReport, folder: Path) -> Section:
    rows = [
        [
            name,
            f"{result.rms_error * 1e6:.2f}",
            f"{result.accepted_rms_error * 1e6:.2f}",
            f"{result.pulses.mean():.1f}",
            f"{100 * result.accepted.mean():.1f}",
            f"{result.energy_joule.mean() * 1e9:.2f}",
            f"{result.second.mean() * 1e6:.2f}",
        ]
        for name, result in report.programmed.items()
    ]
    columns = [
        "",
        "rms error [uS]",
        "of accepted [uS]",
        "pulses",
        "accepted [%]",
        "energy [nJ]",
        "time [us]",
    ]
    return Section(
        title="Programming",
        paragraphs=[
            f"{report.programmed['single shot'].target.size} cells whose heaters differ by 2 %,"
            " with 0.3 % between pulses. The verify step reads 0.2 V with 1 % noise through a"
            " converter of the stated width; energy and time are means per cell, reads included."
            " Cells that are not accepted after 20 pulses dominate the error over all.",
        ],
        tables=[Table(columns=columns, rows=rows)],
        figures=[Figure(path=folder / "programming.png", caption="Errors and pulses.")],
    )


def _products(report: DeviceReport, folder: Path) -> Section:
    rows = []
    for name, error in report.products.items():
        rows.append([f"{name}, raw", *(f"{100 * e:.1f}" for e in error.raw)])
        rows.append([f"{name}, compensated", *(f"{100 * e:.1f}" for e in error.compensated)])
    return Section(
        title="A product over time",
        paragraphs=[
            "Relative L2 error [%] of 64 products with 512 x 512 clipped Gaussian weights, half of"
            " the inputs zero, ideal wires and converters. Compensated: one factor for the array.",
        ],
        tables=[Table(columns=["error [%] after", *HOURS], rows=rows)],
        figures=[Figure(path=folder / "products.png", caption="The same, drawn.")],
    )


def _neighbours(report: DeviceReport, folder: Path) -> Section:
    rows = [
        [
            scheme,
            f"{result.before[result.selected] * 1e6:.2f}",
            f"{result.after[result.selected] * 1e6:.2f}",
            str(_disturbed(result.disturb)),
            f"{100 * float(np.nanmax(np.abs(result.disturb))):.0f}",
            f"{result.energy_joule * 1e9:.2f}",
        ]
        for scheme, result in report.neighbours.items()
    ]
    shape = next(iter(report.neighbours.values())).before.shape
    columns = ["scheme", "before [uS]", "after [uS]", "disturbed", "worst [%]", "energy [nJ]"]
    return Section(
        title="A write and its neighbours",
        paragraphs=[
            f"A RESET pulse on one of {shape[0]} x {shape[1]} cells without access devices, in"
            " ngspice. Disturbed are cells whose conductance moved by more than 5 %: half-selected"
            " cells switch on and heat up themselves, which is why PCM arrays have an access device"
            " in every cell.",
        ],
        tables=[Table(columns=columns, rows=rows)],
        figures=[Figure(path=folder / "neighbours.png", caption="Square: the written cell.")],
    )


def _published(report: DeviceReport) -> Section:
    rows = [
        [p.what, f"{p.published:g} {p.unit}", f"{p.ours:.4g} {p.unit}", f"{100 * p.relative:+.2f}"]
        for p in report.published
    ]
    return Section(
        title="Against the papers",
        tables=[Table(columns=["", "published", "drawn here", "difference [%]"], rows=rows)],
    )


def _agreement(report: DeviceReport) -> Section:
    rows = [[name, f"{value:.1e}"] for name, value in report.agreement.items()]
    return Section(
        title="Against ngspice",
        tables=[Table(columns=["", "relative difference"], rows=rows)],
    )
