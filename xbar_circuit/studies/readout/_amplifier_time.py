"""An amplifier on its column in time: settling of a step, and slew."""

from __future__ import annotations

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.netlist._loaded_column import Stimulus
from xbar_circuit.spice import Tran
from xbar_circuit.studies.readout._amplifier_bench import AmplifierBench
from xbar_circuit.units import spice_number

__all__ = ["slew_rates", "step_response"]


def step_response(
    bench: AmplifierBench, limit: float, unity_hertz: float
) -> tuple[FloatArray, FloatArray, float]:
    """Step from zero to the pattern; lengthen the record until it settled in its first half."""
    scale = 1.0 / (2.0 * np.pi * unity_hertz) if np.isfinite(unity_hertz) else 1e-9
    length = 40.0 * scale
    for _ in range(8):
        edge = length * 1e-5
        plot = bench.run(
            "step",
            Stimulus(scale=f"PWL(0 0 {spice_number(edge)} 1)"),
            [Tran(step_second=length / 2000, stop_second=length, max_step_second=length / 2000)],
            ["v(out)"],
        )[0]
        seconds, out = plot.scale, plot["v(out)"]
        outside = np.flatnonzero(np.abs(out - out[-1]) > limit)
        settled = float(seconds[min(outside[-1] + 1, seconds.size - 1)]) if outside.size else 0.0
        if settled < 0.5 * length:
            bench.measured("step", _settling_cards(seconds, out, limit))
            return seconds, out, settled
        length *= 4.0
    raise ConvergenceError(
        f"settling: got an output that still moves by more than {limit:g} V after {length / 4:g} s,"
        " expected it to settle; look at its phase margin"
    )


def _settling_cards(seconds: FloatArray, out: FloatArray, limit: float) -> list[str]:
    """Return the measurements of a step: its end, and when it last crosses either band's edge."""
    end = float(out[-1])
    # at the very end, rounding may put it outside of what ngspice has
    last = (1.0 - 1e-9) * seconds[-1]
    cards = [
        f"final FIND v(out) AT={spice_number(last)}",
        "lowest MIN v(out)",
        "highest MAX v(out)",
    ]
    for name, edge in (("above", end + limit), ("below", end - limit)):
        if (out.min() < edge < out.max()) and end != edge:
            cards.append(f"settled_from_{name} WHEN v(out)={spice_number(edge)} CROSS=LAST")
    return cards


def slew_rates(bench: AmplifierBench, overdrive: float, length: float) -> tuple[float, float]:
    """Return the largest slopes of the output, rising and falling [V/s]."""
    edge = length * 1e-4
    points = [
        (0.0, -overdrive),
        (edge, overdrive),
        (length, overdrive),
        (length + edge, -overdrive),
    ]
    shape = " ".join(f"{spice_number(t)} {spice_number(v)}" for t, v in points)
    step = length / 1000
    plot = bench.run(
        "slew",
        Stimulus(scale=f"PWL({shape})"),
        [Tran(step_second=step, stop_second=2.0 * length, max_step_second=step)],
        ["v(out)"],
    )[0]
    slopes, cards = [], ["swing PP v(out)"]
    for half in (plot.scale <= length, plot.scale > length):
        seconds, out = plot.scale[half], plot["v(out)"][half]
        low, high = float(out.min()), float(out.max())
        inside = (out > low + 0.2 * (high - low)) & (out < high - 0.2 * (high - low))
        slope = np.gradient(out, seconds) * np.sign(out[-1] - out[0])
        steepest = int(np.argmax(np.where(inside, slope, -np.inf) if inside.any() else slope))
        slopes.append((out[-1] > out[0], float(slope[steepest])))
        way = "rise" if out[-1] > out[0] else "fall"
        around = [max(steepest - 1, 0), min(steepest + 1, seconds.size - 1)]
        before, after = (float(seconds[k]) for k in around)
        cards += [
            f"{way}_before FIND v(out) AT={spice_number(before)}",
            f"{way}_after FIND v(out) AT={spice_number(after)}",
            f"slew_{way} PARAM='abs({way}_after-{way}_before)/{spice_number(after - before)}'",
        ]
    bench.measured("slew", cards)
    rising = [slope for rises, slope in slopes if rises]
    falling = [slope for rises, slope in slopes if not rises]
    return max(rising, default=float("nan")), max(falling, default=float("nan"))
