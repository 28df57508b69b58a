"""Figures of the periphery: a converter's errors and spectrum, an integrator, a whole column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from xbar_circuit.plots.style import COLOURS, figure, save, whole_ticks
from xbar_circuit.studies import ColumnReport, ConverterReport, ConverterYield
from xbar_circuit.studies.readout.integrator import IntegratorReport

__all__ = ["draw_column", "draw_converter", "draw_integrator", "draw_yield"]


def draw_converter(report: ConverterReport, path: Path) -> None:
    """Draw INL, DNL and the spectrum of the sine.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with figure(3, 1, height=7.5) as (page, (inl, dnl, spectrum)):
        codes = np.arange(1, report.inl_lsb.size + 1)
        inl.plot(codes, report.inl_lsb, color=COLOURS[0], drawstyle="steps-mid")
        some = np.isfinite(report.inl_lsb)
        if not some.all():  # lone thresholds have no line
            inl.plot(codes[some], report.inl_lsb[some], ".", color=COLOURS[0])
            lone = np.isfinite(report.dnl_lsb)
            dnl.plot(codes[:-1][lone], report.dnl_lsb[lone], ".", color=COLOURS[1])
        inl.set(ylabel="INL [LSB]", xlabel="code", title=f"{report.name}, {report.engine}")
        dnl.plot(codes[:-1], report.dnl_lsb, color=COLOURS[1], drawstyle="steps-mid")
        dnl.set(ylabel="DNL [LSB]", xlabel="code")
        for axes, values in ((inl, report.inl_lsb), (dnl, report.dnl_lsb)):
            size = float(np.nanmax(np.abs(values))) if values.size else 0.0
            axes.set_ylim(-max(1.15 * size, 0.1), max(1.15 * size, 0.1))
            axes.set_xlim(0, report.inl_lsb.size + 1)
        rate = np.linspace(0.0, 0.5, report.spectrum_db.size)
        lines = np.maximum(report.spectrum_db, -120.0)
        spectrum.plot(rate[1:], lines[1:], color=COLOURS[2], linewidth=0.8)
        spectrum.set(
            ylabel="power [dBc]",
            xlabel="frequency / sampling rate",
            ylim=(-120.0, 5.0),
            title=f"ENOB {report.enob:.2f}, SINAD {report.sinad_db:.1f} dB,"
            f" SFDR {report.sfdr_db:.1f} dB",
        )
        save(page, path)


def draw_column(report: ColumnReport, path: Path) -> None:
    """Draw a column's codes over the ideal dot product, and its error by cause.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with figure(2, 2, width=9.0, height=7.0) as (page, (codes, total, causes, bars)):
        ends = np.array([report.ideal_code.min(), report.ideal_code.max()])
        codes.plot(ends, ends, color="#8a949c", linewidth=1.0, label="ideal")
        codes.plot(report.ideal_code, report.code, ".", color=COLOURS[0], label="read out")
        codes.set(xlabel="ideal dot product [code]", ylabel="code", title=report.name)
        codes.legend()
        total.plot(report.ideal_code, report.total_error_lsb, ".", color=COLOURS[0], label="raw")
        total.plot(
            report.ideal_code,
            report.calibrated_error_lsb,
            ".",
            color=COLOURS[1],
            label="gain and offset calibrated",
        )
        total.set(xlabel="ideal dot product [code]", ylabel="error [LSB]", title="Whole error")
        total.legend()
        marks = "osv^Dx"  # of small errors that lie on one another
        for k, (cause, error) in enumerate(report.error_lsb.items()):
            causes.plot(
                report.ideal_code,
                error,
                marks[k % len(marks)],
                color=COLOURS[k % len(COLOURS)],
                markersize=5.0,
                fillstyle="none",
                label=cause,
            )
        causes.set(xlabel="ideal dot product [code]", ylabel="error [LSB]", title="By cause")
        causes.legend(fontsize=8, ncols=2, frameon=True, framealpha=0.8)
        left = float(np.sqrt(np.mean(report.calibrated_error_lsb**2)))
        names = [*report.error_lsb, "whole", "calibrated"]
        sizes = [*map(report.rms, report.error_lsb), report.rms(), left]
        colours = [*COLOURS[: len(report.error_lsb)], "#5b6770", "#8a949c"]
        bars.barh(names[::-1], sizes[::-1], color=colours[::-1])
        bars.set(xlabel="rms error [LSB]", title="Root mean square")
        for place, size in enumerate(sizes[::-1]):
            bars.annotate(
                f"{size:.3g}", (size, place), (4, 0), textcoords="offset points", va="center"
            )
        bars.margins(x=0.15)
        save(page, path)


def draw_integrator(report: IntegratorReport, path: Path) -> None:
    """Draw the held output over the column's current, and how far it is from a line.

    The line is that of least squares through the inner half of the swing.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    micro, volt = 1e6 * report.input_current, report.output_volt
    low, high = report.swing_low_volt, report.swing_high_volt
    inner = np.abs(volt - 0.5 * (low + high)) <= 0.25 * (high - low)
    line = np.polyfit(micro[inner], volt[inner], 1) if inner.sum() > 1 else np.zeros(2)
    with figure(1, 2, width=9.0, height=3.6) as (page, (held, away)):
        held.plot(micro, volt, "o-", color=COLOURS[0], markersize=3.0, label="held output")
        for end, label in ((low, "swing"), (high, None)):
            held.axhline(end, color="#8a949c", linewidth=1.0, linestyle="--", label=label)
        held.set(xlabel="column current [uA]", ylabel="output [V]", title=report.name)
        held.legend()
        away.plot(
            micro, 1e3 * (volt - np.polyval(line, micro)), "o-", color=COLOURS[1], markersize=3.0
        )
        away.set(xlabel="column current [uA]", ylabel="distance from a line [mV]", title="Bend")
        save(page, path)


def draw_yield(found: ConverterYield, path: Path) -> None:
    """Draw the INL and DNL of all samples with their spread, and the distribution of the worst.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with figure(2, 2, width=9.0, height=6.5) as (page, (inl, worst, dnl, enob)):
        for axes, values, first, label in (
            (inl, found.inl_lsb, 1, "INL [LSB]"),
            (dnl, found.dnl_lsb, 1, "DNL [LSB]"),
        ):
            codes = np.arange(first, first + values.shape[1])
            axes.plot(codes, values[:50].T, color="#b8c2ca", linewidth=0.5)
            sigma = np.nanstd(values, axis=0)
            axes.plot(codes, sigma, color=COLOURS[1], label="standard deviation")
            axes.plot(codes, -sigma, color=COLOURS[1])
            axes.set(xlabel="code", ylabel=label)
            axes.legend()
        inl.set_title(found.name)
        names = ("worst_inl_lsb", "INL"), ("worst_dnl_lsb", "DNL")
        for colour, (name, label) in zip(COLOURS, names, strict=False):
            values = np.sort(found.figures[name])
            share = 100.0 * np.arange(1, values.size + 1) / values.size
            worst.step(values, share, where="post", color=colour, label=label)
        worst.axvline(found.limit_lsb, color="#5b6770", linestyle="--", label="limit")
        worst.set(
            xlabel="largest magnitude [LSB]",
            ylabel="samples at most there [%]",
            title=f"Yield {100 * found.yield_share:.0f} % of {len(found.outcomes)}"
            f" (95 %: +/- {100 * found.yield_half_width:.0f} %)",
        )
        worst.legend()
        enob.hist(found.figures["enob"], bins=20, color=COLOURS[2])
        enob.xaxis.set_major_locator(MaxNLocator(4))
        whole_ticks(enob.yaxis)
        enob.set(xlabel="ENOB [bit]", ylabel="samples")
        save(page, path)
