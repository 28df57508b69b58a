"""The page of ``xbar device``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit.report import Figure, Section, Table, write_page
from xbar_circuit.report.counted import counted_words
from xbar_circuit.studies.array.mvm_error import HOURS
from xbar_circuit.studies.device.characterization import DeviceReport

__all__ = ["device_summary", "write_device_page"]


def device_summary(report: DeviceReport) -> dict[str, Any]:
    """Return the numbers for machines; units are in the names."""
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
        "staircase_siemens": {
            f"{1e6 * ampere:.1f} uA": g for ampere, g in report.gradual.staircases.items()
        },
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
        "written_statistics": {
            "target_siemens": report.written.target,
            "accepted": report.written.accepted,
            "over_published": report.written.ratios,
        },
        "temperature": asdict(report.temperature),
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
    """Write ``index.html`` next to the figures in `folder` and return its path."""
    path = folder / "index.html"
    joshi, best = report.products["Joshi 2020"], report.programmed["verify, 8 bits"]
    write_page(
        path,
        title="Characterisation of a PCM cell",
        lead="One parameter set in NumPy and in ngspice, and the statistics of published arrays.",
        key_numbers={
            "30 nm switch on through 5 kohm at": f"{report.loop.volt.max():.2f} V",
            "512 x 512 product at 1 s": f"{100 * joshi.raw[0]:.1f} % error",
            "NumPy against ngspice, read": f"{report.agreement['read current']:.0e}",
            "verify with 8 bits": f"{best.accepted_rms_error * 1e6:.2f} uS rms",
            "u_a after 440 uA, 1 us": _thickest(report),
        },
        sections=[
            _physics(report, folder),
            _statistics(folder),
            _written(report, folder),
            _programming(report, folder),
            _products(report, folder),
            _temperature(report, folder),
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
            "From the published RESET, 440 uA for a microsecond, 50 pulses of 50 ns and"
            f" {report.gradual.ampere * 1e6:.0f} uA bring it back to 13 uS; the paper's cell needs"
            " 50 to 100 uA. What lies outside the published range is marked.",
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
            Figure(
                path=folder / "pulses.png",
                caption="Conductance that a pulse leaves, and staircases of SET pulses.",
            ),
            Figure(path=folder / "drift.png", caption="Drift over ten decades of time, and noise."),
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


def _thickest(report: DeviceReport) -> str:
    return next(f"{r.ours:.0f} nm" for r in report.ranges if r.what.startswith("u_a after"))


def _written(report: DeviceReport, folder: Path) -> Section:
    written = report.written
    names = {
        "programming_sigma": ("programming error [uS]", 1e6),
        "drift_mean": ("drift exponent, mean", 1.0),
        "drift_sigma": ("drift exponent, spread", 1.0),
        "read_sigma": ("read noise [uS]", 1e6),
    }
    rows = [
        [
            label,
            *(
                f"{factor * ours:.3g} ({factor * theirs:.3g})"
                for ours, theirs in zip(
                    getattr(written, name), written.published[name], strict=True
                )
            ),
        ]
        for name, (label, factor) in names.items()
    ]
    rows.append(["accepted [%]", *(f"{100 * part:.1f}" for part in written.accepted)])
    rows.append(["pulses", *(f"{count:.1f}" for count in written.pulses)])
    return Section(
        title="Statistics out of physics",
        paragraphs=[
            "Cells of the compact model that differ in geometry, barrier, drift and noise, written"
            " by a verify loop that reads with their own noise, then measured as the papers"
            " measured theirs. In brackets: the published fits for the same conductances."
        ],
        tables=[
            Table(
                columns=["ours (published) at", *(f"{1e6 * g:g} uS" for g in written.target)],
                rows=rows,
            )
        ],
        figures=[Figure(path=folder / "written.png", caption="Lines: published. Dots: this cell.")],
    )


def _temperature(report: DeviceReport, folder: Path) -> Section:
    warm = report.temperature
    rows = [
        ["product, raw [%]", *(f"{100 * e:.1f}" for e in warm.product_raw)],
        ["product, scaled [%]", *(f"{100 * e:.1f}" for e in warm.product_scaled)],
        ["network, raw [%]", *(f"{100 * e:.1f}" for e in warm.accuracy_raw)],
        ["network, scaled [%]", *(f"{100 * e:.1f}" for e in warm.accuracy_scaled)],
    ]
    return Section(
        title="Between 0 and 85 degrees",
        paragraphs=[
            "Weights programmed at 27 C, used after an hour in the cold or in the warm: the error"
            " of a 512 x 512 product, and the accuracy of LeNet-5 on 2,000 images of Fashion-MNIST"
            f" ({100 * warm.accuracy_digital:.1f} % without devices). Scaled: one factor for each"
            " array, from its response to a known input. It is nearly enough for the network, as"
            " Boybat et al. (IEDM 2021) measured, though a product keeps an error of its own: small"
            " conductances are more activated than large ones."
        ],
        tables=[
            Table(
                columns=["", *(f"{c:g} C" for c in warm.celsius)],
                rows=rows,
                caption=counted_words(warm.accuracy_digital, warm.images),
            )
        ],
        figures=[
            Figure(
                path=folder / "temperature.png",
                caption="Error of a product and accuracy of the network over temperature.",
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
            f"{report.programmed['single shot'].target.size} cells that differ as those above,"
            " read with their own noise. The verify step reads 0.2 V through a"
            " converter of the stated width; energy and time are means per cell, reads included."
            " Cells that are not accepted after 20 pulses dominate the error over all.",
        ],
        tables=[Table(columns=columns, rows=rows)],
        figures=[
            Figure(
                path=folder / "programming.png",
                caption="Error of the conductances that were written, and pulses that it took;"
                " colours as in the left panel.",
            )
        ],
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
        figures=[Figure(path=folder / "products.png", caption="Error of a product over time.")],
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
