"""DC figures of an amplifier on its column: transfer, swing, and both about other references."""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.netlist._loaded_column import Stimulus
from xbar_circuit.peripherals.amplifiers import TransimpedanceAmplifier
from xbar_circuit.spice import Alter, Analysis, Dc
from xbar_circuit.studies.readout._amplifier_bench import AmplifierBench

__all__ = ["dc_transfer", "over_common_mode", "swing_ends"]

_SWEEP_POINTS = 201
_STUCK = 0.2  # of the ideal gain: less is no amplifier
_COMMON_SHARE = 0.1  # of the pattern, about which a common mode's gain is taken
_FURTHEST = 6  # doublings of the overdrive in search of the swing's ends


def dc_transfer(bench: AmplifierBench, overdrive: float) -> dict[str, Any]:
    step = 2.0 * overdrive / (_SWEEP_POINTS - 1)
    sign = "-" if bench.amplifier.ideal_line[1] < 0.0 else ""
    names = [f"i({source.lower()})" for source in bench.supplies]
    plot = bench.run(
        "transfer",
        Stimulus(),
        [Dc(source="Vscale", start=-overdrive, stop=overdrive, step=step)],
        ["v(out)", "v(minus)", bench.sense, *names],
        measures=[
            f"{what} FIND {vector} AT={at}"
            for what, vector, at in (
                ("out_at_zero", "v(out)", 0),
                ("out_at_full_scale", "v(out)", 1),
                ("input_at_zero", "v(minus)", 0),
                ("input_at_full_scale", "v(minus)", 1),
                ("current_at_zero", bench.sense, 0),
                ("current_at_full_scale", bench.sense, 1),
                ("out_below", "v(out)", -0.1),
                ("out_above", "v(out)", 0.1),
                ("current_below", bench.sense, -0.1),
                ("current_above", bench.sense, 0.1),
                ("input_below", "v(minus)", -0.1),
                ("input_above", "v(minus)", 0.1),
                *((f"current_of_{name[2:-1]}", name, 0) for name in names),
            )
        ]
        + [
            f"gain_ohm PARAM='{sign}(out_above-out_below)/(current_above-current_below)'",
            "input_ohm PARAM='(input_above-input_below)/(current_above-current_below)'",
        ],
    )[0]
    scale = np.linspace(-overdrive, overdrive, _SWEEP_POINTS)
    out, minus, current = plot["v(out)"], plot["v(minus)"], plot[bench.sense]
    used = np.abs(scale) <= 1.0 + 1e-9
    middle = np.abs(scale) <= 0.1 + 1.5 * step
    if np.ptp(current[middle]) == 0.0:
        raise ParameterError.about(
            "pattern",
            got="no current in the column",
            expected="row voltages and conductances that make a full-scale current",
            remedy="choose another column or pattern",
        )
    ideal = bench.amplifier.ideal_line
    gain = np.sign(ideal[1]) * np.polyfit(current[middle], out[middle], 1)[0]
    if gain < _STUCK * abs(ideal[1]):
        raise ParameterError.about(
            "amplifier",
            got=f"an output that moves by {gain:.3g} V for each ampere of the column",
            expected=f"about {abs(ideal[1]):.3g} ohm",
            remedy="look at its ports (swapped inputs latch it), supplies, reference and load",
        )
    line = np.polyfit(current[used], out[used], 1)
    reference = bench.amplifier.reference_volt
    return {
        "gain": float(gain),
        "offset": float(np.interp(0.0, scale, out) - ideal[0]),
        "ground": float(np.abs(minus[used] - reference).max()),
        "input_ohm": float(np.polyfit(current[middle], minus[middle], 1)[0]),
        "bend": float(np.abs(out[used] - np.polyval(line, current[used])).max()),
        "full_scale_volt": float(np.interp(1.0, scale, out) - np.interp(0.0, scale, out)),
        "full_scale_ampere": float(abs(np.interp(1.0, scale, current))),
        "supply": {
            source: -float(np.interp(0.0, scale, plot[f"i({source.lower()})"]))
            for source in bench.supplies
        },
        "current": current,
        "out": out,
        "minus": minus,
    }


def swing_ends(
    bench: AmplifierBench, sweep: dict[str, Any], overdrive: float
) -> tuple[tuple[float, float], tuple[bool, bool]]:
    """Return the outputs at which the gain has fallen by 3 dB, and whether it has (low, high).

    The sweep goes on to twice the overdrive until both are found, or ngspice finds no point there.
    """
    current, out, reach = sweep["current"], sweep["out"], overdrive
    for _ in range(_FURTHEST):
        ends, found = _gain_falls(current, out, sweep["gain"])
        if all(found):
            break
        reach *= 2.0
        step = 2.0 * reach / (_SWEEP_POINTS - 1)
        further = Dc(source="Vscale", start=-reach, stop=reach, step=step)
        try:
            plot = bench.run(
                "swing",
                Stimulus(),
                [further],
                ["v(out)", bench.sense],
                measures=["least MIN v(out)", "most MAX v(out)"],
            )[0]
        except ConvergenceError:
            break
        current, out = plot[bench.sense], plot["v(out)"]
    low, high = sorted(zip(ends, found, strict=True))
    return (low[0], high[0]), (low[1], high[1])


def _gain_falls(
    current: FloatArray, out: FloatArray, gain: float
) -> tuple[tuple[float, float], tuple[bool, bool]]:
    """Return the outputs at which the gain has fallen by 3 dB on both sides, or the ends."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a current that no longer moves
        slope = np.gradient(out, current)
    good = np.abs(slope) >= abs(gain) / np.sqrt(2.0)
    centre = out.size // 2
    below, above = ~good[centre::-1], ~good[centre:]
    first = centre - int(np.argmax(below)) if below.any() else 0
    last = centre + int(np.argmax(above)) if above.any() else out.size - 1
    return (float(out[first]), float(out[last])), (bool(below.any()), bool(above.any()))


def over_common_mode(bench: AmplifierBench, volts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gain [ohm] and offset [V] about other references; NaN where ngspice finds no point."""
    if volts.size == 0:
        return volts, volts
    sweep = Dc(source="Vscale", start=-_COMMON_SHARE, stop=_COMMON_SHARE, step=_COMMON_SHARE)
    analyses: list[Analysis] = []
    for volt in volts:
        analyses += [Alter(source="Vreference", value=float(volt)), sweep]
    start, slope = bench.amplifier.ideal_line
    follows = isinstance(bench.amplifier, TransimpedanceAmplifier)
    try:
        plots = bench.run(
            "common-mode",
            Stimulus(),
            analyses,
            ["v(out)", bench.sense],
            measures=["out_at_zero FIND v(out) AT=0"],
        )
    except ConvergenceError:
        unknown = np.full(volts.size, np.nan)
        return unknown, unknown
    gains, offsets = [], []
    for volt, plot in zip(volts, plots, strict=True):
        gains.append(np.sign(slope) * np.polyfit(plot[bench.sense], plot["v(out)"], 1)[0])
        offsets.append(plot["v(out)"][1] - (volt if follows else start))
    return np.array(gains), np.array(offsets)
