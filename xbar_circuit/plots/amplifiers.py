"""Figures of amplifiers and sense amplifiers: curves, and how they spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from xbar_circuit.plots._confidence import percent_bars
from xbar_circuit.plots.style import COLOURS, figure, save
from xbar_circuit.studies import AmplifierReport, SenseAmplifierReport
from xbar_circuit.units import engineering

__all__ = ["draw_amplifier", "draw_sense_amplifier", "draw_spread"]

_GREY = "#5b6875"
_EVEN = 1e-6  # relative: smaller differences are a simulator's rounding
_UNSEEN_DECIBEL = 200.0  # of a supply that does nothing but by rounding
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
        transfer, common, loop, impedance, step, settling = axes
        micro = report.input_current * 1e6
        transfer.plot(micro, report.output_volt, color=COLOURS[0], label="output")
        transfer.plot(micro, report.input_volt, color=COLOURS[1], label="bit line")
        transfer.set(xlabel="column current [uA]", ylabel="voltage [V]", title="DC transfer")
        transfer.legend()
        _common_mode(report, common)
        _loop(report, loop)
        _input(report, impedance)
        _step(report, step, settling)
        save(page, path)


def _input(report: AmplifierReport, axes: Axes) -> None:
    """Draw the input impedance, and on the right what it means at full scale."""
    shown = (report.hertz > 1e3) & (report.hertz < 3e10)
    ohm = np.abs(report.input_impedance[shown])
    axes.loglog(report.hertz[shown], ohm, color=COLOURS[2])
    if np.ptp(ohm) < _EVEN * ohm.max():
        axes.set_ylim(ohm.max() / 10.0, ohm.max() * 10.0)
    axes.set(xlabel="frequency [Hz]", ylabel="input impedance [ohm]", title="Input and bit line")
    ground = axes.twinx()
    ground.set_yscale("log")
    ground.set_ylim(*(1e3 * report.full_scale_ampere * end for end in axes.get_ylim()))
    ground.set_ylabel("bit line's error at full scale [mV]")
    ground.grid(visible=False)


def _step(report: AmplifierReport, step: Axes, settling: Axes) -> None:
    """Draw the step, and its distance from the end with the band of half an LSB."""
    nano, last = report.seconds * 1e9, 1e9 * report.seconds[-1]
    settled = report.settling_second * 1e9
    step.plot(nano, report.step_volt, color=COLOURS[0])
    step.axvline(settled, color=COLOURS[1], linestyle="--", label="settled")
    end = min(4.0 * settled or 1.0, last)
    step.set(xlabel="time [ns]", ylabel="output [V]", xlim=(0.0, end), title="Step to full scale")
    step.legend()
    change = abs(report.step_volt[-1] - report.step_volt[0])
    band = change / 2.0 ** (report.settling_bits + 1)
    away = np.abs(report.step_volt - report.step_volt[-1])
    settling.semilogy(nano, 1e3 * np.maximum(away, 1e-3 * band), color=COLOURS[0])
    settling.axhspan(1e-6 * band, 1e3 * band, color=COLOURS[2], alpha=0.15)
    settling.axhline(1e3 * band, color=COLOURS[2], linewidth=1.0, label="half an LSB")
    settling.axvline(settled, color=COLOURS[1], linestyle="--")
    settling.set(
        xlabel="time [ns]",
        ylabel="distance from the end [mV]",
        xlim=(0.0, end),
        ylim=(10.0 * band, max(2e3 * change, 2e4 * band)),
        title=f"Settles to {report.settling_bits} bits in {settled:.2f} ns",
    )
    settling.legend()


def _common_mode(report: AmplifierReport, axes: Axes) -> None:
    offsets = 1e3 * report.common_offset_volt
    axes.plot(report.common_volt, offsets, "o-", color=COLOURS[0])
    known = offsets[np.isfinite(offsets)]
    if known.size and np.ptp(known) < 1e-3:
        axes.set_ylim(known.mean() - 0.1, known.mean() + 0.1)
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
    """Draw the loop gain with its margin; of a loop inside the circuit the supplies' rejection."""
    shown = (report.hertz > 1e3) & (report.hertz < 3e10)
    hertz, loop = report.hertz[shown], report.loop[shown]
    if not np.isfinite(loop).all():
        _rejection(report, axes)
        return
    axes.semilogx(hertz, 20 * np.log10(np.abs(loop)), color=COLOURS[0])
    axes.axhline(0.0, color=_GREY, linewidth=0.8)
    axes.set(xlabel="frequency [Hz]", ylabel="loop gain [dB]")
    degrees = np.degrees(np.unwrap(np.angle(loop)))
    phase = axes.twinx()
    phase.semilogx(hertz, degrees, color=COLOURS[1], linestyle="--")
    phase.set_ylabel("phase of the loop [degree] (dashed)")
    phase.grid(visible=False)
    unity, margin = report.unity_loop_hertz, report.phase_margin_degree
    if not np.isfinite(unity):
        axes.set_title("Loop gain above one up to 100 GHz, or never")
        return
    axes.axvline(unity, color=_GREY, linewidth=0.8, linestyle=":")
    axes.plot([unity], [0.0], "o", color=COLOURS[0])
    phase.plot([unity], [margin - 180.0], "s", color=COLOURS[1])
    phase.vlines(unity, -180.0, margin - 180.0, color=COLOURS[1], linewidth=2.0)
    phase.axhline(-180.0, color=COLOURS[1], linewidth=0.6)
    axes.set_title(f"Phase margin {margin:.0f} degrees at {engineering(unity, 'Hz')}")


def _rejection(report: AmplifierReport, axes: Axes) -> None:
    """Draw the rejection of every supply; without any there is nothing to draw."""
    if not report.supply_gain:
        axes.remove()
        return
    shown = (report.hertz > 1e3) & (report.hertz < 3e10)
    for colour, (port, gain) in zip(COLOURS, report.supply_gain.items(), strict=False):
        decibel = -20.0 * np.log10(np.maximum(np.abs(gain[shown]), 1e-12))
        axes.semilogx(report.hertz[shown], decibel, color=colour, label=port)
    axes.set(xlabel="frequency [Hz]", ylabel="rejection at the output [dB]", title="Supplies")
    if axes.get_ylim()[0] > _UNSEEN_DECIBEL:
        axes.set(ylim=(0.0, 260.0), title="Supplies: no effect beyond rounding")
    axes.legend()


def draw_spread(report: AmplifierReport, path: Path) -> None:
    """Draw figures of merit at every variation, by corner and temperature.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    groups: dict[str, list[tuple[int, dict[str, float]]]] = {}
    for variation in report.variations:
        rails = "".join(f" {port} {volt:g} V" for port, volt in variation.supplies.items())
        label = f"{variation.corner} {variation.celsius:g} C{rails}".strip()
        groups.setdefault(label, [])
        if variation.merits is not None:
            groups[label].append((variation.sample, variation.merits))
    with figure(2, 3, width=13.0, height=6.0) as (page, panels):
        for axes, (merit, label, scale) in zip(panels, _SPREAD, strict=True):
            for place, found in enumerate(groups.values()):
                values = scale * np.array([merits[merit] for _, merits in found], dtype=np.float64)
                values[np.abs(values) < 1e-7] = 0.0  # rounding of the simulator
                width = 0.25 if values.size > 1 else 0.0
                spread = place + width * np.linspace(-1.0, 1.0, max(values.size, 1))[: values.size]
                colour = COLOURS[place % len(COLOURS)]
                axes.plot(spread, values, ".", color=colour)
                if values.size > 1:
                    for k in {int(np.argmin(values)), int(np.argmax(values))}:
                        axes.annotate(
                            f"{found[k][0] if found[k][0] >= 0 else k}",
                            (spread[k], values[k]),
                            (4, 0),
                            textcoords="offset points",
                            fontsize=7,
                        )
                    axes.plot([place - 0.35, place + 0.35], [values.mean()] * 2, "-", color=colour)
            nominal = scale * report.merits[merit]
            if np.isnan(nominal):
                axes.set_axis_off()
                axes.text(0.5, 0.5, f"no {label.partition(' [')[0]}: there is no loop", ha="center")
                continue
            axes.axhline(
                0.0 if abs(nominal) < 1e-7 else nominal, color=_GREY, linewidth=0.8, linestyle=":"
            )
            names = [f"{label}\nn = {len(found)}" for label, found in groups.items()]
            axes.set_xticks(range(len(groups)), names, rotation=30 if len(groups) > 4 else 0)
            axes.set(ylabel=label, xlim=(-0.6, len(groups) - 0.4))
        panels[0].set_title("Dotted: nominal; bar: mean; numbers: samples")
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
            title=f"Offset {mean:.2g} mV, sigma {sigma:.3g} mV, n = {found.size}",
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
        seen = report.error_rate > 0.0
        rates = report.error_rate[seen]
        errors.errorbar(
            margin[seen],
            rates,
            0.01 * percent_bars(rates, found.size),
            fmt="o",
            capsize=2,
            color=COLOURS[0],
            label=f"{found.size} samples, 95 %",
        )
        errors.semilogy(
            margin, np.maximum(report.error_rate_normal, 1e-12), color=COLOURS[1], label="normal"
        )
        errors.set(xlabel="margin [mV]", ylabel="share of wrong decisions", title="Error rate")
        errors.legend(frameon=True, framealpha=0.8)
        save(page, path)
