"""Figures of a PCM device: conduction, switching, programming, drift, noise, neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies.array.mvm_error import HOURS
from xbar_circuit.studies.device.characterization import CELSIUS, THICKNESSES, DeviceReport

__all__ = [
    "draw_conduction",
    "draw_device_temperature",
    "draw_drift",
    "draw_neighbours",
    "draw_products",
    "draw_programming",
    "draw_pulses",
    "draw_statistics",
    "draw_written",
]

_DASHES = (":", "-", "--")


def draw_conduction(report: DeviceReport, path: Path) -> None:
    """Draw current over voltage at three temperatures, and the switching loop."""
    with figure(1, 2, width=10.0, height=4.0) as (page, (left, right)):
        for k, thickness in enumerate(THICKNESSES):
            for celsius, dash, currents in zip(CELSIUS, _DASHES, report.currents, strict=True):
                label = f"{thickness * 1e9:g} nm" if celsius == CELSIUS[1] else None
                left.loglog(report.volts, currents[k], dash, color=COLOURS[k], label=label)
        left.set_xlabel("voltage [V]")
        left.set_ylabel("current [A]")
        cold, room, hot = (str(round(celsius)) for celsius in CELSIUS)
        left.set_title(f"Below threshold: {cold} C (dotted), {room} C, {hot} C (dashed)")
        left.legend(title="amorphous")
        volt, current = report.loop.volt[:, 0], report.loop.current[:, 0] * 1e6
        top = int(np.argmax(report.loop.drive_volt[:, 0]))
        right.plot(volt[: top + 1], current[: top + 1], label="up")
        right.plot(volt[top:], current[top:], label="down")
        right.set_xlabel("voltage of the cell [V]")
        right.set_ylabel("current [uA]")
        right.set_title("Switching through 5 kohm, 30 nm")
        right.legend()
        save(page, path)


def draw_pulses(report: DeviceReport, path: Path) -> None:
    """Draw the programming curve and the staircases of SET pulses."""
    with figure(1, 2, width=10.0, height=4.0) as (page, (left, right)):
        left.semilogy(report.curve.volts, report.curve.conductances * 1e6)
        left.set_xlabel(
            f"amplitude of a {report.curve.pulse.width_second * 1e6:g} us pulse through"
            f" {report.curve.pulse.load_ohm * 1e-3:g} kohm [V]"
        )
        left.set_ylabel("conductance it leaves [uS]")
        left.set_title("Programming curve")
        for ampere, conductances in report.gradual.staircases.items():
            label = f"{1e6 * ampere:.1f} uA, 50 ns"
            right.plot(conductances * 1e6, "o-", markersize=3.5, label=label)
        right.axhspan(12.0, 14.0, color="#888888", alpha=0.3, label="published, after 50")
        right.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        right.set_xlabel("SET pulses")
        right.set_ylabel("conductance [uS]")
        right.set_title("SET pulses after a RESET of 440 uA")
        right.legend()
        save(page, path)


def draw_statistics(report: DeviceReport, path: Path) -> None:
    """Draw programming error, drift exponent and read noise over the target, curves and draws."""
    panels = (
        ("programming", "programming error [uS]", 1e6, "Programming error"),
        ("drift", "drift exponent, mean", 1.0, "Drift"),
        ("read", "deviation of a read [uS]", 1e6, "Read noise after an hour"),
    )
    with figure(1, 3, width=12.0, height=4.0) as (page, axes):
        for ax, (field, label, factor, title) in zip(axes, panels, strict=True):
            for colour, (name, spread) in zip(COLOURS, report.spreads.items(), strict=False):
                curve, drawn = getattr(spread, field)
                target = spread.target * 1e6
                ax.plot(target, factor * curve, color=colour, label=name)
                ax.plot(target, factor * drawn, "o", markersize=3.5, color=colour)
            ax.set_xlabel("target [uS]")
            ax.set_ylabel(label)
            ax.set_ylim(bottom=0.0)
            ax.set_title(title)
        axes[0].legend(title="line: published, dots: drawn", fontsize=8, title_fontsize=8)
        save(page, path)


def draw_written(report: DeviceReport, path: Path) -> None:
    """Draw the statistics of written cells over the published fits."""
    written = report.written
    panels = (
        ("programming_sigma", "programming error [uS]", 1e6),
        ("drift_mean", "drift exponent, mean [1]", 1.0),
        ("drift_sigma", "drift exponent, sigma [1]", 1.0),
        ("read_sigma", "read noise [uS]", 1e6),
    )
    with figure(1, 4, width=13.0, height=3.6) as (page, axes):
        for ax, (name, label, factor) in zip(axes, panels, strict=True):
            target, theirs = written.target * 1e6, factor * written.published[name]
            ax.fill_between(target, 0.85 * theirs, 1.15 * theirs, alpha=0.25, label="15 %")
            ax.plot(target, theirs, label="published")
            ax.plot(target, factor * getattr(written, name), "o", color=COLOURS[1], label="ours")
            ax.set_xlabel("target [uS]")
            ax.set_ylabel(label)
            ax.set_ylim(bottom=0.0)
        axes[0].legend(fontsize=8)
        save(page, path)


def draw_device_temperature(report: DeviceReport, path: Path) -> None:
    """Draw the error of a product and the accuracy of a network over temperature."""
    warm = report.temperature
    with figure(1, 2, width=10.0, height=4.0) as (page, (left, right)):
        left.plot(warm.celsius, 100 * warm.product_raw, "o-", label="raw")
        left.plot(warm.celsius, 100 * warm.product_scaled, "o-", label="one factor per array")
        left.set_xlabel("temperature [degree Celsius]")
        left.set_ylabel("error of a product [%]")
        left.set_ylim(bottom=0.0)
        left.legend()
        right.plot(warm.celsius, 100 * warm.accuracy_raw, "o-", label="raw")
        right.plot(warm.celsius, 100 * warm.accuracy_scaled, "o-", label="one factor per array")
        right.axhline(100 * warm.accuracy_digital, color="#888888", label="without devices")
        right.set_xlabel("temperature [degree Celsius]")
        right.set_ylabel("accuracy [%]")
        right.set_ylim(0.0, 100.0)
        right.legend(loc="lower right")
        save(page, path)


def draw_drift(report: DeviceReport, path: Path) -> None:
    """Draw drift over time, and the noise of a read."""
    with figure(1, 2, width=10.0, height=4.0) as (page, (left, right)):
        for name, conductances in report.drift.items():
            left.loglog(report.drift_second, conductances * 1e6, label=name)
        left.set_xlabel("time since programming [s]")
        left.set_ylabel("conductance [uS]")
        left.set_title("Drift")
        left.legend()
        right.loglog(report.hertz, report.noise, "o", markersize=4, label="ngspice")
        right.loglog(report.hertz, report.noise_law, label="formula")
        right.set_xlabel("frequency [Hz]")
        right.set_ylabel("current noise [A/sqrt(Hz)]")
        right.set_title("Noise of a read at 0.2 V, 15 nm")
        right.legend()
        save(page, path)


def draw_programming(report: DeviceReport, path: Path) -> None:
    """Draw how far cells end from their targets, and after how many pulses."""
    with figure(1, 2, width=10.0, height=4.0) as (page, (left, right)):
        edges = np.linspace(-1.5, 1.5, 61).tolist()
        for colour, (name, result) in zip(COLOURS, report.programmed.items(), strict=False):
            if name == "single shot":
                continue
            left.hist(result.error * 1e6, edges, histtype="step", linewidth=1.6, color=colour)
            left.plot(
                [],
                [],
                color=colour,
                label=f"{name}, accepted rms {result.accepted_rms_error * 1e6:.2f} uS",
            )
            counts = np.sort(result.pulses)
            right.step(counts, np.arange(1, counts.size + 1) / counts.size, color=colour)
        single = report.programmed["single shot"]
        left.set_title(f"Error after verify (single shot: rms {single.rms_error * 1e6:.1f} uS)")
        left.set_xlabel("error [uS]")
        left.set_ylabel("cells")
        left.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        left.margins(y=0.3)
        left.legend(loc="upper left", fontsize=8)
        right.set_title("Pulses until accepted")
        right.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        right.set_xlabel("pulses")
        right.set_ylabel("fraction of cells")
        save(page, path)


def draw_products(report: DeviceReport, path: Path) -> None:
    """Draw the error of a product over time, raw and drift-compensated."""
    with figure(width=7.5, height=4.0) as (page, (axes,)):
        for colour, (name, error) in zip(COLOURS, report.products.items(), strict=False):
            axes.semilogx(error.second, 100 * error.raw, "o-", color=colour, label=name)
            axes.semilogx(error.second, 100 * error.compensated, "o--", color=colour)
        axes.set_xticks(list(HOURS.values()), list(HOURS), rotation=30)
        axes.minorticks_off()
        axes.set_xlabel("time since programming")
        axes.set_ylabel("error of a product [%]")
        axes.set_title("512 x 512 weights: raw (solid), compensated (dashed)")
        axes.legend()
        save(page, path)


def draw_neighbours(report: DeviceReport, path: Path) -> None:
    """Draw peak temperature and change of conductance of every cell during one write."""
    schemes = list(report.neighbours.items())
    with figure(len(schemes), 2, width=9.0, height=3.6 * len(schemes)) as (page, axes):
        for k, (scheme, result) in enumerate(schemes):
            heat, change = axes[2 * k], axes[2 * k + 1]
            shares = "V/2" if scheme == "half" else "V/3"
            picture = heat.imshow(result.peak_celsius, cmap="inferno", vmin=25.0, vmax=925.0)
            page.colorbar(picture, ax=heat, label="peak temperature [degree Celsius]")
            heat.set_title(f"{shares}: peak temperature")
            picture = change.imshow(100 * result.disturb, cmap="RdBu", vmin=-100.0, vmax=100.0)
            page.colorbar(picture, ax=change, label="change [%]")
            change.set_title(f"{shares}: change of conductance")
            for panel in (heat, change):
                panel.grid(visible=False)
                for axis in (panel.xaxis, panel.yaxis):
                    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
                panel.set_xlabel("bit line (column)")
                panel.set_ylabel("word line (row)")
                row, column = result.selected
                panel.plot(column, row, "s", markersize=11, fillstyle="none", color="#009E73")
        save(page, path)
