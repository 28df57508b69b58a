"""Figures of amplifiers and sense amplifiers: curves, and how they spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies import AmplifierReport, SenseAmplifierReport

__all__ = ["draw_amplifier", "draw_sense_amplifier", "draw_spread"]

_GREY = "#5b6875"
_SPREAD = (
    ("offset_volt", "offset [mV]", 1e3),
    ("gain_error", "gain error [%]", 1e2),
    ("input_ohm", "input resistance [ohm]", 1.0),
    ("phase_margin_degree", "phase margin [degree]", 1.0),
    ("settling_second", "settling [ns]", 1e9),
    ("noise_volt", "output noise [mV]", 1e3),
)


def draw_amplifier(report: AmplifierReport, path: Path) -> None:
    """Draw DC transfer, common mode, loop gain, input, virtual ground and step.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with figure(2, 3, width=13.0, height=6.8) as (page, axes):
        transfer, common, loop, impedance, ground, step = axes
        micro = report.input_current * 1e6
        transfer.plot(micro, report.output_volt, color=COLOURS[0], label="output")
        transfer.plot(micro, report.input_volt, color=COLOURS[1], label="bit line")
        transfer.set(xlabel="column current [uA]", ylabel="voltage [V]", title="DC transfer")
        transfer.legend()
        _common_mode(report, common)
        shown = (report.hertz > 1e3) & (report.hertz < 3e10)
        hertz = report.hertz[shown]
        _loop(report, loop)
        impedance.loglog(hertz, np.abs(report.input_impedance[shown]), color=COLOURS[2])
        impedance.set(
            xlabel="frequency [Hz]", ylabel="ohm", title="Input impedance of the amplifier"
        )
        ground.loglog(hertz, 1e3 * report.ground_error_volt[shown], color=COLOURS[1])
        ground.set(
            xlabel="frequency [Hz]",
            ylabel="mV at full scale",
            title="Virtual-ground error",
        )
        step.plot(report.seconds * 1e9, report.step_volt, color=COLOURS[0])
        step.axvline(report.settling_second * 1e9, color=COLOURS[1], linestyle="--")
        step.set(
            xlabel="time [ns]",
            ylabel="output [V]",
            xlim=(0.0, min(4e9 * report.settling_second or 1.0, 1e9 * report.seconds[-1])),
            title=f"Settles to {report.settling_bits} bits in"
            f" {report.settling_second * 1e9:.2f} ns",
        )
        save(page, path)


def _common_mode(report: AmplifierReport, axes: Axes) -> None:
    axes.plot(report.common_volt, 1e3 * report.common_offset_volt, "o-", color=COLOURS[0])
    axes.set(
        xlabel="reference of array and amplifier [V]",
        ylabel="offset [mV]",
        title="Over common mode",
    )
    gain = axes.twinx()
    ideal = report.gain_ohm / (1.0 + report.gain_error)
    errors = 100.0 * (report.common_gain_ohm / ideal - 1.0)
    gain.plot(report.common_volt, errors, "s--", color=COLOURS[1])
    finite = errors[np.isfinite(errors)]
    if finite.size and np.ptp(finite) < 1e-3:
        gain.set_ylim(finite.mean() - 0.1, finite.mean() + 0.1)
    gain.set_ylabel("gain error [%] (dashed)")
    gain.grid(visible=False)


def _loop(report: AmplifierReport, axes: Axes) -> None:
    shown = (report.hertz > 1e3) & (report.hertz < 3e10)
    hertz, loop = report.hertz[shown], report.loop[shown]
    axes.set(xlabel="frequency [Hz]", ylabel="loop gain [dB]")
    if not np.isfinite(loop).all():
        axes.set(title="Loop inside the circuit", xticks=[], yticks=[])
        return
    axes.semilogx(hertz, 20 * np.log10(np.abs(loop)), color=COLOURS[0])
    axes.axhline(0.0, color=_GREY, linewidth=0.8)
    axes.set_title(f"Phase margin {report.phase_margin_degree:.0f} degrees")
    phase = axes.twinx()
    phase.semilogx(hertz, np.degrees(np.unwrap(np.angle(loop))), color=COLOURS[1], linestyle="--")
    phase.set_ylabel("phase [degree] (dashed)")
    phase.grid(visible=False)


def draw_spread(report: AmplifierReport, path: Path) -> None:
    """Draw figures of merit at every variation, by corner and temperature.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    groups: dict[str, list[dict[str, float]]] = {}
    for variation in report.variations:
        rails = "".join(f" {port} {volt:g} V" for port, volt in variation.supplies.items())
        label = f"{variation.corner} {variation.celsius:g} C{rails}".strip()
        groups.setdefault(label, [])
        if variation.merits is not None:
            groups[label].append(variation.merits)
    with figure(2, 3, width=13.0, height=6.0) as (page, panels):
        for axes, (merit, label, scale) in zip(panels, _SPREAD, strict=True):
            for place, found in enumerate(groups.values()):
                values = scale * np.array([merits[merit] for merits in found], dtype=np.float64)
                width = 0.25 if values.size > 1 else 0.0
                spread = place + width * np.linspace(-1.0, 1.0, max(values.size, 1))[: values.size]
                colour = COLOURS[place % len(COLOURS)]
                axes.plot(spread, values, ".", color=colour)
                if values.size > 1:
                    axes.plot([place - 0.35, place + 0.35], [values.mean()] * 2, "-", color=colour)
            axes.axhline(scale * report.merits[merit], color=_GREY, linewidth=0.8, linestyle=":")
            axes.set_xticks(range(len(groups)), list(groups), rotation=30 if len(groups) > 4 else 0)
            axes.set(ylabel=label, xlim=(-0.6, len(groups) - 0.4))
        panels[0].set_title("Dotted: nominal; bar: mean")
        save(page, path)


def draw_sense_amplifier(report: SenseAmplifierReport, path: Path) -> None:
    """Draw the offset distribution, the decision time, and errors against margin.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with figure(1, 3, width=13.0, height=3.8) as (page, (offsets, times, errors)):
        found = np.sort(report.offsets_volt[np.isfinite(report.offsets_volt)]) * 1e3
        share = (np.arange(found.size) + 0.5) / found.size
        offsets.plot(found, share, ".", color=COLOURS[0], label="samples")
        mean, sigma = 1e3 * report.offset_mean_volt, 1e3 * report.offset_sigma_volt
        at = np.linspace(mean - 3.5 * sigma, mean + 3.5 * sigma, 101)
        curve = np.cumsum(np.exp(-0.5 * ((at - mean) / sigma) ** 2)) if sigma > 0.0 else at * 0.0
        if sigma > 0.0:
            offsets.plot(at, curve / curve[-1], color=COLOURS[1], label="normal")
        offsets.set(
            xlabel="offset [mV]",
            ylabel="share of samples below",
            title=f"Offset {mean:.2g} mV, sigma {sigma:.3g} mV",
        )
        offsets.legend()
        for colour, (label, second) in zip(
            COLOURS,
            [
                ("nominal", report.decision_second),
                *((c.name, c.decision_second) for c in report.conditions),
            ],
            strict=False,
        ):
            times.semilogx(
                1e3 * report.decision_volt, 1e12 * second, "o-", color=colour, label=label
            )
        times.set(
            xlabel="input beyond the threshold [mV]",
            ylabel="decision time [ps]",
            title="Decision time",
        )
        if report.conditions:
            times.legend(fontsize=8)
        margin = 1e3 * report.margin_volt
        errors.semilogy(
            margin, np.where(report.error_rate > 0.0, report.error_rate, np.nan), "o",
            color=COLOURS[0], label="samples",
        )  # fmt: skip
        errors.semilogy(
            margin, np.maximum(report.error_rate_normal, 1e-12), color=COLOURS[1], label="normal"
        )
        errors.set(xlabel="margin [mV]", ylabel="share of wrong decisions", title="Error rate")
        errors.legend()
        save(page, path)
