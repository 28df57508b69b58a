"""One amplifier on one column, measured once.

Everything is measured by ngspice on one testbench with the array itself as the load: a DC sweep,
the input's impedance, the loop gain by double injection, a step, an overdrive both ways, the noise,
and the sweep again about other references. The loop is looked at first: an amplifier that
oscillates has no settling time, and a search for one would not end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ConvergenceError, ParameterError
from xbar_circuit.netlist._loaded_column import Stimulus
from xbar_circuit.peripherals.amplifiers import CurrentConveyor, TransimpedanceAmplifier
from xbar_circuit.spice import Ac, Alter, Analysis, Dc, Noise, Tran
from xbar_circuit.studies.readout._amplifier_bench import AmplifierBench
from xbar_circuit.studies.readout.amplifier_report import AmplifierReport
from xbar_circuit.units import engineering, spice_number

__all__ = ["measure_amplifier"]

_SWEEP_POINTS = 201
_STUCK = 0.2  # of the ideal gain: less is no amplifier
_COMMON_SHARE = 0.1  # of the pattern, about which a common mode's gain is taken
_LOWEST = "input_at_the_lowest_frequency FIND vm(minus) AT=100"
_DRIVEN = "driven_at_the_lowest_frequency FIND vm(driven) AT=100"
_FURTHEST = 6  # doublings of the overdrive in search of the swing's ends


def measure_amplifier(
    bench: AmplifierBench,
    *,
    bits: int,
    noise_hertz: tuple[float, float],
    overdrive: float,
    common_volt: FloatArray,
    name: str,
) -> AmplifierReport:
    """Return the report of one bench.

    Raises
    ------
    ParameterError
        No current flows, the output does not follow it, or the loop is unstable.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    amplifier = bench.amplifier
    sweep = _dc(bench, overdrive)
    hertz, impedance, loop = _ac(bench)
    if loop[0].real < -1.0:
        raise ParameterError.about(
            "amplifier",
            got=f"a loop gain of {loop[0].real:.4g} at DC: it feeds back with the wrong sign",
            expected="a positive one",
            remedy="look at the order of its ports: plus and minus may be swapped",
        )
    crossing = _crossing(hertz, loop)
    if crossing[1] < 0.0:
        raise ParameterError.about(
            "amplifier",
            got=f"a phase margin of {crossing[1]:.1f} degrees, its loop crossing one at"
            f" {engineering(crossing[0], 'Hz')}: it oscillates on this column",
            expected="a positive one; what follows in time is not measured",
            remedy="compensate it, or give feedback_farad",
        )
    array_error = bench.array_error(crossing[0] if np.isfinite(crossing[0]) else 1e9)
    swing = _swing(bench, sweep, overdrive)
    limit = abs(sweep["full_scale_volt"]) / 2.0 ** (bits + 1)
    seconds, step, settling = _step(bench, limit, crossing[0])
    change = step[-1] - step[0]
    beyond = float(np.max((step - step[-1]) * np.sign(change)))
    noise = _noise(bench, noise_hertz)
    common_gain, common_offset = _common_mode(bench, common_volt)
    slew = _slew(bench, overdrive, seconds[-1])
    power = sum(volt * sweep["supply"][source] for source, volt in bench.supplies.items())
    return AmplifierReport(
        name=name,
        gain_ohm=sweep["gain"],
        gain_error=sweep["gain"] / abs(amplifier.ideal_line[1]) - 1.0,
        offset_volt=sweep["offset"],
        virtual_ground_volt=sweep["ground"],
        input_ohm=sweep["input_ohm"],
        nonlinearity_volt=sweep["bend"],
        swing_low_volt=swing[0][0],
        swing_high_volt=swing[0][1],
        swing_found=swing[1],
        loop_gain=float(abs(loop[0])),
        unity_loop_hertz=crossing[0],
        phase_margin_degree=crossing[1],
        settling_second=settling,
        settling_bits=bits,
        overshoot=beyond / abs(change) if change != 0.0 else 0.0,
        slew_volt_per_second=min(slew),
        slew_rise_volt_per_second=slew[0],
        slew_fall_volt_per_second=slew[1],
        noise_volt=noise,
        noise_ampere=noise / sweep["gain"],
        supply_ampere=sum(current for current in sweep["supply"].values() if current > 0.0),
        power_watt=power,
        energy_joule=power * amplifier.settle_second,
        window_second=amplifier.settle_second,
        array_error=array_error,
        solved=dict(bench.solved),
        input_current=sweep["current"],
        output_volt=sweep["out"],
        input_volt=sweep["minus"],
        hertz=hertz,
        input_impedance=impedance,
        loop=loop,
        seconds=seconds,
        step_volt=step,
        full_scale_ampere=sweep["full_scale_ampere"],
        common_volt=common_volt,
        common_gain_ohm=common_gain,
        common_offset_volt=common_offset,
    )


def _dc(bench: AmplifierBench, overdrive: float) -> dict[str, Any]:
    step = 2.0 * overdrive / (_SWEEP_POINTS - 1)
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
                *((f"current_of_{name[2:-1]}", name, 0) for name in names),
            )
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


def _swing(
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


def _ac(bench: AmplifierBench) -> tuple[FloatArray, NDArray[np.complex128], NDArray[np.complex128]]:
    """Return frequency, the amplifier's input impedance and the loop gain."""
    analysis = Ac(start_hertz=1e2, stop_hertz=1e11, points=20)
    wanted = ["v(minus)", "v(driven)", "v(out)", "i(vprobe)", bench.sense]
    into = bench.run(
        "impedance", Stimulus(test_current="DC 0 AC 1"), [analysis], wanted, measures=[_LOWEST]
    )[0]
    impedance = into["v(minus)"] / (1.0 + into[bench.sense])
    if isinstance(bench.amplifier, CurrentConveyor):
        unknown = np.full(impedance.size, np.nan, dtype=np.complex128)
        return into.scale, impedance.astype(np.complex128), unknown
    by_volt, by_current = (
        bench.run(f"loop-{what}", stimulus, [analysis], wanted, measures=[_DRIVEN])[0]
        for what, stimulus in (
            ("voltage", Stimulus(voltage_probe="DC 0 AC 1")),
            ("current", Stimulus(current_probe="DC 0 AC 1")),
        )
    )
    tv = -by_volt["v(driven)"] / by_volt["v(out)"]
    own = by_current["i(vprobe)"]
    # T = (Tv Ti - 1) / (Tv + Ti + 2) with Ti = -own / (own + 1), multiplied out
    loop = (-tv * own - own - 1.0) / ((tv + 2.0) * (own + 1.0) - own)
    hertz: FloatArray = into.scale
    return hertz, impedance.astype(np.complex128), loop.astype(np.complex128)


def _crossing(hertz: FloatArray, loop: NDArray[np.complex128]) -> tuple[float, float]:
    """Return where the loop gain falls through one, and the phase margin there."""
    if not np.isfinite(loop).all():
        return float("nan"), float("nan")
    size = np.log10(np.abs(loop))
    falls = np.flatnonzero((size[:-1] >= 0.0) & (size[1:] < 0.0))
    if falls.size == 0:
        return float("nan"), float("nan")
    k = int(falls[-1])
    part = size[k] / (size[k] - size[k + 1])
    phase = np.degrees(np.unwrap(np.angle(loop)))
    at = 10.0 ** (np.log10(hertz[k]) + part * np.log10(hertz[k + 1] / hertz[k]))
    return float(at), float(180.0 + phase[k] + part * (phase[k + 1] - phase[k]))


def _step(
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
    cards = [f"final FIND v(out) AT={spice_number(seconds[-1])}"]
    for name, edge in (("above", end + limit), ("below", end - limit)):
        if (out.min() < edge < out.max()) and end != edge:
            cards.append(f"settled_from_{name} WHEN v(out)={spice_number(edge)} CROSS=LAST")
    return cards


def _slew(bench: AmplifierBench, overdrive: float, length: float) -> tuple[float, float]:
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
        measures=["swing PP v(out)"],
    )[0]
    slopes = []
    for half in (plot.scale <= length, plot.scale > length):
        seconds, out = plot.scale[half], plot["v(out)"][half]
        low, high = float(out.min()), float(out.max())
        inside = (out > low + 0.2 * (high - low)) & (out < high - 0.2 * (high - low))
        slope = np.gradient(out, seconds) * np.sign(out[-1] - out[0])
        slopes.append(
            (out[-1] > out[0], float(slope[inside].max() if inside.any() else slope.max()))
        )
    rising = [slope for rises, slope in slopes if rises]
    falling = [slope for rises, slope in slopes if not rises]
    return max(rising, default=float("nan")), max(falling, default=float("nan"))


def _noise(bench: AmplifierBench, band: tuple[float, float]) -> float:
    low, high = band
    analysis = Noise(output="v(out)", source="Vscale", start_hertz=low, stop_hertz=high, points=20)
    stimulus = Stimulus(scale="DC 0 AC 1")
    plot = bench.run("noise", stimulus, [analysis], ["onoise_spectrum"])[0]
    density = np.abs(plot["onoise_spectrum"])
    return float(np.sqrt(np.trapezoid(density**2, plot.scale)))


def _common_mode(bench: AmplifierBench, volts: FloatArray) -> tuple[FloatArray, FloatArray]:
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
